import Glibc
import JobContract

extension AgentPlace {
    /// What the agent of this place has taken and not been released of, and whether that has ended; read beside the
    /// agent, which may run at the same time. Throws when the journal cannot be read whole.
    func heldOrders() throws(AgentRefusal) -> [AttemptNumber: (order: AgentOrder, hasEnded: Bool)] {
        guard access(journal, F_OK) == 0 else { return [:] }
        guard let bytes = Files.read(journal, limit: 1 << 30) else { throw Files.refusal("read \(journal)") }
        let text = JournalText(bytes)
        guard text.unreadable.isEmpty else {
            throw AgentRefusal(
                .agentFailed,
                "\(journal) has lines of another version of the agent, so that nobody can say what its attempts "
                    + "need; nothing is removed")
        }
        var held: [AttemptNumber: (order: AgentOrder, hasEnded: Bool)] = [:]
        for record in text.records {
            switch record {
            case .ordered(let order, _): held[order.attempt] = (order, false)
            case .released(let attempt): held[attempt] = nil
            case .ended(let attempt, _): held[attempt]?.hasEnded = true
            case .started, .acknowledged, .stopping: break
            }
        }
        return held
    }
}
