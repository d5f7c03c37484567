import JobContract
import SweepModel

/// A job as scheduling goes on.
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

    let job: Job
    /// The job's own, and more memory after a kill.
    var needs: JobNeeds
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
    var faults: [Fault] = []
    /// Ends by hosts' faults since the job last got further, and what the last was.
    var hostFaults = 0
    var lastHostFault = ""
    /// Killed once by a SIGKILL that was not ours: it needs twice the memory.
    var wasKilled = false
    /// Where the checkpoint already is.
    var preferredHost: HostName?
    var isQueued = false

    init(job: Job, cost: Double, phase: Phase) {
        self.job = job
        needs = job.needs
        self.cost = cost
        self.phase = phase
        switch job.work {
        case .train(let milestones): self.milestones = milestones
        case .measure(_, _, let measures), .compare(_, _, _, let measures): self.measures = measures
        }
    }

    var isOver: Bool { phase == .done || phase == .failed }
    var isComplete: Bool { milestones.isEmpty && measures.isEmpty }
    var kind: String { job.work.kind }
    var isTraining: Bool { if case .train = job.work { true } else { false } }

    var hasFaults: Bool { hostFaults > 0 || !faults.isEmpty }

    /// Hosts on which it failed by itself; another is tried first where there is one.
    var faultyHosts: Set<HostName> { Set(faults.map(\.host)) }
}
