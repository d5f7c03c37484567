import JobContract
import SweepModel

/// Decides what runs where: a state machine of values. An event goes in, actions come out; it knows no clock, no file
/// and no network, and the same events at the same instants give the same actions.
///
/// Promises, which `violations()` checks: of the attempts of a job at most one holds its lease and is wanted; attempt
/// numbers only grow; a result is accepted from any attempt of this catalogue, whoever holds the lease, and the first
/// one stands (with workers that are not deterministic only the lease's holder counts); no action needs another of
/// the same event to come first, except that records come before everything.
package struct Scheduler {
    let policy: SchedulingPolicy
    let graph: JobGraph
    /// Hosts that get no starts by a person's wish, with the reason.
    let drained: [HostName: String]
    let begunAt: Instant
    /// The instant of the event being handled.
    var present: Instant
    var nextAttempt: AttemptNumber
    var hosts: [HostName: HostState] = [:]
    /// The hosts file's order, then hosts known only from open attempts.
    var hostOrder: [HostName] = []
    var jobs: [JobState] = []
    var attempts: [AttemptNumber: AttemptState] = [:]
    /// Attempts of other sweeps that are over on their hosts: known, so that they are kept there for the run that wants
    /// them.
    var othersEnded: Set<AttemptNumber> = []
    /// What open attempts of earlier runs serve.
    var openTrials: [TrialID: Holdings.OpenTrial] = [:]
    var ready = ReadyQueues()
    /// Jobs whose phase is `ready`; the queue may hold entries of jobs that no longer are.
    var readyCount = 0
    /// Weights of recorded milestones of wanted trials.
    var weights: [TrialID: Digest] = [:]
    /// Full states to continue from, ascending in steps.
    var states: [TrainingID: [StoredState]] = [:]
    /// States as recorded; nil while the catalogue's word is not known.
    var trialStates: [TrialID: TrialState?] = [:]
    var trialCounts: [TrialState: Int] = [:]
    /// Wanted trials that are neither succeeded nor failed.
    var unsettled = 0
    var stopping: Instant?
    var cancelling: Instant?
    var settledAt: Instant?
    package internal(set) var ending: Ending?
    /// A lower bound of the earliest time limit; nil: none.
    var alarm: Instant?
    var actions: [Action] = []
    var workWanted = 0.0
    var workRecorded = 0.0
    /// Measure jobs that are not over.
    var measuresLeft = 0

    /// - Parameters:
    ///   - drained: hosts that get no starts, with the reason; what waits there is taken back, what runs finishes.
    ///   - firstAttempt: larger than every attempt number the catalogue knows.
    ///   - handover: what the scheduler before knew of the hosts, on the same clock.
    ///   - now: silence of hosts is counted from here, unless the handover knows better.
    package init(
        graph: JobGraph, holdings: Holdings, hosts specs: [HostSpec], drained: [HostName: String] = [:],
        firstAttempt: AttemptNumber, policy: SchedulingPolicy, handover: Handover = Handover(), at now: Instant
    ) {
        self.graph = graph
        self.policy = policy
        self.drained = drained
        begunAt = now
        present = now
        nextAttempt = firstAttempt
        for spec in specs where hosts[spec.name] == nil {
            hosts[spec.name] = HostState(spec: spec, isListed: true, link: .silent(since: now, nil))
            hostOrder.append(spec.name)
        }
        take(handover, at: now)
        for (name, reason) in drained { hosts[name]?.standing = .unusable(reason: reason) }
        addTrials(holdings)
        addJobs(holdings)
        addOpenAttempts(holdings, at: now)
        alarm = now
    }

    /// The first actions: what the catalogue should know of trials that need nothing more.
    package mutating func begin(at now: Instant) -> [Action] {
        present = now
        for trial in graph.order { refresh(trial) }
        return conclude(at: now)
    }

    /// Takes one event and decides everything that follows from it.
    package mutating func handle(_ event: CoordinatorInput, at now: Instant) -> [Action] {
        present = now
        switch event {
        case .host(let host, let report): handle(report, from: host, at: now)
        case .stop: stopping = stopping ?? now
        case .cancelAll: cancelEverything(at: now)
        // Who stops does not begin anew: the next run finds the change in the catalogue.
        case .replan: if stopping == nil, ending == nil { ending = .replan }
        case .timeout: break
        }
        return conclude(at: now)
    }

    private mutating func conclude(at now: Instant) -> [Action] {
        passTime(at: now)
        dispatch(at: now)
        decideEnding(at: now)
        defer { actions = [] }
        return actions
    }

    /// When to call `handle(.timeout)` if nothing else happens; nil: nothing depends on time.
    package var nextDeadline: Instant? { alarm }

    /// Wanted trials that failed, in this run or earlier.
    package var failedTrials: Int { trialCounts[.failed] ?? 0 }
}
