import JobContract
import SweepModel

/// Whose attempts: 0 is the catalogue under test, others are copies that somebody made of it.
typealias Owner = Int

extension Owner {
    /// Another catalogue, which has agents of its own on the hosts and numbers of its own.
    static let neighbour = 1000
}

/// What the hosts and the network saw, apart from anything that a coordinator believes. The checker reads it.
final class HostLog {
    struct Run {
        /// The owner of results that no host here made.
        static let elsewhere: Owner = -1

        let attempt: AttemptNumber
        let job: JobKey
        let jobID: JobID
        let host: HostName
        let owner: Owner
        /// The units that the run was asked for.
        let asked: Set<Unit>
        let begun: Instant
        var ended: Instant?
        /// When its host was told to stop it.
        var toldToStop: Instant?
        /// Its worker does not hear that, and is killed after the agent's patience.
        var isDeaf = false
        var isDisowned = false
        /// Its end may be recorded though it lives: it has said its last word, or its worker is of another release.
        var isConcluded = false
        /// Its worker is not the one that was asked for: its results are worth nothing.
        var isOfOtherWorker = false
        /// What a worker that does its job gives there, whatever this one said.
        var given: [Unit: Given] = [:]
        /// The checkpoints that the run compared with.
        var compared: [TrialID: Digest] = [:]

        /// The units that it was asked for, less those that it left and that were lost since: these are made again while it
        /// goes on.
        func asked(butFor lost: Set<Digest>) -> Set<Unit> {
            lost.isEmpty ? asked : asked.filter { unit in given[unit].map { !lost.contains($0.digest) } ?? true }
        }
    }

    /// A time in which a coordinator and a host could reach each other without delay.
    struct Reach {
        let coordinator: Int
        let from: Instant
        var to: Instant?
    }

    struct Held: Hashable {
        let owner: Owner
        let attempt: AttemptNumber
    }

    /// A result that came before a catalogue.
    struct Reached {
        let unit: Unit
        let trial: TrialID
        let result: CatalogueContents.Result
        /// False: its transaction failed, and may stand all the same.
        let isSure: Bool
        /// The checkpoints with which a measure of elsewhere compares.
        var compared: [TrialID: Digest]?
    }

    private(set) var runs: [Run] = []
    /// The first result of each unit that surely came.
    private var stands: [Owner: [Unit: Given]] = [:]
    private var weights: [Owner: [TrialID: Digest]] = [:]
    /// Units of which a result came in a transaction that failed: it may stand before those that surely came.
    private var doubtful: [Owner: Set<Unit>] = [:]
    /// Results in the order in which they came.
    private(set) var reached: [Owner: [Reached]] = [:]
    /// The largest attempt number that a host claimed to have.
    var claimed = 0
    private(set) var reaches: [HostName: [Reach]] = [:]
    /// Faults that hit a job's attempts, each a reason for one more run.
    private(set) var hits: [JobKey: Int] = [:]
    /// Failures of a worker's own doing that were injected; below the limit after which a job is set aside.
    var injectedJobFaults: [JobKey: Int] = [:]
    /// Jobs whose worker was killed as the kernel kills one that takes too much memory.
    var killed: Set<JobKey> = []
    /// Attempts whose hosts were out of reach for as long as a lease.
    private(set) var outOfReach: Set<Held> = []
    /// Attempts whose allocation ended before they did, with nothing else the matter.
    var cut: Set<Held> = []
    /// Awake seconds for which earlier coordinators of a catalogue listened for a host in vain since it was last reached.
    /// They count towards the end of its leases.
    var listened: [Owner: [HostName: Double]] = [:]
    /// Indices of `runs` that are not over.
    private(set) var live: Set<Int> = []

    /// Seconds of silence after which a coordinator may rightly take a lease for over: the lease, less a minute for which a
    /// connection was there on which the coordinator heard nothing.
    static let leaseSeconds = 840.0

    /// Files that the coordinator's store had and lost.
    private(set) var lost: Set<Digest> = []

    /// Records that a file is to be made again, by a job that runs once more; one job may then become two.
    func lose(_ file: Digest, of training: TrainingID) {
        lost.insert(file)
        hit(.training(training), times: 2)
    }

    func reached(
        _ owner: Owner, _ changes: [CatalogueChange], isSure: Bool, compared: [TrialID: Digest]? = nil, in world: World
    ) {
        for change in changes {
            switch change {
            case .attemptIntended(let record): check(record, owner, world)
            case .attemptEnded(let attempt, let outcome): check(attempt, outcome, owner, world)
            case .milestone(let training, let trial, let attempt, let checkpoint):
                guard let given = checkpoint.given else { break }
                let unit = Unit.milestone(training, checkpoint.steps)
                note(.init(unit: unit, trial: trial, result: .init(attempt: attempt, given: given), isSure: isSure))
            case .measured(let attempt, let measured):
                let unit = Unit.measure(measured.trial, measured.request)
                let result = CatalogueContents.Result(attempt: attempt, given: measured.given)
                note(.init(unit: unit, trial: measured.trial, result: result, isSure: isSure))
            default: break
            }
        }
        func note(_ result: Reached) {
            var result = result
            result.compared = compared
            reached[owner, default: []].append(result)
            if !isSure { doubtful[owner, default: []].insert(result.unit) }
            guard doubtful[owner]?.contains(result.unit) != true else { return }
            if isSure, compared == nil || isOfWhatStands(result, owner), stands[owner]?[result.unit] == nil {
                stands[owner, default: [:]][result.unit] = result.result.given
                if case .milestone = result.unit {
                    weights[owner, default: [:]][result.trial] = result.result.given.digest
                }
            }
        }
    }

    /// Whether a result of elsewhere is of the weights that stand here.
    private func isOfWhatStands(_ result: Reached, _ owner: Owner) -> Bool {
        guard case .measure(let trial, let request) = result.unit else { return true }
        return ([trial] + request.others).allSatisfy { id in
            weights[owner]?[id] == (id == trial ? result.result.given.digest : result.compared?[id])
        }
    }

    /// Finds whether an attempt is asked for results that are recorded and whose files are there.
    private func check(_ record: AttemptRecord, _ owner: Owner, _ world: World) {
        guard let stands = stands[owner], let task = record.task else { return }
        for unit in task.units(of: record.training) {
            guard let given = stands[unit] else { continue }
            let files = if case .milestone = unit { [given.digest] } else { Array(given.files.values) }
            guard files.allSatisfy({ world.store.contains($0) && !lost.contains($0) }) else { continue }
            world.violation("attempt \(record.attempt) is to make \(unit) again")
        }
    }

    /// Finds whether somebody is charged for the end of an allocation, which is nobody's fault. Schedules with liars or
    /// damaged bytes are left out, since there something else may be charged.
    private func check(_ attempt: AttemptNumber, _ outcome: AttemptOutcome, _ owner: Owner, _ world: World) {
        let held = Held(owner: owner, attempt: attempt)
        guard cut.contains(held), !outOfReach.contains(held), !world.hasLiars, world.bytes == nil else { return }
        switch outcome {
        case .jobFault(let reason), .hostFault(let reason), .killed(let reason):
            world.violation("attempt \(attempt) is charged for the end of its allocation: \(reason)")
        case .succeeded, .paused, .cancelled: break
        }
    }

    /// Gives a copy of the catalogue what the first one has.
    func copied(for owner: Owner) {
        (reached[owner], stands[owner], weights[owner]) = (reached[0], stands[0], weights[0])
        doubtful[owner] = doubtful[0]
    }

    /// Records that the first catalogue has taken in results of elsewhere, under these numbers.
    func took(_ foreign: ForeignResults, as numbers: [AttemptNumber: AttemptNumber], in world: World) {
        for attempt in foreign.attempts {
            let record = attempt.record
            guard let number = numbers[record.attempt] else {
                world.violation("attempt \(record.attempt) of elsewhere is not here")
                continue
            }
            let key: JobKey = record.kind == .train ? .training(record.training) : .trials(record.trials)
            var run = Run(
                attempt: number, job: key, jobID: record.job, host: record.host, owner: Run.elsewhere, asked: [],
                begun: world.now, ended: world.now, compared: attempt.compared)
            for change in attempt.results {
                switch change {
                case .milestone(let training, _, _, let checkpoint):
                    run.given[.milestone(training, checkpoint.steps)] = checkpoint.given
                case .measured(_, let measured):
                    run.given[.measure(measured.trial, measured.request)] = measured.given
                default: break
                }
            }
            runs.append(run)
            let results = foreign.changes(of: attempt, as: number).dropFirst()
            reached(0, Array(results), isSure: true, compared: attempt.compared, in: world)
            // One job may have become two, before and after what has come.
            hit(.training(record.training), times: attempt.results.count + 1)
        }
        for (file, training) in foreign.files where !world.store.contains(file) { lose(file, of: training) }
    }

    func hit(_ job: JobKey, times: Int = 1) { hits[job, default: 0] += times }

    /// Records a run that begins, and returns its place in `runs`.
    func add(_ run: Run) -> Int {
        runs.append(run)
        live.insert(runs.count - 1)
        return runs.count - 1
    }

    func end(_ run: Int, at now: Instant) {
        guard live.remove(run) != nil else { return }
        runs[run].ended = now
    }

    func note(_ run: Int, _ change: (inout Run) -> Void) { change(&runs[run]) }

    func lostTouch(_ held: Held) { outOfReach.insert(held) }

    /// Records that the attempt's end may be recorded though it lives.
    func conclude(_ held: Held) {
        for index in live where runs[index].owner == held.owner && runs[index].attempt == held.attempt {
            runs[index].isConcluded = true
        }
    }

    /// Records that a coordinator of another catalogue has taken the attempt over.
    func disown(_ held: Held) {
        outOfReach.insert(held)
        for index in live where runs[index].owner == held.owner && runs[index].attempt == held.attempt {
            runs[index].isDisowned = true
        }
    }

    func reach(_ host: HostName, by coordinator: Int, at now: Instant) {
        unreach(host, by: coordinator, at: now)
        reaches[host, default: []].append(Reach(coordinator: coordinator, from: now, to: nil))
    }

    func unreach(_ host: HostName, by coordinator: Int, at now: Instant) {
        guard let last = reaches[host]?.lastIndex(where: { $0.coordinator == coordinator && $0.to == nil }) else {
            return
        }
        reaches[host]?[last].to = now
    }
}
