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
    /// Hosts that a person has drained, with the reason: they get no starts.
    let drained: [HostName: String]
    let begunAt: Instant
    /// The instant of the event being handled.
    var present: Instant
    var nextAttempt: AttemptNumber
    /// Numbers not given yet that hosts claim to hold, of all hosts together: they are not given. No host's word moves
    /// `nextAttempt` itself.
    var claimed: Set<AttemptNumber> = []
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
    /// What hosts that answer hold, together.
    var reachable = HostState.Tally()
    /// Attempts that have not begun, as far as is known.
    var waitingTotal = 0
    /// Attempts for which hosts have no slot.
    var backlogTotal = 0
    /// Slots of hosts that answer, and of those that were not reached yet and may still come.
    var usableSlots = 0
    var slotsToCome = 0
    /// A host came, went, or changed its standing since the hosts were last surveyed.
    var fleetHasChanged = true
    /// Hosts that came for the first time since.
    var arrived: [HostName] = []
    /// Jobs a slot might have waiting when that was last looked at; nil: any number.
    var shareBefore: Int?
    /// Seconds a measure takes, by its name.
    var measureSeconds: [String: Double]
    /// The check digest each worker must show, by its name.
    let checks: [String: String]
    /// Jobs whose phase is `ready`; the queue may hold entries of jobs that no longer are.
    var readyCount = 0
    /// Weights of recorded milestones of wanted trials.
    var weights: [TrialID: Digest] = [:]
    /// Weights that stand of milestones that are trained again, for their files are lost.
    let lostWeights: [TrialID: Digest]
    /// Measures that stand and are taken again for their files.
    let lostMeasures: Set<Holdings.MeasuredUnit>
    /// Full states to continue from, ascending in steps.
    var states: [TrainingID: [StoredState]] = [:]
    /// States as recorded, of the wanted trials in their order; nil while the catalogue's word is not known.
    var trialStates: [TrialState?] = []
    var trialCounts: [TrialState: Int] = [:]
    /// Wanted trials that are neither succeeded nor failed.
    var unsettled = 0
    var stopping: Instant?
    var cancelling: Instant?
    var settledAt: Instant?
    package internal(set) var ending: Ending?
    var timers = TimerQueue()
    var actions: [Action] = []
    var workWanted = 0.0
    var workRecorded = 0.0
    /// What was recorded before this scheduler began: hosts may hold turns of that clock.
    var workBefore = 0.0
    /// Wanted comparisons that could not be made, now or earlier.
    var failedComparisons: Set<Holdings.MeasuredUnit> = []
    /// Wanted measures that could not be taken, now or earlier, with the reason: their trials fail when all else is
    /// recorded.
    var failedMeasures: [TrialID: [MeasureRequest: String]] = [:]
    /// Jobs of measures and comparisons that are not over.
    var measuresLeft = 0

    /// - Parameters:
    ///   - drained: hosts that get no starts, with the reason; what waits there is taken back, what runs finishes.
    ///   - checks: the digest that each worker's `describe` must show on every host, by the worker's name.
    ///   - firstAttempt: larger than every attempt number the catalogue knows.
    ///   - handover: what the scheduler before knew of the hosts, on the same clock.
    ///   - now: silence of hosts is counted from here, unless the handover knows better.
    package init(
        graph: JobGraph, holdings: Holdings, hosts specs: [HostSpec], drained: [HostName: String] = [:],
        checks: [String: String] = [:], firstAttempt: AttemptNumber, policy: SchedulingPolicy,
        handover: Handover = Handover(), at now: Instant
    ) {
        self.graph = graph
        failedComparisons = graph.failedComparisons
        failedMeasures = graph.failedMeasures
        self.policy = policy
        self.drained = drained
        self.checks = checks
        measureSeconds = holdings.measureSeconds
        begunAt = now
        present = now
        nextAttempt = firstAttempt
        lostWeights = holdings.lost
        lostMeasures = holdings.lostMeasures
        let leastGPUs = graph.jobs.lazy.map(\.needs.gpus).min() ?? 0
        for spec in specs where hosts[spec.name] == nil {
            var host = HostState(
                spec: spec, isListed: true, index: hostOrder.count, link: .silent(.init(since: now)))
            host.leastGPUs = leastGPUs
            add(host)
        }
        for record in holdings.openAttempts.sorted(by: { $0.attempt < $1.attempt }) where hosts[record.host] == nil {
            add(
                HostState(
                    spec: HostSpec(name: record.host, transport: .libssh), isListed: false, index: hostOrder.count,
                    link: .silent(.init(since: now)), standing: .unusable(reason: "not in the hosts file")))
        }
        recall(holdings.hosts, at: now)
        restore(handover, at: now)
        workBefore = handover.workRecorded ?? workRecorded(in: holdings)
        for (name, reason) in drained where hosts[name] != nil {
            hosts[known: name].standing = .unusable(reason: reason)
        }
        addTrials(holdings)
        addJobs(holdings)
        addFaults(holdings)
        addOpenAttempts(holdings, at: now)
        for index in jobs.indices where jobs[index].phase == .ready { enqueue(index) }
        if hosts.values.contains(where: { $0.seat != nil }) { timers.add(.staff, at: now) }
    }

    private mutating func add(_ host: HostState) {
        hosts[host.spec.name] = host
        hostOrder.append(host.spec.name)
        timers.add(.host(host.spec.name), at: present)
    }

    /// The first actions: what the catalogue should know of trials that need nothing more.
    package mutating func firstActions(at now: Instant) -> [Action] {
        present = now
        // A trial that waits, as the catalogue says, and has something left to do, goes on waiting.
        for place in graph.trials.indices
        where trialStates[place] != .waiting || graph.trials[place].isRecorded { refresh(at: place) }
        for job in jobs.indices where jobs[job].hasFaults && !jobs[job].isOver { judge(job) }
        return conclude(at: now)
    }

    /// Takes one event and decides everything that follows from it.
    package mutating func handle(_ event: CoordinatorInput, at now: Instant) -> [Action] {
        present = now
        switch event {
        case .host(let host, let report): handle(report, from: host, at: now)
        case .stop: stopping = stopping ?? now
        case .cancelAll: cancelEverything(at: now)
        // A run that is stopping is not planned anew: the next run finds the change in the catalogue.
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
    package var nextDeadline: Instant? { timers.next }

    /// Wanted trials and comparisons that failed, in this run or earlier.
    package var failures: Int { trialCounts[.failed, default: 0] + failedComparisons.count }
}
