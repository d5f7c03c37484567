import JobContract

/// What is left to do of some sweeps, as jobs: pure, and in an order fixed by the sweeps' own.
///
/// A training whose wanted lengths are not all recorded is one job that goes to the longest missing length. Where the
/// store's state lies between missing lengths, those beyond it are a job of their own, which continues from it, and
/// those before it another, which starts from nothing; unless an open attempt is at work on both. Several open attempts of
/// a training keep a job each. A length that several of them were given belongs to the last of these: a length is given
/// again only when the attempt before is given up, or when what that attempt left is lost.
///
/// A trial's missing measures are one job, which may start as soon as the trial's milestone is recorded. The missing
/// comparisons of the same trials are one job too, if none of these trials is settled.
package struct JobGraph: Sendable {
    package private(set) var jobs: [Job] = []
    /// Every wanted trial that is not settled, in the sweeps' order.
    package private(set) var trials = WantedTrials()
    /// Wanted trials that are left alone: failed or cancelled earlier, or taken back by every sweep here.
    package private(set) var settled: [TrialID: TrialState] = [:]
    /// The jobs that compare a trial with others, or others with it.
    package private(set) var comparisons: [TrialID: [Int]] = [:]
    /// Wanted comparisons that are left alone, for they failed earlier.
    package private(set) var failedComparisons: Set<Holdings.MeasuredUnit> = []
    /// The wanted measures that failed earlier and are left alone, by trial, with the reason.
    package private(set) var failedMeasures: [TrialID: [MeasureRequest: String]] = [:]
    /// The jobs of trainings that were made for an open attempt.
    package private(set) var kept: [AttemptNumber: Int] = [:]
    /// The sweeps' trainings.
    package let trainings: [TrainingID: Training]
    /// The measures of a worker's networks that another takes.
    private let borrowed: [WorkerName: BorrowedMeasures]

    /// The wanted trial of a training that ends at `steps`.
    package func trial(of training: TrainingID, steps: Int) -> WantedTrial? {
        trials.places(of: training).map { trials[$0] }.first { $0.steps == steps }
    }

    /// Recorded trials need no job; settled ones, and those that a sweep took back, get none. Equal trials of several sweeps
    /// are one trial, with the union of their measures and of their needs.
    package init(sweeps: [ExpandedSweep], holdings: Holdings) {
        trainings = sweeps.dropFirst().reduce(sweeps.first?.trainings ?? [:]) { known, sweep in
            known.merging(sweep.trainings) { first, _ in first }
        }
        var borrowed: [WorkerName: BorrowedMeasures] = [:]
        for sweep in sweeps {
            if let measures = sweep.borrowed { borrowed[measures.owner] = measures }
        }
        self.borrowed = borrowed
        var wishes = MeasureWishes(sweeps.map(\.measures))
        var takenBack: [TrialID] = []
        trials.reserve(sweeps.map(\.trials.count).max() ?? 0)
        for (number, sweep) in sweeps.enumerated() {
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
                let (place, isNew) = trials.add(trial, needs: sweep.needs, of: number)
                wishes.add(number, at: place, isNew: isNew)
            }
        }
        for trial in takenBack where trials.place(of: trial) == nil && settled[trial] == nil {
            settled[trial] = holdings.succeeded.contains(trial) ? .succeeded : .cancelled
        }
        let open = Dictionary(grouping: holdings.openAttempts.filter { $0.kind == .train }, by: \.training)
        wishes.noteMeasured(holdings.measured, among: trials)
        var failed: [TrialID: [MeasureRequest: String]] = [:]
        for (unit, reason) in holdings.failedMeasures where !unit.request.isComparison {
            failed[unit.trial, default: [:]][unit.request] = reason
        }
        jobs.reserveCapacity(trials.count + trials.trainings.count)
        for training in trials.trainings {
            let places = Array(trials.places(from: training.first))
            addTraining(
                training.id, places, needs: training.needs, holdings: holdings, open: open[training.id] ?? [])
            for place in places {
                let trial = trials[place]
                var missing = wishes.missing(of: trial.id, at: place)
                if let lost = failed[trial.id] {
                    failedMeasures[trial.id] = lost.filter { missing.contains($0.key) }
                    missing.removeAll { lost[$0] != nil }
                }
                guard !missing.isEmpty else { continue }
                trials.setMeasureJob(jobs.count, at: place)
                jobs.append(
                    Job(
                        training: training.id,
                        work: .measure(trial: trial.id, steps: trial.steps, measures: missing), needs: training.needs))
            }
        }
        addComparisons(of: sweeps, holdings)
    }

    /// The worker that takes a measure of a training's networks in place of the training's own; nil: its own does.
    package func measuring(_ request: MeasureRequest, of training: Training) -> WorkerName? {
        guard !borrowed.isEmpty, let worker = training.worker, let measures = borrowed[worker],
            measures.names.contains(request.measure)
        else { return nil }
        return measures.worker
    }

    private mutating func addComparisons(of sweeps: [ExpandedSweep], _ holdings: Holdings) {
        var places: [[TrialID]: Int] = [:]
        for sweep in sweeps {
            for comparison in sweep.comparisons {
                let trial = comparison.trial
                let request = comparison.request
                guard !holdings.measured.trials(with: request).contains(trial) else { continue }
                let unit = Holdings.MeasuredUnit(trial: trial, request: request)
                guard holdings.failedMeasures[unit] == nil else {
                    failedComparisons.insert(unit)
                    continue
                }
                let members = [trial] + request.others
                guard members.allSatisfy({ trials[$0] != nil }), let wanted = trials[trial] else { continue }
                if let place = places[members] {
                    jobs[place].add(request)
                    continue
                }
                places[members] = jobs.count
                for member in members { comparisons[member, default: []].append(jobs.count) }
                jobs.append(
                    Job(
                        training: wanted.training,
                        work: .compare(
                            trial: trial, others: Array(members.dropFirst()), steps: wanted.steps,
                            measures: [request]), needs: sweep.needs))
            }
        }
    }

    private mutating func addTraining(
        _ training: TrainingID, _ places: [Int], needs: JobNeeds, holdings: Holdings, open: [AttemptRecord]
    ) {
        let recorded = holdings.milestones[training] ?? []
        var missing = places
        if !recorded.isEmpty { missing.removeAll { place in recorded.contains { $0.steps == trials[place].steps } } }
        missing.sort { trials[$0].steps < trials[$1].steps }
        // A lost length that no open attempt has is a job of its own, so that those attempts go on with theirs.
        if !open.isEmpty {
            let again = missing.filter { place in
                let id = trials[place].id
                return holdings.lost[id] != nil && !open.contains { $0.trials.contains(id) }
            }
            addTraining(training, again, needs: needs)
            missing.removeAll(where: again.contains)
        }
        let reached = holdings.states[training]?.steps ?? 0
        var parts = [missing.filter { trials[$0].steps <= reached }, missing.filter { trials[$0].steps > reached }]
        let isOneWork =
            !open.isEmpty
            && open.contains { attempt in
                parts.allSatisfy { part in part.contains { attempt.trials.contains(trials[$0].id) } }
            }
        if isOneWork { parts = [missing] }
        for part in parts.flatMap({ divide($0, among: open) }) {
            if let owner = part.owner { kept[owner] = jobs.count }
            addTraining(training, part.places, needs: needs)
        }
    }

    private mutating func addTraining(_ training: TrainingID, _ places: [Int], needs: JobNeeds) {
        guard !places.isEmpty else { return }
        for place in places { trials.setTrainJob(jobs.count, at: place) }
        let milestones = places.map { Milestone(steps: trials[$0].steps, trial: trials[$0].id) }
        jobs.append(Job(training: training, work: .train(milestones: milestones), needs: needs))
    }

    /// Divides lengths among several open attempts, so that none of these is given up: each keeps the lengths that it was
    /// the last to be given, and a length that none was given goes with the next shorter one.
    private func divide(
        _ part: [Int], among open: [AttemptRecord]
    ) -> [(owner: AttemptNumber?, places: [Int])] {
        if open.isEmpty { return part.isEmpty ? [] : [(nil, part)] }
        var owner: AttemptNumber?
        var divided: [(owner: AttemptNumber?, places: [Int])] = []
        for place in part {
            let id = trials[place].id
            let holder = open.filter { $0.trials.contains(id) }.map(\.attempt).max()
            // The first length that has an owner decides for those before it.
            if let holder, owner == nil, !divided.isEmpty { divided[0].owner = holder }
            owner = holder ?? owner
            if let index = divided.firstIndex(where: { $0.owner == owner }) {
                divided[index].places.append(place)
            } else {
                divided.append((owner, [place]))
            }
        }
        return divided
    }
}

extension JobNeeds {
    /// Asks for what either asks for.
    package mutating func formUnion(_ other: JobNeeds) {
        if let theirs = other.memory { memory = max(memory ?? 0, theirs) }
        tags.formUnion(other.tags)
        gpus = max(gpus, other.gpus)
    }
}

extension Training {
    /// A number that grows with the time a training of `steps` optimiser steps takes: images, each of the cost that its
    /// architecture says. For ordering and shares only.
    package func cost(steps: Int) -> Double {
        Double(steps) * costPerStep
    }

    /// `costPerStep` by what it depends on; nil: a spec that does not say.
    package static func costPerStep(
        architecture: String?, batch: Int?, resolution: Double?, scale: Double?
    ) -> Double {
        Double(batch ?? 1) * Architecture.cost(of: architecture, scale: scale, resolution: resolution)
    }
}
