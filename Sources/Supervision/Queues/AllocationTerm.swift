import CPosix
import JobContract
import Synchronization

/// How long the allocation goes on in which an agent runs. Any thread may ask.
final class AllocationTerm: Sendable {
    let node: String
    private let begunAt = posix_monotonic_seconds()
    /// Seconds until workers are asked to save.
    private let working: Double
    private let isLeavingNow = Atomic(false)

    /// - Parameter seconds: the allocation's time limit.
    init(node: String, seconds: Int) {
        self.node = node
        // Saving takes as long as the agent gives workers, and what they said is to be told.
        let margin = min(120.0, max(25, Double(seconds) / 6))
        working = max(0, Double(seconds) - margin)
    }

    /// Of an allocation that is over.
    init() {
        node = ""
        working = 0
        isLeavingNow.store(true, ordering: .relaxed)
    }

    func leave() { isLeavingNow.store(true, ordering: .relaxed) }
    var isLeaving: Bool { isLeavingNow.load(ordering: .relaxed) || secondsByClock <= 0 }
    private var secondsByClock: Double { working - (posix_monotonic_seconds() - begunAt) }

    var loan: NodeLoan { NodeLoan(node: node, secondsLeft: isLeaving ? 0 : max(0, secondsByClock)) }
}
