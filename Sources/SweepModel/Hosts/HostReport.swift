import JobContract

/// What a host reports. Reports of one connection arrive in order.
package enum HostReport: Hashable, Sendable {
    /// The host answers: what it is and all the attempts it knows of this catalogue. Events of held attempts follow
    /// from the last acknowledged offset.
    case connected(HostFacts, held: [HeldAttempt])
    /// The connection is gone; the transport tries again by itself when the failure is transient.
    case disconnected(HostFailure)
    /// After the failure that was reported last, the next try to reach the host begins in so many seconds.
    case awaited(seconds: Double)
    /// The start order is durable on the host.
    case accepted(AttemptNumber)
    /// The attempt left the backlog and runs.
    case running(AttemptNumber)
    /// The order could not be taken; the attempt does not exist on the host.
    case refused(AttemptNumber, HostFailure)
    /// One durable event. Its files are already in the coordinator's store; a state that a later one of the attempt
    /// makes superfluous is left out. `end` is the offset to acknowledge.
    case event(AttemptNumber, WorkerEvent, end: Int)
    /// A recovery point whose state stays in the host's store: bringing it would take too much of the time until the
    /// next. Its event follows without the state.
    case stateKept(AttemptNumber, ResumePoint, bytes: Int)
    /// The latest progress; may be skipped or repeated.
    case progress(AttemptNumber, WorkerEvent.Progress)
    /// A file of the host's store was found damaged, in words; what needed it gets it again.
    case storeDamaged(String)
    /// A GPU of the host gets no attempts any more; that those failed was its fault.
    case gpuFailed(FailedGPU)
    /// How the allocation of this seat of a queue stands.
    case seat(SeatNews)
    /// The attempt is over and all its events were reported before.
    case ended(AttemptNumber, AttemptEnd, diagnostics: String)
}

/// How a seat's allocation stands. While its agent answers, the seat is `connected` as any host is.
package enum SeatNews: Hashable, Sendable {
    /// The seat has no allocation, and nothing is left of an earlier one. Words say why the last one was of no use; empty: it
    /// was of use, or there was none.
    case vacant(words: String)
    /// The allocation waits in the queue; the queue's number for it, and the queue's reason.
    case waiting(job: String, words: String)
    /// The allocation's agent has begun on a node, or has ended there and left something.
    case begun
    /// The queue did not take an allocation, in its words; another may be asked for in so many seconds.
    case refused(words: String, seconds: Double)
}
