import Foundation
import JobContract
import SweepModel

/// A sweep expanded, with what became of the points that are no trials of their own.
package struct Expansion: Sendable {
    package var sweep: ExpandedSweep
    /// Points that became equal to an earlier one.
    package var merged: [MergedPoint]
    /// Points that `exclude` removed.
    package var excluded: Int
}

/// A grid point that names the same trial as an earlier one.
package struct MergedPoint: Sendable {
    /// The position of the trial it is.
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
    /// Every trial the file asks for, in promised order: blocks as they stand, in each the first axis varying slowest.
    ///
    /// `identify` is asked once for each dataset; where it throws a `DatasetProblem`, that comes back as a `SweepFileError`
    /// with the line to blame; other errors, such as a full disk's, come back as they are.
    /// `SweepFileError` too for measures, architectures, keys and sizes that this worker or these data do not have.
    package func expand(
        worker description: WorkerDescription, identify: @escaping (DatasetRequest) throws -> DatasetIdentity
    ) throws -> Expansion {
        let measures = try MeasureWish.resolve(content.measures, by: description)
        var collector = TrialCollector()
        var datasets = DatasetDirectory(identify: identify)
        for block in content.blocks {
            let resolver = BlockResolver(block, settings: content.settings)
            let expander = BlockExpander(resolver: resolver, content: content, worker: description)
            try expander.expand(into: &collector, datasets: &datasets)
        }
        if collector.list.trials.isEmpty {
            throw SweepFileError(
                "no trial is left: every point is excluded", key: "grid",
                at: content.blocks.first?.origin ?? TextOrigin(file: name))
        }
        let sweep = ExpandedSweep(
            name: name, about: about, text: text, overrides: overrides, trials: collector.list.trials,
            trainings: collector.trainings, datasets: collector.datasets, measures: measures, needs: needs,
            worker: self.worker)
        return Expansion(sweep: sweep, merged: collector.list.merged, excluded: collector.excluded)
    }
}

/// Trials of all blocks so far, their trainings and datasets.
struct TrialCollector {
    var list = TrialList()
    var trainings: [TrainingID: Training] = [:]
    var datasets: [TrainingID: DatasetRequest] = [:]
    var excluded = 0

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
        index.reserve(trials.count + count, rehashing: trials)
    }

    /// Adds a point; an equal one that is there already stands for it.
    mutating func add(_ id: TrialID, training: TrainingID, steps: Int, asked: PointRecord) {
        if let earlier = index.insert(id, at: trials.count, among: trials) {
            merged.append(MergedPoint(position: earlier, asked: asked))
        } else {
            trials.append(Trial(id: id, training: training, steps: steps, position: trials.count, asked: asked))
        }
    }
}

/// Positions of trials by ID: open addressing over the array of trials itself, four bytes a slot.
struct TrialIndex {
    /// Position + 1; 0 is free. At most half are in use.
    private var slots: [UInt32] = []

    /// Makes room for `count` trials in all.
    mutating func reserve(_ count: Int, rehashing trials: [Trial]) {
        var size = 16
        while size < 2 * count { size *= 2 }
        guard size > slots.count else { return }
        slots = Array(repeating: 0, count: size)
        for (position, trial) in trials.enumerated() {
            slots[free(for: trial.id, among: trials).slot] = UInt32(position) + 1
        }
    }

    /// Notes that `id` will stand at `position`, or returns where it stands already.
    mutating func insert(_ id: TrialID, at position: Int, among trials: [Trial]) -> Int? {
        let (slot, earlier) = free(for: id, among: trials)
        if earlier == nil { slots[slot] = UInt32(position) + 1 }
        return earlier
    }

    private func free(for id: TrialID, among trials: [Trial]) -> (slot: Int, earlier: Int?) {
        let mask = slots.count - 1
        // Digests are uniform, so any of their bits will do.
        var slot = Int(truncatingIfNeeded: id.digest.prefixBits) & mask
        while slots[slot] != 0 {
            let position = Int(slots[slot]) - 1
            if trials[position].id == id { return (slot, position) }
            slot = (slot + 1) & mask
        }
        return (slot, nil)
    }
}

/// Datasets by request, each identified once.
struct DatasetDirectory {
    let identify: (DatasetRequest) throws -> DatasetIdentity
    private var known: [DatasetRequest: DatasetIdentity] = [:]

    init(identify: @escaping (DatasetRequest) throws -> DatasetIdentity) { self.identify = identify }

    mutating func identity(of request: DatasetRequest) throws -> DatasetIdentity {
        if let identity = known[request] { return identity }
        let identity = try identify(request)
        known[request] = identity
        return identity
    }
}
