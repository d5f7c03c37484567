import JobContract

/// A training: the trajectory that trials differing only in length share.
package struct Training: Hashable, Sendable {
    package let id: TrainingID
    /// Every result-relevant key and its value, without the length: what `id` is the digest of.
    package var spec: [String: JSONValue] { record.values }
    /// The canonical JSON of `spec`.
    package var specText: [UInt8] { get throws(CanonicalJSON.Failure) { try record.text } }
    let record: PointRecord
    private let knownCost: Double?

    package init(id: TrainingID, spec: [String: JSONValue]) { self.init(id: id, spec: .values(spec)) }

    /// A given `costPerStep` saves computing it from the spec.
    package init(id: TrainingID, spec: PointRecord, costPerStep: Double? = nil) {
        self.id = id
        record = spec
        knownCost = costPerStep
    }

    package static func == (a: Training, b: Training) -> Bool { a.id == b.id && a.record == b.record }

    /// The ID tells trainings apart well enough.
    package func hash(into hasher: inout Hasher) { hasher.combine(id) }

    /// One key of the spec, quicker than `spec`.
    package subscript(key: String) -> JSONValue? { record[key] }
    /// The worker that it is named with; nil: a spec that does not say.
    package var worker: WorkerName? {
        guard let name = self["worker.name"]?.stringValue, let numerics = self["worker.numerics"]?.integerValue else {
            return nil
        }
        return WorkerName(name: name, numerics: numerics)
    }
    package var batch: Int { self["training.batch"]?.integerValue ?? 1 }
    package var datasetSize: Int { self["dataset.size"]?.integerValue ?? 1 }

    /// `cost` of one step.
    package var costPerStep: Double {
        knownCost
            ?? Self.costPerStep(
                architecture: self["model.architecture"]?.stringValue, batch: self["training.batch"]?.integerValue,
                resolution: self["dataset.resolution"]?.doubleValue,
                scale: self["model.scale"]?.doubleValue)
    }
}

/// One grid point.
package struct Trial: Hashable, Sendable {
    package let id: TrialID
    package let training: TrainingID
    /// Length in optimiser steps.
    package let steps: Int
    /// Place in the sweep, from 0, in the grid's promised order.
    package let position: Int
    /// The axes as the file asked for them, before defaults and rounding; empty for a trial read from a catalogue.
    package var asked: [String: JSONValue] { record.values }
    private let record: PointRecord

    package init(id: TrialID, training: TrainingID, steps: Int, position: Int, asked: [String: JSONValue]) {
        self.init(id: id, training: training, steps: steps, position: position, asked: .values(asked))
    }

    package init(id: TrialID, training: TrainingID, steps: Int, position: Int, asked: PointRecord) {
        self.id = id
        self.training = training
        self.steps = steps
        self.position = position
        record = asked
    }

    /// Position and ID tell trials apart well enough.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(id)
        hasher.combine(position)
    }
}

/// A sweep after expansion: what is wanted.
package struct ExpandedSweep: Sendable {
    package var name: String
    package var about: String
    /// The file's text and the overrides it was read with: stored as a revision.
    package var text: String
    package var overrides: [String]
    package var trials: [Trial]
    package var trainings: [TrainingID: Training]
    /// The dataset each training reads.
    package var datasets: [TrainingID: DatasetRequest]
    /// Measures wanted of every trial, parameters resolved.
    package var measures: [MeasureRequest]
    /// Measures wanted of several trials, in order.
    package var comparisons: [Comparison]
    package var needs: JobNeeds
    package var worker: WorkerCommand
    /// Who takes the measures that the worker does not take itself; nil: nobody.
    package var borrowed: BorrowedMeasures?
    /// Trials that a stored sweep wants and that are not among `trials`, because their stored spec has another name.
    package var misnamed: [TrialID] = []

    package init(
        name: String, about: String, text: String, overrides: [String], trials: [Trial],
        trainings: [TrainingID: Training], datasets: [TrainingID: DatasetRequest], measures: [MeasureRequest],
        comparisons: [Comparison] = [], needs: JobNeeds, worker: WorkerCommand
    ) {
        self.name = name
        self.about = about
        self.text = text
        self.overrides = overrides
        self.trials = trials
        self.trainings = trainings
        self.datasets = datasets
        self.measures = measures
        self.comparisons = comparisons
        self.needs = needs
        self.worker = worker
    }
}

/// A measure over several trials of a sweep.
package struct Comparison: Hashable, Sendable {
    /// The least of the members, of which the comparison is recorded.
    package let trial: TrialID
    /// The measure, with the other members.
    package let request: MeasureRequest

    package init(trial: TrialID, request: MeasureRequest) {
        self.trial = trial
        self.request = request
    }
}

/// The needs of a job, which its host must meet.
package struct JobNeeds: Hashable, Sendable {
    /// Bytes of memory; nil when unknown.
    package var memory: Int?
    package var tags: Set<String>
    /// GPUs that an attempt has.
    package var gpus: Int

    package init(memory: Int? = nil, tags: Set<String> = [], gpus: Int = 0) {
        self.memory = memory
        self.tags = tags
        self.gpus = gpus
    }
}

/// The program that does a sweep's jobs.
package struct WorkerCommand: Hashable, Sendable {
    /// The argument vector. `eigensweep-worker` as its first word means the worker that came with the coordinator.
    package var command: [String]
    /// Local paths of files brought to the working directory under their last path component.
    package var upload: [String]
    /// The worker that takes the measures which this one does not declare; nil: nobody.
    package var measures: String?

    /// The worker that came with the coordinator.
    package static let ours = "eigensweep-worker"

    package init(command: [String] = [ours], upload: [String] = [], measures: String? = nil) {
        self.command = command
        self.upload = upload
        self.measures = measures
    }
}

/// What tells workers apart whose results are not one another's.
package struct WorkerName: Hashable, Sendable {
    package var name: String
    package var numerics: Int

    package init(name: String, numerics: Int) {
        self.name = name
        self.numerics = numerics
    }
}

/// Measures of one worker's networks that another takes.
package struct BorrowedMeasures: Hashable, Sendable {
    /// Who trains the networks.
    package var owner: WorkerName
    /// Who takes the measures. A sweep may have networks of its own too.
    package var worker: WorkerName
    package var names: Set<String>

    package init(of owner: WorkerName, worker: WorkerName, names: Set<String>) {
        self.owner = owner
        self.worker = worker
        self.names = names
    }
}

package enum TrialState: String, Hashable, Sendable, Codable, CaseIterable {
    case waiting, running, succeeded, failed, cancelled
}
