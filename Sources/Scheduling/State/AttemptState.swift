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
    /// Seconds it was thought to take; nil where nothing is known.
    var predicted: Double?
    /// Memory its job needs.
    var memory: Int?
    /// When it was given to its host, or found there.
    let givenAt: Instant
    /// Whether it has not begun, as far as is known.
    var waits = true
    /// Its host was asked to give it back if it has not begun.
    var isRevoked = false
    /// Whether its beginning was seen in this run, so that it is known how long it runs.
    var beginningWasSeen = false
    /// Whether its worker said that it started.
    var saidStarted = false
    /// What a probe's worker said of itself.
    var described: WorkerDescription?
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
    /// A file that it reads or left was missing or damaged on its host.
    var metDamage = false
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

    init(
        record: AttemptRecord, host: HostName, job: Int?, assignment: Assignment?, predicted: Double?, memory: Int?,
        at now: Instant
    ) {
        self.record = record
        self.host = host
        self.job = job
        self.assignment = assignment
        self.predicted = predicted
        self.memory = memory
        givenAt = now
        lastWord = now
    }

    var number: AttemptNumber { record.attempt }
    var isProbe: Bool { record.kind == AttemptRecord.probe }
    var tally: HostState.Tally {
        HostState.Tally(
            all: 1, cancelling: cancelling == nil ? 0 : 1, ours: isForeign || servesOthers || isProbe ? 0 : 1)
    }
    var isRunning: Bool { if case .running = phase { verdict == nil } else { false } }
    var startedAt: Instant? { if case .running(let since) = phase { since } else { nil } }
    /// Whether its job relies on it.
    var counts: Bool { holdsLease && cancelling == nil }
    /// Whether it may take up a host beside another attempt of its job.
    var mayRun: Bool { counts && verdict == nil && !isOverThere }
}
