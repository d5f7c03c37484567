import JobContract
import Scheduling
import SweepModel

/// A sweep with what its jobs need resolved to files in the coordinator's store.
package struct PreparedSweep: Sendable {
    package var sweep: ExpandedSweep
    /// The prepared dataset file of each of its trainings.
    package var datasets: [TrainingID: Digest]
    /// The worker's argument vector, run in the attempt's directory on the host.
    package var command: [String]
    /// Files placed in that directory.
    package var uploads: [StartOrder.Upload]

    package init(
        sweep: ExpandedSweep, datasets: [TrainingID: Digest], command: [String],
        uploads: [StartOrder.Upload] = []
    ) {
        self.sweep = sweep
        self.datasets = datasets
        self.command = command
        self.uploads = uploads
    }
}

/// All that a run is about. Resuming is running with what the catalogue then holds.
package struct CoordinationConfiguration: Sendable {
    package var sweeps: [PreparedSweep]
    package var hosts: [HostSpec]
    package var holdings: Holdings
    /// Larger than the number of every attempt the catalogue knows.
    package var firstAttempt: AttemptNumber
    package var policy: SchedulingPolicy

    package init(
        sweeps: [PreparedSweep], hosts: [HostSpec], holdings: Holdings, firstAttempt: AttemptNumber,
        policy: SchedulingPolicy = SchedulingPolicy()
    ) {
        self.sweeps = sweeps
        self.hosts = hosts
        self.holdings = holdings
        self.firstAttempt = firstAttempt
        self.policy = policy
    }
}
