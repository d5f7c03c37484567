import JobContract

/// What a sweep costs and what of it the catalogue already has. Lengths are in images.
package struct PlanSummary: Hashable, Sendable {
    package var trials = 0
    package var trainings = 0
    /// Trials whose checkpoint and measures are all recorded.
    package var complete = 0
    /// Trials whose checkpoint is recorded and measures are not.
    package var toMeasure = 0
    /// Trials whose checkpoint is not recorded.
    package var toTrain = 0
    /// Failed and cancelled trials, which only `retry` runs again.
    package var settled = 0
    /// Measures to compute, each of one trial.
    package var measures = 0
    /// Trainings that go on from a state in the store.
    package var continued = 0
    /// Images of all `toTrain` trials, each trained alone from its beginning.
    package var imagesFromZero = 0
    /// Images that trials of one training share: `imagesFromZero` less each training's longest missing length.
    package var imagesSavedBySharing = 0
    /// Images that stored states save on top.
    package var imagesSavedByStates = 0
    /// Images to train now: `imagesFromZero` less both savings.
    package var imagesToTrain = 0

    package init() {}

    /// A training continues from the stored state where that lies before its first missing milestone; a state beyond
    /// it cannot give the milestone, and the training starts again.
    package init(of sweep: ExpandedSweep, given holdings: Holdings) {
        trials = sweep.trials.count
        trainings = sweep.trainings.count
        var missing: [TrainingID: [Int]] = [:]
        let recorded = holdings.milestones.mapValues { Set($0.map(\.steps)) }
        for trial in sweep.trials {
            if let state = holdings.settled[trial.id], state == .failed || state == .cancelled {
                settled += 1
                continue
            }
            let unmeasured = sweep.measures.count {
                !holdings.measured.contains(Holdings.MeasuredUnit(trial: trial.id, request: $0))
            }
            measures += unmeasured
            if recorded[trial.training]?.contains(trial.steps) != true {
                toTrain += 1
                missing[trial.training, default: []].append(trial.steps)
            } else if unmeasured > 0 {
                toMeasure += 1
            } else {
                complete += 1
            }
        }
        for (training, lengths) in missing {
            guard let batch = sweep.trainings[training]?.batch, let longest = lengths.max(),
                let shortest = lengths.min()
            else { continue }
            var start = 0
            if let state = holdings.states[training], state.steps < shortest { start = state.steps }
            if start > 0 { continued += 1 }
            let fromZero = lengths.reduce(0, +) * batch
            imagesFromZero += fromZero
            imagesSavedBySharing += fromZero - longest * batch
            imagesSavedByStates += start * batch
            imagesToTrain += (longest - start) * batch
        }
    }
}
