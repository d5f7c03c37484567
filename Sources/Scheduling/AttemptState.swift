import JobContract
import SweepModel

/// An attempt whose end its host has not reported yet.
struct AttemptState {
    enum Phase: Hashable {
        /// The intent is durable; the host has not answered, or has not been asked since the coordinator started.
        case intended
        case backlog
        case running(since: Instant)
    }

    enum CancelReason: Hashable {
        /// Someone asked, or its results are no longer needed.
        case unwanted
        /// It runs and says nothing.
        case hung(String)
    }

    let record: AttemptRecord
    /// The host that holds it, by the name it has in this run.
    var host: HostName
    /// The job it serves; nil when that is no longer wanted.
    let job: Int?
    /// Serves only sweeps that are not part of this run: left alone, and its events to the run that wants them.
    var isForeign = false
    /// Serves such sweeps too: what it finds is recorded, and it goes on when nothing of this run needs it any more.
    var servesOthers = false
    /// What was ordered; nil for an attempt of an earlier coordinator.
    let assignment: Assignment?
    var phase: Phase = .intended
    var cancelling: CancelReason?
    /// When a host that answers was first asked to stop it.
    var cancelSentAt: Instant?
    /// False once the host was silent for too long: the job may then be given to another attempt.
    var holdsLease = true
    /// The outcome its own last word implies; the process may still be there.
    var verdict: AttemptOutcome?
    /// The worker's own judgement that the job cannot be done anywhere.
    var isHopeless = false
    /// False once its worker proved to be another one or reported what it was not asked for.
    var isTrusted = true
    var endIsRecorded = false
    /// Its host said on connecting that it is over; its last events and its end follow.
    var isOverThere = false
    var startIsRecorded = false
    /// Events up to this byte are committed.
    var committed = 0
    var lastWord: Instant
    var progress: WorkerEvent.Progress?

    var number: AttemptNumber { record.attempt }
    var isRunning: Bool { if case .running = phase { verdict == nil } else { false } }
    var startedAt: Instant? { if case .running(let since) = phase { since } else { nil } }
    /// Whether its job relies on it.
    var counts: Bool { holdsLease && cancelling == nil }
    /// Whether it may take up a host beside another attempt of its job.
    var mayRun: Bool { counts && verdict == nil && !isOverThere }
}
