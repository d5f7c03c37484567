/// An attempt that a host knows of.
package struct HeldAttempt: Hashable, Sendable, Codable {
    package enum State: Hashable, Sendable, Codable {
        case backlog
        case running
        case ended(AttemptEnd)
    }
    package var attempt: AttemptNumber
    package var job: JobID
    package var state: State

    package init(attempt: AttemptNumber, job: JobID, state: State) {
        self.attempt = attempt
        self.job = job
        self.state = state
    }
}

/// What became of an attempt, as its host knows it.
package enum AttemptEnd: Hashable, Sendable, Codable {
    case exited(code: Int)
    /// The worker died of a signal that its agent did not send.
    case signalled(signal: Int)
    /// Its agent had asked it to stop, with SIGTERM and in the end with SIGKILL: why, and how it ended, as an exit code or
    /// minus a signal; nil where nobody saw, or where it waited and will not start.
    case stopped(StopReason, exit: Int?)
    /// The process is gone and nobody saw how: its agent died too.
    case vanished
    /// It was never started: its spawn failed, or its host was started again.
    case neverStarted(reason: String)

    /// The same of an attempt that was asked to stop for `reason`: how it ended is then of its agent's doing.
    package func asked(_ reason: StopReason?) -> AttemptEnd {
        guard let reason else { return self }
        switch self {
        case .exited(let code): return .stopped(reason, exit: code)
        case .signalled(let signal): return .stopped(reason, exit: -signal)
        case .vanished: return .stopped(reason, exit: nil)
        case .stopped, .neverStarted: return self
        }
    }
}

/// Why an agent asks a worker to stop.
package enum StopReason: String, Hashable, Sendable, Codable {
    /// The coordinator wants it no more.
    case cancelled
    /// The host's disk is nearly full.
    case noSpace = "no-space"
    /// The allocation in which it ran was about to end, or had ended.
    case hostLeft = "host-left"
    /// It broke the job contract; the event that says how stands in place of its own.
    case misbehaved
}
