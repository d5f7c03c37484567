import JobContract
import SweepModel

extension AttemptEnd {
    init(_ end: AgentAttempt.End) {
        switch end {
        case .exited(let code): self = .exited(code: code)
        case .signalled(let signal): self = .signalled(signal: signal)
        case .stopped(let reason, let exit): self = .stopped(reason, exit: exit)
        case .vanished: self = .vanished
        case .neverStarted(let reason): self = .neverStarted(reason: reason)
        }
    }
}

extension HeldAttempt {
    init(_ attempt: AgentAttempt) {
        let state: State =
            switch attempt.state {
            case .backlog: .backlog
            case .running: .running
            case .ended(let end): .ended(AttemptEnd(end))
            }
        self.init(attempt: attempt.attempt, job: attempt.job, state: state)
    }
}

extension HostFacts {
    init(_ welcome: AgentWelcome) {
        self.init(
            machine: welcome.machine, boot: welcome.boot, cores: welcome.cores, memory: welcome.memory,
            cpu: welcome.cpu, free: welcome.free)
    }
}

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

extension AgentOrder {
    /// Throws what `AgentOrder` throws.
    init(_ order: StartOrder) throws {
        var uploads: [String: Digest] = [:]
        for upload in order.uploads { uploads[upload.name] = upload.digest }
        try self.init(
            description: order.description, spec: order.specText, command: order.command, uploads: uploads)
    }
}
