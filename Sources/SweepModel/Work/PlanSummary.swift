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
    /// Measures to compute of several trials each.
    package var comparisons = 0
    /// Trainings that go on from a state in the store.
    package var continued = 0
    /// Images of all `toTrain` trials, each trained alone from its beginning.
    package var imagesFromZero = 0
    /// Images that trials of one training share: `imagesFromZero` less the longest length of each training job.
    package var imagesSavedBySharing = 0
    /// Images that stored states save on top.
    package var imagesSavedByStates = 0
    /// Images to train now: `imagesFromZero` less both savings.
    package var imagesToTrain = 0

    package init() {}

    /// Images are those of the very jobs that a launch would run (`JobGraph`): a stored state serves the missing lengths
    /// beyond it, and those up to it are trained from the beginning.
    package init(of sweep: ExpandedSweep, given holdings: Holdings) {
        self.init(of: sweep, given: holdings, by: JobGraph(sweeps: [sweep], holdings: holdings))
    }

    /// Does the same for a caller that has the graph of that sweep alone.
    package init(of sweep: ExpandedSweep, given holdings: Holdings, by graph: JobGraph) {
        trials = sweep.trials.count
        trainings = sweep.trainings.count
        settled = graph.settled.count
        for place in graph.trials.indices {
            let trial = graph.trials[place]
            if trial.trainJob != nil {
                toTrain += 1
            } else if trial.measureJob != nil {
                toMeasure += 1
            } else {
                complete += 1
            }
        }
        for job in graph.jobs {
            if case .measure(_, _, let missing) = job.work { measures += missing.count }
            if case .compare(_, _, _, let missing) = job.work { comparisons += missing.count }
            guard case .train(let milestones) = job.work, let first = milestones.first, let last = milestones.last,
                let batch = graph.trainings[job.training]?.batch
            else { continue }
            let state = holdings.states[job.training]?.steps ?? 0
            let start = state < first.steps ? state : 0
            if start > 0 { continued += 1 }
            let lengths = milestones.map { $0.steps.times(batch) }
            imagesFromZero = lengths.reduce(imagesFromZero) { $0.plus($1) }
            imagesSavedBySharing = lengths.dropLast().reduce(imagesSavedBySharing) { $0.plus($1) }
            imagesSavedByStates = imagesSavedByStates.plus(start.times(batch))
            imagesToTrain = imagesToTrain.plus((last.steps - start).times(batch))
        }
    }
}

extension Int {
    /// Sums and products, where a file may ask for more than an `Int`: the largest number stands for all beyond it.
    fileprivate func plus(_ other: Int) -> Int {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? .max : sum
    }

    fileprivate func times(_ other: Int) -> Int {
        let (product, overflows) = multipliedReportingOverflow(by: other)
        return overflows ? .max : product
    }
}
