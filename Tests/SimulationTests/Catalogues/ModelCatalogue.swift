import JobContract
import SweepModel

/// A catalogue in memory that keeps the promises of the real one: a transaction happens wholly or not at all, the first
/// result stands, a change that is applied again changes nothing, and unknown attempts are refused.
final class ModelCatalogue: DurableCatalogue, CatalogueWriter {
    let trials: [TrialID: Trial]
    /// Everything that a transaction may change.
    struct Rows {
        var content = CatalogueContents()
        var states: [TrainingID: StoredStates] = [:]
        var keptStates: [TrainingID: Holdings.KeptState] = [:]
        var attempts: [AttemptNumber: AttemptRecord] = [:]
        var ends: [AttemptNumber: AttemptOutcome] = [:]
        var started: Set<AttemptNumber> = []
        /// The last attempt of a training that left a checkpoint.
        var progressed: [TrainingID: AttemptNumber] = [:]
        var hosts: [HostName: Holdings.KnownHost] = [:]
        var measureSeconds: [String: [Double]] = [:]
        var takenBack: Set<TrialID> = []
        var failedMeasures: [Holdings.MeasuredUnit: String] = [:]
        /// Files of measures in whose place a later result had others.
        var replacedFiles: [Unit: Set<Digest>] = [:]
        /// For each trial the last attempt whose fault does not count any more.
        var forgiven: [TrialID: AttemptNumber] = [:]
        var generation = 0
        /// Attempts of other catalogues by their numbers there, with the numbers that they have here.
        var merged: [Int: [AttemptNumber: AttemptNumber]] = [:]
    }
    var rows = Rows()
    /// States that the transaction's changes made superfluous.
    var retired: Set<Digest> = []
    /// The world whose coordinator's store has its files; nil for a copy, and for another's catalogue.
    private(set) var world: World?
    var isOpen = false
    let sweep: ExpandedSweep
    let mutant: Mutant

    init(_ sweep: ExpandedSweep, mutant: Mutant = .none) {
        self.sweep = sweep
        self.mutant = mutant
        trials = Dictionary(uniqueKeysWithValues: sweep.trials.map { ($0.id, $0) })
        for trial in sweep.trials { rows.content.states[trial.id] = .waiting }
    }

    func isPut(in world: World) { self.world = world }
    func close() { isOpen = false }
    func losePower(afterCalls calls: Int) -> Bool { false }
    func fillDisk(_ isFull: Bool) -> Bool { false }
    var diskFailures: Int { 0 }
    func failDisk(afterCalls calls: Int) -> Bool { false }
    func damage() -> [String] { [] }

    func copy() -> any DurableCatalogue {
        let copy = ModelCatalogue(sweep, mutant: mutant)
        copy.rows = rows
        return copy
    }

    func open() throws -> OpenedCatalogue {
        if isOpen, mutant != .lockIsMissing { throw CatalogueRefusal(description: "another process writes it") }
        isOpen = true
        rows.generation += 1
        let running = Set(contents().openAttempts.flatMap(\.trials))
        for (trial, state) in rows.content.states where state == .running && !running.contains(trial) {
            rows.content.states[trial] = .waiting
        }
        return OpenedCatalogue(writer: self, plan: plan(), generation: rows.generation)
    }

    func cancel(_ trials: [TrialID]) {
        for trial in trials where [.waiting, .running].contains(rows.content.states[trial]) {
            rows.content.states[trial] = .cancelled
            rows.takenBack.insert(trial)
            settle(trial)
        }
    }

    func retry(_ trials: [TrialID]) {
        for trial in trials {
            rows.failedMeasures = rows.failedMeasures.filter { $0.key.trial != trial }
            let wasTakenBack = rows.takenBack.remove(trial) != nil
            guard wasTakenBack || rows.content.states[trial] == .failed else { continue }
            if rows.content.states[trial] != .succeeded { rows.content.states[trial] = .waiting }
            rows.forgiven[trial] = rows.attempts.keys.max()
            settle(trial)
        }
    }

    /// What another sweep lists stays, so that nothing changes.
    func addAndRemove(_ trials: [TrialID]) {
        guard mutant == .removalTakesShared else { return }
        for trial in trials.compactMap({ self.trials[$0] }) {
            rows.content.results = rows.content.results.filter { unit, _ in
                switch unit {
                case .milestone(let training, let steps): training != trial.training || steps != trial.steps
                case .measure(let id, _): id != trial.id
                }
            }
            rows.content.states[trial.id] = .waiting
        }
    }

    private func settle(_ id: TrialID) {
        guard rows.content.states[id] == .waiting, let trial = trials[id] else { return }
        let units = [Unit.milestone(trial.training, trial.steps)] + sweep.measures.map { .measure(id, $0) }
        if units.allSatisfy({ rows.content.results[$0] != nil }) { rows.content.states[id] = .succeeded }
    }

    /// Whether each measure of a trial is recorded, or could not be taken.
    private func lacksNothingButFailures(_ trial: TrialID) -> Bool {
        sweep.measures.allSatisfy {
            rows.content.results[.measure(trial, $0)] != nil
                || rows.failedMeasures[.init(trial: trial, request: $0)] != nil
        }
    }

    func plan() -> (Holdings, AttemptNumber) {
        var holdings = Holdings()
        for (unit, results) in rows.content.results {
            guard let result = results.first else { continue }
            switch unit {
            case .milestone(let training, let steps):
                holdings.milestones[training, default: []].append(
                    .init(
                        steps: steps, weights: result.given.digest,
                        attempt: isMerged(result.attempt) ? nil : result.attempt))
            case .measure(let trial, let request): holdings.measured.insert(.init(trial: trial, request: request))
            }
        }
        holdings.artifacts = artifacts()
        holdings.failedMeasures = rows.failedMeasures
        addStates(to: &holdings)
        holdings.settled = rows.content.states.filter {
            $0.value == .cancelled || $0.value == .failed && !missesMeasures($0.key)
        }
        holdings.succeeded = Set(rows.content.states.filter { $0.value == .succeeded }.keys)
        holdings.openAttempts = contents().openAttempts
        for trial in holdings.openAttempts.flatMap(\.trials) {
            guard let wanted = trials[trial] else { continue }
            holdings.openTrials[trial] = .init(
                steps: wanted.steps,
                weights: rows.content.results[.milestone(wanted.training, wanted.steps)]?.first?.given.digest,
                isWanted: holdings.settled[trial] == nil)
        }
        holdings.startedAttempts = rows.started.filter { rows.ends[$0] == nil }
        holdings.faults = faults()
        holdings.hosts = rows.hosts
        holdings.measureSeconds = rows.measureSeconds.mapValues { $0.reduce(0, +) / Double($0.count) }
        holdings.takenBack = rows.takenBack.isEmpty ? [:] : [sweep.name: rows.takenBack]
        return (holdings, AttemptNumber((rows.attempts.keys.max()?.value ?? 0) + 1))
    }

    /// Files that measures of trials that are not done have left.
    private func artifacts() -> [Holdings.MeasuredUnit: [Digest]] {
        var artifacts: [Holdings.MeasuredUnit: [Digest]] = [:]
        for (unit, results) in rows.content.results {
            guard case .measure(let trial, let request) = unit, let given = results.first?.given,
                [.waiting, .running].contains(rows.content.states[trial])
            else { continue }
            let files = Set(given.files.values).subtracting(rows.replacedFiles[unit, default: []])
            if !files.isEmpty { artifacts[.init(trial: trial, request: request)] = files.sorted() }
        }
        return artifacts
    }

    func statesOnHosts() -> Set<Digest>? { isOpen ? Set(rows.keptStates.values.map(\.point.state)) : nil }

    func referencedFiles() -> Set<Digest> {
        var files = Set(rows.states.values.flatMap(\.all).map(\.point.state))
        for (unit, results) in rows.content.results {
            for result in results { files.formUnion(result.given.files.values) }
            if case .milestone = unit { files.formUnion(results.map(\.given.digest)) }
        }
        return files
    }

    /// Whether a failed trial is trained, and lacks nothing but measures.
    private func missesMeasures(_ id: TrialID) -> Bool {
        guard let trial = trials[id], rows.content.results[.milestone(trial.training, trial.steps)] != nil else {
            return false
        }
        return rows.failedMeasures.keys.contains { $0.trial == id && !$0.request.isComparison }
    }

    private func faults() -> [Holdings.Fault] {
        rows.ends.sorted { $0.key < $1.key }.compactMap { number, outcome in
            guard outcome.reason != nil, let record = rows.attempts[number] else { return nil }
            if case .hostFault = outcome, record.kind == .train, let last = rows.progressed[record.training],
                number <= last
            {
                return nil
            }
            let waiting = record.trials.filter {
                ([.waiting, .running].contains(rows.content.states[$0]) || record.kind == .compare)
                    && rows.forgiven[$0].map { $0 < number } ?? true
            }
            guard !waiting.isEmpty else { return nil }
            return Holdings.Fault(
                attempt: number, job: record.job, kind: record.kind, trials: waiting, host: record.host,
                outcome: outcome)
        }
    }

    func contents() -> CatalogueContents {
        var result = rows.content
        result.failed = Set(rows.failedMeasures.keys.map { .measure($0.trial, $0.request) })
        result.openAttempts = rows.attempts.values.filter { rows.ends[$0.attempt] == nil }.sorted {
            $0.attempt < $1.attempt
        }
        return result
    }

    func commit(_ changes: [CatalogueChange]) throws {
        let saved = rows
        do {
            for change in changes { try apply(change) }
        } catch {
            rows = saved
            retired = []
            throw error
        }
        removeRetired()
    }

    private func known(_ attempt: AttemptNumber) throws {
        guard rows.attempts[attempt] != nil else {
            throw CatalogueRefusal(description: "attempt \(attempt) was never intended here")
        }
    }

    private func apply(_ change: CatalogueChange) throws {
        switch change {
        case .attemptIntended(let record):
            if let earlier = rows.attempts[record.attempt], earlier.job != record.job {
                throw CatalogueRefusal(description: "attempt \(record.attempt) was already given to another job")
            }
            rows.attempts[record.attempt] = record
        case .attemptStarted(let attempt, let event):
            try known(attempt)
            if event != nil { rows.started.insert(attempt) }
        case .attemptEnded(let attempt, let outcome):
            try known(attempt)
            if rows.ends[attempt] == nil { rows.ends[attempt] = outcome }
        case .attemptSaid(let attempt, _): try known(attempt)
        case .attemptExcused(let attempt, let reason):
            try known(attempt)
            if case .jobFault? = rows.ends[attempt] { rows.ends[attempt] = .hostFault(reason) }
        case .milestone(let training, let trial, let attempt, let checkpoint):
            try known(attempt)
            guard let given = checkpoint.given else {
                throw CatalogueRefusal(description: "a milestone without weights")
            }
            progress(training, attempt)
            let unit = Unit.milestone(training, checkpoint.steps)
            let isNew = rows.content.results[unit] == nil
            record(unit, of: trial, .init(attempt: attempt, given: given))
            reach(checkpoint, of: training, by: attempt, isNew: isNew)
        case .recoveryPoint(let training, let attempt, let point, _):
            try known(attempt)
            progress(training, attempt)
            reach(point, of: training, by: attempt)
        case .stateKept(let training, let attempt, let point, _):
            guard let host = rows.attempts[attempt]?.host else { return try known(attempt) }
            progress(training, attempt)
            if point.steps > rows.keptStates[training]?.point.steps ?? 0 {
                rows.keptStates[training] = .init(point: point, host: host)
            }
        case .measured(let attempt, let measured):
            try known(attempt)
            let unit = Unit.measure(measured.trial, measured.request)
            if rows.content.results[unit] == nil {
                rows.measureSeconds[measured.request.measure, default: []].append(measured.seconds)
            }
            record(unit, of: measured.trial, .init(attempt: attempt, given: measured.given))
            rows.failedMeasures[.init(trial: measured.trial, request: measured.request)] = nil
        case .measureFailed(let trial, let request, let reason):
            let unit = Holdings.MeasuredUnit(trial: trial, request: request)
            guard mutant != .failuresAreForgotten, rows.failedMeasures[unit] == nil,
                rows.content.results[.measure(trial, request)] == nil
            else { return }
            rows.failedMeasures[unit] = reason
            rows.forgiven[trial] = rows.attempts.keys.max()
        case .trialState(let trial, .failed, nil):
            rows.content.states[trial] = lacksNothingButFailures(trial) ? .failed : .waiting
        case .trialState(let trial, let state, _): rows.content.states[trial] = state
        case .hostSeen(let host, let facts):
            rows.hosts[host] = Holdings.KnownHost(facts: facts, pace: rows.hosts[host]?.pace)
        case .hostSilent(let host, let seconds): rows.hosts[host]?.silentSeconds = seconds
        case .hostPace(let host, let pace): rows.hosts[host]?.pace = pace
        }
    }

    func record(_ unit: Unit, of trial: TrialID, _ result: CatalogueContents.Result) {
        guard let standing = rows.content.results[unit]?.first, mutant != .doesNotDeduplicate else {
            return rows.content.results[unit, default: []].append(result)
        }
        if standing.given.essence != result.given.essence, mutant != .evidenceIsForgotten {
            rows.content.evidence.insert(unit.evidence(of: trial, result))
            rows.replacedFiles[unit, default: []].formUnion(
                Set(standing.given.files.values).subtracting(result.given.files.values))
        }
        if mutant == .lastResultStands { rows.content.results[unit] = [result] }
    }

    private func progress(_ training: TrainingID, _ attempt: AttemptNumber) {
        rows.progressed[training] = max(rows.progressed[training] ?? attempt, attempt)
    }
}

extension MeasureRequest {
    static func simulated(_ name: String) -> MeasureRequest {
        MeasureRequest(measure: name, version: 1, parameters: ["samples": 8])
    }
}
