import ContentStore
import Synchronization

/// Damage of stored files that no coordinator has heard of yet.
final class DamageNews: Sendable {
    private let words = Mutex<[String]>([])
    private static let most = 100

    func add(_ damage: Damage) {
        Files.say("eigensweep-agent: \(damage)")
        words.withLock { if $0.count < Self.most { $0.append("\(damage)") } }
    }

    func takeAll() -> [String] {
        words.withLock { words in
            defer { words = [] }
            return words
        }
    }
}
