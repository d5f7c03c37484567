import JobContract
import Scheduling
import SweepModel

/// A sweep with what its jobs need resolved to files in the coordinator's store.
package struct PreparedSweep: Sendable {
    package var sweep: ExpandedSweep
    /// The prepared dataset file of each of its trainings.
    package var datasets: [TrainingID: Digest]
    /// The worker's argument vector without its subcommand, run in the attempt's directory on the host.
    package var command: [String]
    /// Files placed in that directory.
    package var uploads: [StartOrder.Upload]
    /// What the worker says of itself here: hosts must not differ in what decides results. Nil asks for nothing.
    package var worker: WorkerDescription?
    /// Bytes of the weights that its worker's networks had so far; nil where there are none, or nobody looked.
    package var weights: Int?
    /// The worker that takes the measures which `sweep.borrowed` names, and trains those of the sweep's trainings that are
    /// named with it.
    package var measuring: Measuring?
    /// The program that does its worker's jobs on a GPU with the same bits; nil: there is none.
    package var onDevice: StartOrder.Upload?

    package struct Measuring: Sendable {
        package var command: [String]
        /// Files placed beside the others.
        package var uploads: [StartOrder.Upload]
        /// As `PreparedSweep.worker`.
        package var worker: WorkerDescription?

        package init(command: [String], uploads: [StartOrder.Upload], worker: WorkerDescription? = nil) {
            self.command = command
            self.uploads = uploads
            self.worker = worker
        }
    }

    package init(
        sweep: ExpandedSweep, datasets: [TrainingID: Digest], command: [String],
        uploads: [StartOrder.Upload] = [], worker: WorkerDescription? = nil, measuring: Measuring? = nil
    ) {
        self.sweep = sweep
        self.datasets = datasets
        self.command = command
        self.uploads = uploads
        self.worker = worker
        self.measuring = measuring
    }

    /// Everything that hosts need to run its jobs.
    package var programs: [Digest] {
        (uploads + (measuring?.uploads ?? []) + [onDevice].compactMap(\.self)).map(\.digest)
    }
}

/// All that a run is about. Resuming is running with what the catalogue then holds.
package struct CoordinationConfiguration: Sendable {
    package var sweeps: [PreparedSweep]
    package var hosts: [HostSpec]
    /// Hosts that get no more starts, and why: those a person drained, and those that left the hosts file and may hold
    /// attempts. They stand in `hosts` too where they can be reached: what waits there is taken back, what runs
    /// finishes and is collected.
    package var drained: [HostName: String]
    package var holdings: Holdings
    /// Larger than the number of every attempt the catalogue knows.
    package var firstAttempt: AttemptNumber
    package var policy: SchedulingPolicy
    /// What the coordinator before knew of the hosts, when a run of one program is planned anew.
    package var handover: Handover

    package init(
        sweeps: [PreparedSweep], hosts: [HostSpec], drained: [HostName: String] = [:], holdings: Holdings,
        firstAttempt: AttemptNumber, policy: SchedulingPolicy = SchedulingPolicy(), handover: Handover = Handover()
    ) {
        self.sweeps = sweeps
        self.hosts = hosts
        self.drained = drained
        self.holdings = holdings
        self.firstAttempt = firstAttempt
        self.policy = policy
        self.handover = handover
    }

    /// The digests that workers with equal bits everywhere must show on every host, by the worker's name.
    var checks: [String: String] {
        var checks: [String: String] = [:]
        for case let worker? in sweeps.flatMap({ [$0.worker, $0.measuring?.worker] })
        where worker.deterministic && !worker.check.isEmpty {
            checks[worker.name] = worker.check
        }
        return checks
    }
}
