import JobContract
import SweepModel

extension ModelCatalogue {
    func merge(_ foreign: ForeignResults) throws -> [AttemptNumber: AttemptNumber] {
        if isOpen, mutant != .lockIsMissing, mutant != .mergeIgnoresTheLock {
            throw CatalogueRefusal(description: "another process writes it")
        }
        for attempt in foreign.attempts where rows.merged[foreign.number]?[attempt.record.attempt] == nil {
            let last = rows.attempts.keys.max()?.value ?? 0
            let theirs = attempt.record.attempt
            let number = mutant == .mergeKeepsNumbers && !foreign.isAdoption ? theirs : AttemptNumber(last + 1)
            rows.merged[foreign.number, default: [:]][theirs] = number
            let changes = foreign.changes(of: attempt, as: number)
            if foreign.isAdoption {
                try commit(changes)
            } else {
                merge(changes, attempt.compared, statesToo: foreign.bringsFiles)
            }
        }
        if !foreign.isAdoption { settleAll() }
        return rows.merged[foreign.number] ?? [:]
    }

    private func merge(_ changes: [CatalogueChange], _ compared: [TrialID: Digest], statesToo: Bool) {
        for change in changes {
            switch change {
            case .attemptIntended(let record): rows.attempts[record.attempt] = record
            case .attemptEnded(let attempt, let outcome): rows.ends[attempt] = outcome
            case .milestone(let training, let trial, let attempt, let checkpoint):
                guard let given = checkpoint.given else { break }
                let unit = Unit.milestone(training, checkpoint.steps)
                let isNew = rows.content.results[unit] == nil
                merge(unit, of: trial, .init(attempt: attempt, given: given))
                if isNew, statesToo, let state = checkpoint.state {
                    rows.states[training, default: .init()].ofMilestones[checkpoint.steps] = state.digest
                }
            case .measured(let attempt, let measured): merge(measured, attempt, compared)
            default: break
            }
        }
    }

    func isMerged(_ attempt: AttemptNumber) -> Bool { rows.merged.values.contains { $0.values.contains(attempt) } }

    /// Merges a measure. One that was taken of other weights than the checkpoints that stand here is evidence only.
    private func merge(_ measured: WorkerEvent.Measured, _ attempt: AttemptNumber, _ compared: [TrialID: Digest]) {
        let unit = Unit.measure(measured.trial, measured.request)
        let result = CatalogueContents.Result(attempt: attempt, given: measured.given)
        let isOfOthers = ([measured.trial] + measured.request.others).contains { id in
            guard let trial = trials[id] else { return false }
            let standing = rows.content.results[.milestone(trial.training, trial.steps)]?.first?.given.digest
            return standing != (id == measured.trial ? measured.checkpoint : compared[id])
        }
        if isOfOthers, rows.content.results[unit] == nil, mutant != .mergeTakesMeasuresOfOthers {
            return _ = rows.content.evidence.insert(unit.evidence(of: measured.trial, result))
        }
        if rows.content.results[unit] == nil {
            rows.measureSeconds[measured.request.measure, default: []].append(measured.seconds)
        }
        merge(unit, of: measured.trial, result)
        rows.failedMeasures[.init(trial: measured.trial, request: measured.request)] = nil
    }

    private func merge(_ unit: Unit, of trial: TrialID, _ result: CatalogueContents.Result) {
        guard mutant == .mergeDoubles else { return record(unit, of: trial, result) }
        rows.content.results[unit, default: []].append(result)
    }

    /// Records trials that have everything now as done, whoever gave up on them.
    private func settleAll() {
        for (id, trial) in trials where [.waiting, .failed, .cancelled].contains(rows.content.states[id]) {
            let units = [Unit.milestone(trial.training, trial.steps)] + sweep.measures.map { .measure(id, $0) }
            if units.allSatisfy({ rows.content.results[$0] != nil }) { rows.content.states[id] = .succeeded }
        }
    }
}
