import JobContract
import SweepModel

extension HostFailure {
    init(_ refusal: AgentRefusal, host: HostName) {
        let kind: Kind =
            switch refusal.kind {
            case .agentFailed: .agentFailed
            case .transferFailed: .transferFailed
            case .noSpace: .noSpace
            case .directory: .directory
            case .spawnFailed: .spawnFailed
            case .protocolViolation: .protocolViolation
            }
        self.init(kind, "\(host): \(refusal.message)")
    }
}
