import JobContract

/// Images that the network of another trial, the teacher, draws: `dataset.source: {samples: TRIAL, …}`.
///
/// Wherever a source is a text it is `text`. In a sweep file the trial is what the author wrote and there is no `version`; an
/// expanded sweep has its whole ID and the version of the measure.
package struct SamplesSource: Hashable, Sendable {
    package var trial: String
    package var count: Int
    package var seed = 0
    package var sampler = "heun"
    package var steps = 18
    /// The version of the measure that draws them.
    package var version: Int?

    package static let measure = "samples"
    /// The name of the measure's file, which is the prepared dataset.
    package static let file = "dataset.safetensors"

    package init(trial: String, count: Int) {
        self.trial = trial
        self.count = count
    }

    /// Reads what `text` has; nil for all other sources.
    package init?(_ source: String) {
        guard source.hasPrefix("{"), let members = JSONText.object(source) else { return nil }
        self.init(members)
    }

    /// Reads a spec's `dataset.samples`.
    package init?(_ members: [String: JSONValue]) {
        guard let trial = members["trial"]?.stringValue, let count = members["count"]?.integerValue,
            let seed = members["seed"]?.integerValue, let sampler = members["sampler"]?.stringValue,
            let steps = members["steps"]?.integerValue
        else { return nil }
        self.init(trial: trial, count: count)
        (self.seed, self.sampler, self.steps) = (seed, sampler, steps)
        version = members["version"]?.integerValue
        guard members.count == (version == nil ? 5 : 6) else { return nil }
    }

    private var members: [String: JSONValue] {
        var members: [String: JSONValue] = [
            "trial": .string(trial), "count": .integer(Int64(count)), "seed": .integer(Int64(seed)),
            "sampler": .string(sampler), "steps": .integer(Int64(steps)),
        ]
        if let version { members["version"] = .integer(Int64(version)) }
        return members
    }

    package var text: String { (try? JSONText.write(members)) ?? "" }

    /// The teacher; nil before it was found.
    package var teacher: TrialID? { version == nil ? nil : TrialID(hex: trial) }

    /// What stands for the images in a training's spec.
    package var identity: DatasetIdentity {
        DatasetIdentity(keys: ["dataset.samples": .object(members)], images: count)
    }

    /// The measure of the teacher whose file the dataset is.
    package var request: MeasureRequest {
        MeasureRequest(
            measure: Self.measure, version: version ?? 1,
            parameters: [
                "samples": .integer(Int64(count)), "seed": .integer(Int64(seed)), "sampler": .string(sampler),
                "steps": .integer(Int64(steps)), "draws": "by_seed",
            ])
    }

    /// As people are shown it; equal for equal sources alone.
    package var words: String {
        let name = teacher.map { "trial \($0.hex.prefix(12))" } ?? trial
        let usual = SamplesSource(trial: trial, count: count)
        let further = [
            seed == usual.seed ? nil : "seed \(seed)",
            sampler == usual.sampler && steps == usual.steps ? nil : "\(sampler), \(steps) steps",
        ]
        return (["\(count) samples of \(name)"] + further.compactMap(\.self)).joined(separator: ", ")
    }
}

extension DatasetRequest {
    /// The teacher's images that it asks for; nil where it asks for others.
    package var samples: SamplesSource? { SamplesSource(source) }

    /// The source as people are shown it.
    package var shownSource: String { samples?.words ?? source }
}

/// A trial whose network draws images for others.
package struct Teacher: Sendable {
    package var trial: TrialID
    package var steps: Int
    package var training: Training
    /// The images that it is trained on; nil where no sweep says so.
    package var dataset: DatasetRequest?

    package init(trial: TrialID, steps: Int, training: Training, dataset: DatasetRequest?) {
        self.trial = trial
        self.steps = steps
        self.training = training
        self.dataset = dataset
    }
}

/// Finds the trials that sweep files name as teachers.
package protocol TeacherBook {
    /// Throws what is wrong with the name: nobody has it, or several do.
    func teacher(_ name: String) throws -> Teacher
}
