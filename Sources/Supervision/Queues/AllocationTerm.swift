import CPosix
import JobContract
import Synchronization

/// How long an agent's allocation goes on. Any thread may ask.
final class AllocationTerm: Sendable {
    /// The node's name; empty where the allocation is over.
    let node: String
    private let begunAt = posix_monotonic_seconds()
    /// Seconds from then until workers are asked to save.
    private let working: Double
    private let isLeavingNow = Atomic(false)

    /// The term of an allocation that begins now.
    /// - Parameter seconds: the allocation's time limit.
    init(node: String, seconds: Int) {
        self.node = node
        // Within the margin workers save, and the agent tells the coordinator what they said.
        let margin = min(120.0, max(25, Double(seconds) / 6))
        working = max(0, Double(seconds) - margin)
    }

    /// The term of an allocation that is over.
    init() {
        node = ""
        working = 0
        isLeavingNow.store(true, ordering: .relaxed)
    }

    /// Ends the term now.
    func leave() { isLeavingNow.store(true, ordering: .relaxed) }
    /// Whether the agent begins nothing more, and workers are asked to save.
    var isLeaving: Bool { isLeavingNow.load(ordering: .relaxed) || secondsByClock <= 0 }
    private var secondsByClock: Double { working - (posix_monotonic_seconds() - begunAt) }

    var loan: NodeLoan { NodeLoan(node: node, secondsLeft: isLeaving ? 0 : max(0, secondsByClock)) }
}
