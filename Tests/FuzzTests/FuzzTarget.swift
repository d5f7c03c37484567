import Foundation
import JobContract

/// One reader under attack.
struct FuzzTarget: Sendable {
    let name: String
    /// The longest input that is tried, in bytes.
    let longest: Int
    /// Inputs that the reader reads in real life.
    let seeds: @Sendable () throws -> [[UInt8]]
    /// Reads an input; traps where a promise does not hold.
    let run: @Sendable ([UInt8], FuzzScratch) -> Void
    /// How many of a hundred damaged copies of each seed the tests read.
    let damages: Int

    static let all =
        protocolTargets + conversationTargets + journalTargets + controlTargets + contractTargets + sweepTargets
        + fileTargets + catalogueTargets

    init(
        _ name: String, longest: Int = 4096, seeds: @escaping @Sendable () throws -> [[UInt8]], damages: Int = 100,
        run: @escaping @Sendable ([UInt8], FuzzScratch) -> Void
    ) {
        self.damages = damages
        self.name = name
        self.longest = longest
        self.seeds = seeds
        self.run = run
    }

    /// Makes a target of a reader of text.
    init(
        text name: String, longest: Int = 4096, seeds: @escaping @Sendable () throws -> [String],
        run: @escaping @Sendable (String) -> Void
    ) {
        self.init(
            name, longest: longest, seeds: { try seeds().map { Array($0.utf8) } },
            run: { bytes, _ in run(String(decoding: bytes, as: UTF8.self)) })
    }
}

/// A file in memory, for readers that take paths.
final class FuzzScratch: Sendable {
    private let descriptor: Int32
    private let path: String

    init() {
        var name = Array("/dev/shm/eigensweep-fuzz.XXXXXX".utf8CString)
        descriptor = mkstemp(&name)
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { remove() }

    /// Removes the file. Until then it has a name, for readers that follow no links.
    func remove() { unlink(path) }

    /// Writes this content, and returns the file's path until the next call.
    func file(_ bytes: [UInt8]) -> String {
        precondition(ftruncate(descriptor, 0) == 0 && pwrite(descriptor, bytes, bytes.count, 0) == bytes.count)
        return path
    }
}

/// Checks that a decoded value survives being written and read again.
func checkRoundTrip<Value: Codable & Equatable>(_ value: Value) {
    do {
        let again = try JSONText.decode(Value.self, from: try JSONEncoder().encode(value))
        precondition(again == value, "\(value) came back as \(again)")
    } catch {
        fatalError("\(value) does not come back: \(error)")
    }
}

func json(_ value: some Encodable) throws -> [UInt8] { Array(try JSONEncoder().encode(value)) }
