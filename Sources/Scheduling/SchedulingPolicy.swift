/// The numbers that scheduling decides by. All times are seconds of the coordinator's awake clock.
package struct SchedulingPolicy: Hashable, Sendable {
    /// Silence after which a host's attempts are given to others.
    package var leaseSeconds: Double = 900
    /// How often the silence of a host that holds attempts is recorded, so that a later coordinator counts on.
    package var silenceRecordSeconds: Double = 60
    /// How long a host that was never reached is hoped for when there is no other.
    package var connectSeconds: Double = 120
    /// Work that waits on a host for each of its slots, in predicted seconds, so that it stays busy while the
    /// coordinator is away.
    package var backlogSeconds: Double = 12 * 3600
    /// Attempts that wait for each slot while nothing is known of how long they take.
    package var backlogPerSlot: Int = 2
    /// Attempts that wait on one host at most, and on all hosts together.
    package var backlogLimit: Int = 1000
    package var backlogTotal: Int = 100_000
    /// How often waiting attempts are moved to hosts that would begin them sooner, and how long they must have waited.
    package var balanceSeconds: Double = 5
    /// Faults of a job's own after which it is set aside.
    package var jobFaultLimit: Int = 3
    /// Ends by hosts' faults after which a job is set aside all the same: something in it may kill its hosts.
    package var hostFaultLimit: Int = 20
    /// Allocations that a measure had nearly all of and did not end in, after which it is given up.
    package var filledAllocationLimit: Int = 3
    /// A job that fails sooner than this after its start may have met a broken host.
    package var quickFailureSeconds: Double = 30
    /// Different jobs failing so quickly on one host, with none succeeding between, after which a probe decides.
    package var quickFailureJobs: Int = 3
    /// How long a probe may run.
    package var probeSeconds: Double = 60
    /// After a probe that passed, how long quick failures on the host are the jobs' own without another.
    package var vouchSeconds: Double = 600
    /// A host that refuses a start or fails a job rests this long, doubled each time.
    package var restSeconds: Double = 30
    package var longestRestSeconds: Double = 600
    /// Refusals in a row after which a host is drained.
    package var refusalLimit: Int = 3
    /// Allocations of a seat in a row that were of no use, after which its queue is given up unless another seat's has begun.
    package var wasteLimit: Int = 10
    /// A running attempt of a connected host that says nothing for so long is cancelled and the job charged.
    package var hungSeconds: Double = 600
    /// Between the first request to stop and leaving, for what is on its way and for a second request.
    package var stopSeconds: Double = 2
    /// How long cancelled attempts are waited for before leaving.
    package var cancelSeconds: Double = 25
    /// How long the last attempts' ends are waited for when all trials are settled.
    package var windDownSeconds: Double = 10
    /// Seconds of training between recovery checkpoints.
    package var checkpointSeconds: Double = 300
    /// How often the scheduler looks whether more allocations of queues are needed, or fewer.
    package var staffSeconds: Double = 2
    /// Seconds of work that must wait for each usable slot before more allocations are asked for.
    package var callSeconds: Double = 60
    /// Whether equal jobs give equal bits wherever they ran. If not, only the attempt that holds the lease counts.
    package var deterministic = true

    /// What an attempt is taken to need where nothing is known, so that hosts can be compared.
    static let guessedSeconds = 600.0

    package init() {}
}
