import JobContract

/// What is left to do of some sweeps, as jobs: pure, and in an order fixed by the sweeps' own.
///
/// A training whose wanted lengths are not all recorded is one job that goes to the longest missing length. Where the
/// store's state lies between missing lengths, those beyond it are a job of their own, which continues from it, and
/// those before it another, which starts from nothing; unless an open attempt is at work on both. A trial's missing
/// measures are one job, which may start as soon as the trial's milestone is recorded.
package struct JobGraph: Sendable {
    /// A wanted trial and the jobs that serve it, as indices into `jobs`; nil: nothing is left to do of that kind.
    package struct WantedTrial: Hashable, Sendable {
        package let id: TrialID
        package let training: TrainingID
        package let steps: Int
        package var trainJob: Int?
        package var measureJob: Int?
    }

    package private(set) var jobs: [Job] = []
    /// Every wanted trial that is not settled.
    package private(set) var trials: [TrialID: WantedTrial] = [:]
    /// The keys of `trials` in the sweeps' order.
    package private(set) var order: [TrialID] = []
    /// Wanted trials that are left alone: failed or cancelled earlier, or taken back by every sweep here.
    package private(set) var settled: [TrialID: TrialState] = [:]
    package private(set) var trainings: [TrainingID: Training] = [:]
    private var trialsByLength: [TrainingID: [Int: TrialID]] = [:]

    /// The wanted trial of a training that ends at `steps`.
    package func trial(of training: TrainingID, steps: Int) -> WantedTrial? {
        trialsByLength[training]?[steps].flatMap { trials[$0] }
    }

    /// Recorded trials need no job, settled ones and those a sweep took back get none, equal trials of several sweeps
    /// are one with the union of their measures and of their needs.
    package init(sweeps: [ExpandedSweep], holdings: Holdings) {
        var measures: [TrialID: [MeasureRequest]] = [:]
        var needs: [TrainingID: JobNeeds] = [:]
        var members: [TrainingID: [TrialID]] = [:]
        var trainingOrder: [TrainingID] = []
        var takenBack: [TrialID] = []
        for sweep in sweeps {
            let taken = holdings.takenBack[sweep.name] ?? []
            for trial in sweep.trials {
                if taken.contains(trial.id) {
                    takenBack.append(trial.id)
                    continue
                }
                if let state = holdings.settled[trial.id] {
                    settled[trial.id] = state
                    continue
                }
                if trials[trial.id] == nil {
                    trials[trial.id] = WantedTrial(id: trial.id, training: trial.training, steps: trial.steps)
                    trialsByLength[trial.training, default: [:]][trial.steps] = trial.id
                    order.append(trial.id)
                    if members[trial.training] == nil { trainingOrder.append(trial.training) }
                    members[trial.training, default: []].append(trial.id)
                }
                trainings[trial.training] = trainings[trial.training] ?? sweep.trainings[trial.training]
                needs[trial.training, default: JobNeeds()].formUnion(sweep.needs)
                for request in sweep.measures where measures[trial.id]?.contains(request) != true {
                    measures[trial.id, default: []].append(request)
                }
            }
        }
        for trial in takenBack where trials[trial] == nil && settled[trial] == nil {
            settled[trial] = holdings.succeeded.contains(trial) ? .succeeded : .cancelled
        }
        let open = Dictionary(grouping: holdings.openAttempts, by: \.training)
        for training in trainingOrder {
            let trainingNeeds = needs[training] ?? JobNeeds()
            let wanted = (members[training] ?? []).compactMap { trials[$0] }
            addTraining(
                training, wanted: wanted, needs: trainingNeeds, holdings: holdings, open: open[training] ?? [])
            for trial in wanted {
                let missing = (measures[trial.id] ?? []).filter {
                    !holdings.measured.contains(Holdings.MeasuredUnit(trial: trial.id, request: $0))
                }
                guard !missing.isEmpty else { continue }
                trials[trial.id]?.measureJob = jobs.count
                jobs.append(
                    Job(
                        id: Self.jobID("measure", training, [trial.id]), training: training,
                        work: .measure(trial: trial.id, steps: trial.steps, measures: missing), needs: trainingNeeds))
            }
        }
    }

    private mutating func addTraining(
        _ training: TrainingID, wanted: [WantedTrial], needs: JobNeeds, holdings: Holdings, open: [AttemptRecord]
    ) {
        let recorded = Set((holdings.milestones[training] ?? []).map(\.steps))
        let missing = wanted.filter { !recorded.contains($0.steps) }.sorted { $0.steps < $1.steps }
        let reached = holdings.states[training]?.steps ?? 0
        var parts = [missing.filter { $0.steps <= reached }, missing.filter { $0.steps > reached }]
        let isOneWork = open.contains { attempt in
            parts.allSatisfy { part in part.contains { attempt.trials.contains($0.id) } }
        }
        if isOneWork { parts = [missing] }
        for part in parts where !part.isEmpty {
            for trial in part { trials[trial.id]?.trainJob = jobs.count }
            jobs.append(
                Job(
                    id: Self.jobID("train", training, part.map(\.id)), training: training,
                    work: .train(milestones: part.map { Milestone(steps: $0.steps, trial: $0.id) }), needs: needs))
        }
    }

    /// The name of a job: a digest of its kind, its training and the trials it serves, sorted.
    static func jobID(_ kind: String, _ training: TrainingID, _ trials: [TrialID]) -> JobID {
        let text = ([kind, training.hex] + trials.map(\.hex).sorted()).joined(separator: "\n")
        return JobID(Digest(of: text.utf8))
    }
}

extension JobNeeds {
    /// Asks for what either asks for.
    package mutating func formUnion(_ other: JobNeeds) {
        if let theirs = other.memory { memory = max(memory ?? 0, theirs) }
        tags.formUnion(other.tags)
    }
}

extension Training {
    /// A number that grows with the time a training of `steps` optimiser steps takes: images × pixels × scale ×
    /// (scale + 16), since small networks spend their time in overhead and large ones in their square. For ordering
    /// and shares only.
    package func cost(steps: Int) -> Double {
        Double(steps) * costPerStep
    }

    /// `cost` of one step; looks up the training's keys, so keep it where it is asked for often.
    package var costPerStep: Double {
        let values = spec
        return Self.costPerStep(
            batch: values["training.batch"]?.integerValue, resolution: values["dataset.resolution"]?.doubleValue,
            scale: values["model.scale"]?.doubleValue)
    }

    /// `costPerStep` by what it depends on; nil: a spec that does not say.
    package static func costPerStep(batch: Int?, resolution: Double?, scale: Double?) -> Double {
        let side = resolution ?? 16
        let scale = scale ?? 16
        return Double(batch ?? 1) * side * side * scale * (scale + 16)
    }
}
