/// What an agent is for.
enum AgentRole {
    /// It stays on a host of the user's.
    case host
    /// It stays in an allocation of a queue, and ends before that does.
    case pilot(AllocationTerm)
    /// It tells what became of the attempts of an allocation that is over, begins nothing, and ends when a coordinator
    /// needs nothing of them any more.
    case collector

    /// How long the agent's allocation goes on; nil: it is in none.
    var term: AllocationTerm? {
        switch self {
        case .host: nil
        case .pilot(let term): term
        case .collector: AllocationTerm()
        }
    }
}
