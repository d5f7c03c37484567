import JobContract
import SweepModel

/// An attempt whose end its host has not reported yet.
struct AttemptState {
    /// Whom it works for.
    enum Service: Hashable {
        /// A job of this run. With `isShared` other sweeps want some of its results too: they are recorded, and it goes on
        /// when nothing of this run needs it any more.
        case job(Int, isShared: Bool)
        /// Nothing that this run still wants.
        case noJob(isShared: Bool)
        /// Only sweeps that are not part of this run: left alone, and its events to the run that wants them.
        case others
        /// The scheduler itself, which looks whether the host can run the worker; what it said of itself.
        case probe(WorkerDescription?)
    }

    /// When it began, as this run knows; `isSeen` where the host said so as it happened, so that its length is known.
    struct Beginning: Hashable {
        let since: Instant
        let isSeen: Bool
    }

    /// How far it has come on its host.
    enum Phase: Hashable {
        /// The intent is durable; with `isHeld` the host has said that it has the order. With `isRevoked` the host was asked
        /// to give it back if it has not begun.
        case waiting(isHeld: Bool, isRevoked: Bool)
        case running(Beginning)
        /// Its host said on connecting that it is over; its last events and its end follow.
        case over(Beginning?)
    }

    enum CancelReason: Hashable {
        /// Someone asked, or its results are no longer needed.
        case unwanted
        /// It runs and says nothing.
        case hung(String)
    }

    struct Cancellation: Hashable {
        let reason: CancelReason
        /// When a host that answers was first asked to stop it.
        var sentAt: Instant?
    }

    /// What its worker said last, and what is to be made of it. The process may still be there.
    struct LastWord: Hashable {
        enum Meaning: Hashable {
            case plain
            /// The job cannot be done anywhere.
            case hopeless
            /// A file that it reads or left was missing or damaged on its host.
            case metDamage
        }
        let outcome: AttemptOutcome
        let meaning: Meaning
    }

    /// As much of its start as the catalogue knows.
    enum StartRecord: Hashable {
        case none
        /// That it runs.
        case bare
        /// What its worker said of itself when it started.
        case told
    }

    let record: AttemptRecord
    /// The host that holds it, by the name it has in this run.
    var host: HostName
    var service: Service
    /// What was ordered; nil for an attempt of an earlier coordinator.
    let assignment: Assignment?
    /// Seconds it was thought to take; nil where nothing is known.
    let predicted: Double?
    /// Memory and GPUs its job needs.
    let memory: Int?
    let gpus: Int
    /// When it was given to its host, or found there.
    let givenAt: Instant
    var phase = Phase.waiting(isHeld: false, isRevoked: false)
    var cancellation: Cancellation?
    var lastWord: LastWord?
    var startRecord = StartRecord.none
    /// False once the host was silent for too long: the job may then be given to another attempt.
    var holdsLease = true
    /// False once its worker proved to be another one or reported what it was not asked for.
    var isTrusted = true
    var endIsRecorded = false
    /// Why it is its GPU's fault if it fails, where the host says so.
    var gpuFault: String?
    /// Events up to this byte are committed.
    var committed = 0
    var heardAt: Instant
    var progress: WorkerEvent.Progress?

    init(
        record: AttemptRecord, host: HostName, service: Service, assignment: Assignment?, predicted: Double?,
        needs: JobNeeds, at now: Instant
    ) {
        self.record = record
        self.host = host
        self.service = service
        self.assignment = assignment
        self.predicted = predicted
        memory = needs.memory
        gpus = needs.gpus
        givenAt = now
        heardAt = now
    }

    var number: AttemptNumber { record.attempt }
    /// The job of this run that it serves.
    var job: Int? { if case .job(let index, _) = service { index } else { nil } }
    var isProbe: Bool { if case .probe = service { true } else { false } }
    var isForeign: Bool { if case .others = service { true } else { false } }
    var isShared: Bool {
        switch service {
        case .job(_, let isShared), .noJob(let isShared): isShared
        case .others, .probe: false
        }
    }
    var cancelling: CancelReason? { cancellation?.reason }
    var tally: HostState.Tally {
        HostState.Tally(
            all: 1, cancelling: cancellation == nil ? 0 : 1, ours: isForeign || isShared || isProbe ? 0 : 1)
    }

    /// Whether it has not begun, as far as is known.
    var waits: Bool { if case .waiting = phase { lastWord == nil } else { false } }
    /// Whether its host has not said that it has the order, or has not been asked since the coordinator started.
    var isUnanswered: Bool { if case .waiting(let isHeld, _) = phase { !isHeld } else { false } }
    var isInBacklog: Bool { if case .waiting(let isHeld, _) = phase { isHeld } else { false } }
    var isRevoked: Bool { if case .waiting(_, let isRevoked) = phase { isRevoked && lastWord == nil } else { false } }
    var isRunning: Bool { if case .running = phase { lastWord == nil } else { false } }
    var isOver: Bool { if case .over = phase { true } else { false } }
    var beginning: Beginning? {
        switch phase {
        case .waiting: nil
        case .running(let beginning): beginning
        case .over(let beginning): beginning
        }
    }
    /// Whether its job relies on it.
    var counts: Bool { holdsLease && cancellation == nil }
    /// Whether it may take up a host beside another attempt of its job.
    var mayRun: Bool { counts && lastWord == nil && !isOver }

    /// Its host has the order.
    mutating func isAccepted() {
        if case .waiting(isHeld: false, let isRevoked) = phase { phase = .waiting(isHeld: true, isRevoked: isRevoked) }
    }

    mutating func isToBeGivenBack() {
        if case .waiting(let isHeld, _) = phase { phase = .waiting(isHeld: isHeld, isRevoked: true) }
    }

    mutating func isFoundOver() { phase = .over(beginning) }

    mutating func begins(_ beginning: Beginning) {
        switch phase {
        case .waiting: phase = .running(beginning)
        case .over(nil): phase = .over(beginning)
        case .running, .over: break
        }
    }
}
