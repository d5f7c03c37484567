import Dispatch
import JobContract
import SweepModel

/// A sweep expanded, with what became of the points that are no trials of their own.
package struct Expansion: Sendable {
    package var sweep: ExpandedSweep
    /// Points that became equal to an earlier one.
    package var merged: [MergedPoint]
    /// Points that `exclude` removed.
    package var excluded: Int
    /// The lines that say in words what each of the datasets consists of: `DatasetAccount.lines`.
    package var datasets: [[String]]
    /// Sentences that advise the sweep's author to do something otherwise.
    package var advice: [String]
}

/// A grid point that names the same trial as an earlier one.
package struct MergedPoint: Sendable {
    /// The position of the trial that the point names.
    package var position: Int
    private var record: PointRecord

    init(position: Int, asked: PointRecord) {
        self.position = position
        record = asked
    }

    /// The axes as the file asked for them.
    package var asked: [String: JSONValue] { record.values }
}

extension SweepFile {
    /// Points of the grid before any is excluded; of more than are taken one more than that.
    package var points: Int {
        let most = BlockResolver.mostPoints + 1
        return content.blocks.reduce(0) { total, block in
            min(most, total + block.dimensions.reduce(1) { min(most, $0 * $1.count) })
        }
    }

    /// Every trial the file asks for, in promised order: blocks as they stand, in each the first axis varying slowest.
    ///
    /// `teachers` finds the trials of other sweeps that draw images. `identify` is asked once for each other dataset. A `DatasetProblem` that it throws comes back as a `SweepFileError` with
    /// the line to blame; its other errors, such as a full disk's, come back as they are.
    /// Throws `SweepFileError` too for measures, architectures, keys and sizes that this worker or these data do not have.
    package func expand(
        worker description: WorkerDescription, teachers: (any TeacherBook)? = nil,
        identify: @escaping (DatasetRequest) throws -> DatasetIdentity
    ) throws -> Expansion {
        let wishes = try MeasureWish.resolve(content.measures, by: description, keys: content.keys)
        let rules = MeasureRules(wishes, by: description, beside: content.keys)
        var collector = TrialCollector()
        var datasets = DatasetDirectory(identify: identify)
        for block in content.blocks {
            // The search holds all trials so far only until the resolver is made.
            let resolver = try TeacherSearch(
                sweep: name, settings: content.settings, collector: collector, book: teachers
            ).resolver(block, keys: content.keys)
            let expander = BlockExpander(
                resolver: resolver, content: content, worker: description, rules: rules)
            try expander.expand(into: &collector, datasets: &datasets)
        }
        if collector.list.trials.isEmpty {
            throw SweepFileError(
                "no trial is left: every point is excluded", key: "grid",
                at: content.blocks.first?.origin ?? TextOrigin(file: name))
        }
        try rules.checkLevels(collector.levels)
        if collector.hasOthers, let other = content.keys.other {
            let taken = Set(other.measures.map(\.measure))
            if let wish = wishes.first(where: { !taken.contains($0.name) }) {
                throw wish.failure(
                    "the worker \(description.name) takes it itself, of its own networks, and \(other.name) trains some of "
                        + "this sweep's: expected another sweep for these, or a measure of \(other.name)'s")
            }
        }
        let axes = Set(content.blocks.flatMap(\.keys))
        let comparisons = try wishes.flatMap { wish in
            try ComparisonWish(wish)?.comparisons(
                among: collector.list.trials, of: collector.trainings, axes: axes) ?? []
        }
        var needs = needs
        needs.gpus = max(needs.gpus, description.gpus ?? 0)
        let sweep = ExpandedSweep(
            name: name, about: about, text: text, overrides: overrides, trials: collector.list.trials,
            trainings: collector.trainings, datasets: collector.datasets,
            measures: wishes.filter { $0.across == nil }.map(\.request), comparisons: comparisons,
            needs: needs, worker: self.worker)
        return Expansion(
            sweep: sweep, merged: collector.list.merged, excluded: collector.excluded, datasets: datasets.inWords,
            advice: datasets.advice)
    }
}

/// Trials of all blocks so far, their trainings and datasets.
struct TrialCollector {
    var list = TrialList()
    var trainings: [TrainingID: Training] = [:]
    var datasets: [TrainingID: DatasetRequest] = [:]
    var excluded = 0
    /// Whether some trainings are of the worker beside the sweep's own.
    var hasOthers = false
    /// The noise levels that networks are for, where they are known and measures go by them.
    var levels: Set<LevelRange> = []

    /// Lets each part grow on a thread of its own: for a million trials that is half of the time.
    mutating func add(
        trainings addTrainings: @Sendable (inout [TrainingID: Training]) -> Void,
        datasets addDatasets: @Sendable (inout [TrainingID: DatasetRequest]) -> Void,
        trials addTrials: @Sendable (inout TrialList) -> Void
    ) {
        withUnsafeMutablePointer(to: &trainings) { trainings in
            withUnsafeMutablePointer(to: &datasets) { datasets in
                withUnsafeMutablePointer(to: &list) { list in
                    // Each is touched by one part alone, and all parts end before this call does.
                    nonisolated(unsafe) let (trainings, datasets, list) = (trainings, datasets, list)
                    DispatchQueue.concurrentPerform(iterations: 3) { part in
                        switch part {
                        case 0: addTrials(&list.pointee)
                        case 1: addTrainings(&trainings.pointee)
                        default: addDatasets(&datasets.pointee)
                        }
                    }
                }
            }
        }
    }
}

/// Trials in order, each once.
struct TrialList {
    private(set) var trials: [Trial] = []
    private(set) var merged: [MergedPoint] = []
    private var index = TrialIndex()

    mutating func reserve(_ count: Int) {
        trials.reserveCapacity(trials.count + count)
        index.reserve(trials.count + count)
    }

    /// Adds a point as a trial; where its trial is there already, as a merged point.
    mutating func add(_ id: TrialID, training: TrainingID, steps: Int, asked: PointRecord) {
        var probe = index.probe(id)
        while let earlier = index.next(&probe) {
            guard trials[earlier].id == id else { continue }
            merged.append(MergedPoint(position: earlier, asked: asked))
            return
        }
        index.insert(id, at: trials.count)
        trials.append(Trial(id: id, training: training, steps: steps, position: trials.count, asked: asked))
    }
}

/// Datasets by request, each identified once.
struct DatasetDirectory {
    let identify: (DatasetRequest) throws -> DatasetIdentity
    private var known: [DatasetRequest: DatasetIdentity] = [:]

    init(identify: @escaping (DatasetRequest) throws -> DatasetIdentity) { self.identify = identify }

    mutating func identity(of request: DatasetRequest) throws -> DatasetIdentity {
        if let identity = known[request] { return identity }
        let identity = try request.samples?.identity ?? identify(request)
        known[request] = identity
        return identity
    }

    /// Says so where one source's images are made into several datasets: each of these has a permutation of its own, unless
    /// the source's order is asked for.
    var advice: [String] {
        let alike = Dictionary(grouping: known.keys.filter { !$0.keepsNumbers }) { request in
            var source = request
            (source.resolution, source.channels) = (0, 0)
            source.parameters["shuffle"] = nil
            return source
        }
        guard alike.values.contains(where: { $0.count > 1 }) else { return [] }
        return [
            "each resolution, number of channels and shuffling draws images of its own; dataset.order: source gives all of "
                + "them the same"
        ]
    }

    var inWords: [[String]] {
        known.map { $1.account.lines($0) }.sorted { $0.lexicographicallyPrecedes($1) }
    }
}
