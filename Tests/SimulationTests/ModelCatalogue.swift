import JobContract
import SweepModel

/// What a catalogue holds, for the checker.
struct CatalogueContents {
    struct Result: Hashable {
        let attempt: AttemptNumber
        /// Weights of a milestone; for a measure the checkpoint it was taken of.
        let digest: Digest
        let rows: [MeasureRow]
    }

    /// Every recorded result of every unit: one each, in a catalogue that does its duty.
    var results: [Unit: [Result]] = [:]
    var states: [TrialID: TrialState] = [:]
    /// Results that differ from the one that stands.
    var evidence = 0
    var openAttempts: [AttemptRecord] = []
}

/// A catalogue that coordinators come and go before.
protocol DurableCatalogue: AnyObject {
    /// Opens it for a new coordinator, whatever became of the last.
    func open() throws -> (writer: any CatalogueWriter, holdings: Holdings, firstAttempt: AttemptNumber)
    func contents() throws -> CatalogueContents
}

struct CatalogueRefusal: Error, CustomStringConvertible {
    let description: String
}

/// A catalogue in memory with the promises of the real one: all of a transaction or nothing, first result stands,
/// applying a change again changes nothing, unknown attempts are refused.
final class ModelCatalogue: DurableCatalogue, CatalogueWriter {
    private let trainings: [TrainingID]
    private let trials: [TrialID: Trial]
    private var content = CatalogueContents()
    private var states: [TrainingID: ResumePoint] = [:]
    private var keptStates: [TrainingID: Holdings.KeptState] = [:]
    private var attempts: [AttemptNumber: AttemptRecord] = [:]
    private var ends: [AttemptNumber: AttemptOutcome] = [:]
    private var started: Set<AttemptNumber> = []
    /// The last attempt that left a checkpoint.
    private var progressed: [TrainingID: AttemptNumber] = [:]
    private var hosts: [HostName: Holdings.KnownHost] = [:]
    private var measureSeconds: [String: [Double]] = [:]
    /// A mutant that forgets that a unit is recorded when it comes again.
    private let deduplicates: Bool

    init(_ sweep: ExpandedSweep, deduplicates: Bool = true) {
        trainings = sweep.trainings.keys.sorted()
        trials = Dictionary(uniqueKeysWithValues: sweep.trials.map { ($0.id, $0) })
        self.deduplicates = deduplicates
        for trial in sweep.trials { content.states[trial.id] = .waiting }
    }

    func open() -> (writer: any CatalogueWriter, holdings: Holdings, firstAttempt: AttemptNumber) {
        var holdings = Holdings()
        for (unit, results) in content.results {
            guard let result = results.first else { continue }
            switch unit {
            case .milestone(let training, let steps):
                holdings.milestones[training, default: []].append(.init(steps: steps, weights: result.digest))
            case .measure(let trial, let measure):
                holdings.measured.insert(.init(trial: trial, request: .simulated(measure)))
            }
        }
        holdings.states = states
        holdings.keptStates = keptStates.filter { $0.value.point.steps > states[$0.key]?.steps ?? 0 }
        holdings.settled = content.states.filter { $0.value == .failed || $0.value == .cancelled }
        holdings.succeeded = Set(content.states.filter { $0.value == .succeeded }.keys)
        holdings.openAttempts = contents().openAttempts
        for trial in holdings.openAttempts.flatMap(\.trials) {
            guard let wanted = trials[trial] else { continue }
            holdings.openTrials[trial] = .init(
                steps: wanted.steps,
                weights: content.results[.milestone(wanted.training, wanted.steps)]?.first?.digest,
                isWanted: holdings.settled[trial] == nil)
        }
        holdings.startedAttempts = started.filter { ends[$0] == nil }
        holdings.faults = faults()
        holdings.hosts = hosts
        holdings.measureSeconds = measureSeconds.mapValues { $0.reduce(0, +) / Double($0.count) }
        let running = Set(holdings.openAttempts.flatMap(\.trials))
        for (trial, state) in content.states where state == .running && !running.contains(trial) {
            content.states[trial] = .waiting
        }
        return (self, holdings, AttemptNumber((attempts.keys.max()?.value ?? 0) + 1))
    }

    private func faults() -> [Holdings.Fault] {
        ends.sorted { $0.key < $1.key }.compactMap { number, outcome in
            guard outcome.reason != nil, let record = attempts[number] else { return nil }
            if case .hostFault = outcome, record.kind == "train", let last = progressed[record.training],
                number <= last
            {
                return nil
            }
            let waiting = record.trials.filter { [.waiting, .running].contains(content.states[$0]) }
            guard !waiting.isEmpty else { return nil }
            return Holdings.Fault(
                attempt: number, kind: record.kind, trials: waiting, host: record.host, outcome: outcome)
        }
    }

    func contents() -> CatalogueContents {
        var result = content
        result.openAttempts = attempts.values.filter { ends[$0.attempt] == nil }.sorted { $0.attempt < $1.attempt }
        return result
    }

    func commit(_ changes: [CatalogueChange]) throws {
        let saved = (content, states, keptStates, attempts, ends)
        let savedKnowledge = (started, progressed, hosts, measureSeconds)
        do {
            for change in changes { try apply(change) }
        } catch {
            (content, states, keptStates, attempts, ends) = saved
            (started, progressed, hosts, measureSeconds) = savedKnowledge
            throw error
        }
    }

    private func known(_ attempt: AttemptNumber) throws {
        guard attempts[attempt] != nil else {
            throw CatalogueRefusal(description: "attempt \(attempt) was never intended here")
        }
    }

    private func apply(_ change: CatalogueChange) throws {
        switch change {
        case .attemptIntended(let record):
            if let earlier = attempts[record.attempt], earlier.job != record.job {
                throw CatalogueRefusal(description: "attempt \(record.attempt) was already given to another job")
            }
            attempts[record.attempt] = record
        case .attemptStarted(let attempt, let event):
            try known(attempt)
            if event != nil { started.insert(attempt) }
        case .attemptEnded(let attempt, let outcome):
            try known(attempt)
            if ends[attempt] == nil { ends[attempt] = outcome }
        case .attemptExcused(let attempt, let reason):
            try known(attempt)
            if case .jobFault? = ends[attempt] { ends[attempt] = .hostFault(reason) }
        case .milestone(let training, _, let attempt, let checkpoint):
            try known(attempt)
            guard let weights = checkpoint.weights else {
                throw CatalogueRefusal(description: "a milestone without weights")
            }
            progress(training, attempt)
            record(.milestone(training, checkpoint.steps), .init(attempt: attempt, digest: weights.digest, rows: []))
            if let state = checkpoint.state { reach(training, .init(steps: checkpoint.steps, state: state.digest)) }
        case .recoveryPoint(let training, let attempt, let point, _):
            try known(attempt)
            progress(training, attempt)
            reach(training, point)
        case .stateKept(let training, let attempt, let point, _):
            guard let host = attempts[attempt]?.host else { return try known(attempt) }
            progress(training, attempt)
            if point.steps > keptStates[training]?.point.steps ?? 0 {
                keptStates[training] = .init(point: point, host: host)
            }
        case .measured(let attempt, let measured):
            try known(attempt)
            let unit = Unit.measure(measured.trial, measured.request.measure)
            if content.results[unit] == nil {
                measureSeconds[measured.request.measure, default: []].append(measured.seconds)
            }
            record(
                unit,
                .init(attempt: attempt, digest: measured.checkpoint, rows: measured.rows))
        case .trialState(let trial, let state, _): content.states[trial] = state
        case .hostSeen(let host, let facts):
            hosts[host] = Holdings.KnownHost(facts: facts, pace: hosts[host]?.pace)
        case .hostSilent(let host, let seconds): hosts[host]?.silentSeconds = seconds
        case .hostPace(let host, let pace): hosts[host]?.pace = pace
        }
    }

    private func record(_ unit: Unit, _ result: CatalogueContents.Result) {
        if let standing = content.results[unit]?.first, deduplicates {
            if standing.digest != result.digest || standing.rows != result.rows { content.evidence += 1 }
            return
        }
        content.results[unit, default: []].append(result)
    }

    private func progress(_ training: TrainingID, _ attempt: AttemptNumber) {
        progressed[training] = max(progressed[training] ?? attempt, attempt)
    }

    private func reach(_ training: TrainingID, _ point: ResumePoint) {
        if point.steps > states[training]?.steps ?? 0 { states[training] = point }
    }
}

extension MeasureRequest {
    static func simulated(_ name: String) -> MeasureRequest {
        MeasureRequest(measure: name, version: 1, parameters: ["samples": 8])
    }
}
