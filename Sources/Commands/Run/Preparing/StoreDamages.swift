import ContentStore
import RemoteHosts

/// Tells of every damaged file of the store once, wherever people look at the moment.
final class StoreDamages: Sendable {
    private let state = Locked<(count: Int, say: @Sendable (String) -> Void)>((0, { Terminal.note($0) }))

    /// How many were found.
    var count: Int { state.with { $0.count } }

    /// Tells `say` from now on.
    func tell(_ say: @escaping @Sendable (String) -> Void) { state.with { $0.say = say } }

    func add(_ damage: Damage) {
        state.with { $0.count += 1 }
        say("warning: \(damage)")
    }

    func say(_ words: String) { state.with { $0.say }(words) }
}
