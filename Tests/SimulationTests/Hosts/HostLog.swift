import JobContract
import SweepModel

/// Which catalogue's: the first is the one under test, others are copies that someone made of it.
typealias Owner = Int

extension Owner {
    /// Another catalogue, which has agents of its own on the hosts and counts its attempts for itself.
    static let neighbour = 1000
}

/// What the hosts and the network saw, apart from anything a coordinator believes: the checker reads this.
final class HostLog {
    struct Run {
        /// The owner of what no host here did.
        static let elsewhere: Owner = -1

        let attempt: AttemptNumber
        let job: JobKey
        let jobID: JobID
        let host: HostName
        let owner: Owner
        /// What it was asked for.
        let asked: Set<Unit>
        let begun: Instant
        var ended: Instant?
        /// When its host was told to end it.
        var toldToStop: Instant?
        /// It does not hear of it, and is killed after the agent's patience.
        var isDeaf = false
        var isDisowned = false
        /// Its end may be recorded though it lives: it said its last word, or its worker is another one.
        var isConcluded = false
        /// Made by a worker that was not asked for: its results are worth nothing.
        var isOfOtherWorker = false
        /// What a worker that does its job gives there, whatever it said.
        var given: [Unit: Given] = [:]
        /// The checkpoints that it compared with.
        var compared: [TrialID: Digest] = [:]

        /// What it was asked for, less what it left and was lost since, which is to be made again while it goes on.
        func asked(butFor lost: Set<Digest>) -> Set<Unit> {
            lost.isEmpty ? asked : asked.filter { unit in given[unit].map { !lost.contains($0.digest) } ?? true }
        }
    }

    /// A time in which a coordinator could reach a host, and the host it, without delay.
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
        /// Else its transaction failed, and may be there all the same.
        let isSure: Bool
        /// With what a measure of elsewhere compares.
        var compared: [TrialID: Digest]?
    }

    private(set) var runs: [Run] = []
    /// The first results that surely came.
    private var stands: [Owner: [Unit: Given]] = [:]
    private var weights: [Owner: [TrialID: Digest]] = [:]
    /// Of which a result came in a transaction that failed: it may stand before those that surely came.
    private var doubtful: [Owner: Set<Unit>] = [:]
    /// In their order.
    private(set) var reached: [Owner: [Reached]] = [:]
    /// The largest number that a host said it has.
    var claimed = 0
    private(set) var reaches: [HostName: [Reach]] = [:]
    /// Faults that hit a job's attempts, each a reason for one more run.
    private(set) var hits: [JobKey: Int] = [:]
    /// Failures of a worker's own doing that were injected; below the limit after which a job is set aside.
    var injectedJobFaults: [JobKey: Int] = [:]
    /// Jobs whose worker was killed for want of memory, as it looks.
    var killed: Set<JobKey> = []
    /// Attempts whose hosts were out of reach for as long as a lease.
    private(set) var outOfReach: Set<Held> = []
    /// Attempts whose allocation ended before they did, with nothing else the matter.
    var cut: Set<Held> = []
    /// Awake seconds that a catalogue's coordinators before the present one listened for a host in vain, since it was
    /// last reached: they count towards the end of its leases.
    var listened: [Owner: [HostName: Double]] = [:]
    /// Indices of `runs` that are not over.
    private(set) var live: Set<Int> = []

    /// Silence after which a coordinator may rightly take it that a lease is over: the lease, less a minute in which a
    /// connection was there and the coordinator did not hear anything on it.
    static let leaseSeconds = 840.0

    /// Files that the coordinator's store had and lost.
    private(set) var lost: Set<Digest> = []

    /// A file is to be made again, by a job that runs once more; what was one job may be two then.
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

    /// Nothing is to be made that is recorded and whose files are there.
    private func check(_ record: AttemptRecord, _ owner: Owner, _ world: World) {
        guard let stands = stands[owner], let task = record.task else { return }
        for unit in task.units(of: record.training) {
            guard let given = stands[unit] else { continue }
            let files = if case .milestone = unit { [given.digest] } else { Array(given.files.values) }
            guard files.allSatisfy({ world.store.contains($0) && !lost.contains($0) }) else { continue }
            world.violation("attempt \(record.attempt) is to make \(unit) again")
        }
    }

    /// The end of an allocation is nobody's fault. Whoever lies, or whose bytes are damaged, is charged for that.
    private func check(_ attempt: AttemptNumber, _ outcome: AttemptOutcome, _ owner: Owner, _ world: World) {
        let held = Held(owner: owner, attempt: attempt)
        guard cut.contains(held), !outOfReach.contains(held), !world.hasLiars, world.bytes == nil else { return }
        switch outcome {
        case .jobFault(let reason), .hostFault(let reason), .killed(let reason):
            world.violation("attempt \(attempt) is charged for the end of its allocation: \(reason)")
        case .succeeded, .paused, .cancelled: break
        }
    }

    /// A copy has what the first one had.
    func copied(for owner: Owner) {
        (reached[owner], stands[owner], weights[owner]) = (reached[0], stands[0], weights[0])
        doubtful[owner] = doubtful[0]
    }

    /// What was made elsewhere is in the first catalogue by now, under these numbers.
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
            // What was one job may be two now, before and after what has come.
            hit(.training(record.training), times: attempt.results.count + 1)
        }
        for (file, training) in foreign.files where !world.store.contains(file) { lose(file, of: training) }
    }

    func hit(_ job: JobKey, times: Int = 1) { hits[job, default: 0] += times }

    /// Notes a run's beginning and returns its place in `runs`.
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

    /// The attempt's end may be recorded though it lives.
    func conclude(_ held: Held) {
        for index in live where runs[index].owner == held.owner && runs[index].attempt == held.attempt {
            runs[index].isConcluded = true
        }
    }

    /// A coordinator of another catalogue has taken the attempt over.
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
