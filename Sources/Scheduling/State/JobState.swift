import JobContract
import SweepModel

/// A job as scheduling goes on, beside its description in the graph: short, for there may be a million.
struct JobState {
    enum Phase: Hashable {
        /// Measures of checkpoints that are not all recorded yet.
        case blocked
        /// Waiting for a host.
        case ready
        /// An attempt holds its lease.
        case leased
        /// All its units are recorded.
        case done
        /// Set aside.
        case failed
    }

    struct Fault: Hashable {
        let attempt: AttemptNumber
        let host: HostName
        let reason: String
    }

    /// What went wrong with a job so far.
    struct Troubles: Hashable {
        var faults: [Fault] = []
        /// Ends by hosts' faults since the job last got further, and what the last was.
        var hostFaults = 0
        var lastHostFault = ""
        /// Allocations that it had nearly all of, and that ended before it recorded anything.
        var filledAllocations = 0
        /// Killed once by a SIGKILL that was not ours: it needs twice the memory.
        var wasKilled = false
    }

    /// Most jobs never have any.
    private indirect enum KeptTroubles { case none, some(Troubles) }

    let isTraining: Bool
    /// The job's own, and more memory after a kill.
    var needs: JobNeeds
    var kind: ReadyQueues.Kind { .init(needs: needs, isTraining: isTraining) }
    /// `Training.cost` of what is left; 0 for measures.
    var cost: Double
    /// `Training.costPerStep`; 0 for measures.
    var costPerStep = 0.0
    var phase: Phase
    /// Milestones not recorded yet, ascending; empty for measures.
    var milestones: [Milestone] = []
    /// Measures not recorded yet; empty for trainings.
    var measures: [MeasureRequest] = []
    /// Attempts that hold the lease; more than one only while the others are being cancelled.
    var live: Set<AttemptNumber> = []
    private var keptTroubles = KeptTroubles.none
    /// Where the checkpoint already is.
    var preferredHost: HostName?
    var isQueued = false

    init(_ job: Job, phase: Phase) {
        needs = job.needs
        cost = 0
        self.phase = phase
        switch job.work {
        case .train(let milestones):
            isTraining = true
            self.milestones = milestones
        case .measure(_, _, let measures), .compare(_, _, _, let measures):
            isTraining = false
            self.measures = measures
        }
    }

    var troubles: Troubles {
        get { if case .some(let troubles) = keptTroubles { troubles } else { Troubles() } }
        set { keptTroubles = newValue == Troubles() ? .none : .some(newValue) }
    }

    var isOver: Bool { phase == .done || phase == .failed }
    var isComplete: Bool { milestones.isEmpty && measures.isEmpty }
    var hasFaults: Bool { troubles.hostFaults > 0 || !troubles.faults.isEmpty }

    /// Hosts on which it failed by itself; another is tried first where there is one.
    var faultyHosts: Set<HostName> { Set(troubles.faults.map(\.host)) }
}
