import Foundation
import JobContract
import Testing

/// What the worker says when a job cannot be done.
@Suite(.serialized) struct FailureTests {
    private let sandbox: Sandbox
    private let dataset: Digest

    init() throws {
        sandbox = try Sandbox()
        dataset = try sandbox.keep(Sandbox.dataset())
    }

    private func failure(
        _ task: JobTask = .train(.init(milestones: [3])), dataset: Digest? = nil,
        changing changes: [String: JSONValue?] = [:]
    ) throws -> WorkerEvent.Failed {
        let dataset = dataset ?? self.dataset
        let job = JobDescription(
            task, spec: smallSpec(dataset: dataset, changing: changes), dataset: dataset, in: sandbox)
        return try WorkerProgram.ours.start(job, in: sandbox.newAttempt()).failure()
    }

    @Test func aDamagedDatasetIsNamed() throws {
        let whole = Sandbox.dataset()
        let name = Digest(of: whole)
        for damaged in [Array(whole.dropLast(100)), [], Array(whole.prefix(5)), whole.map { $0 ^ 1 }] {
            try sandbox.keep(damaged, as: name)
            let found = try failure()
            #expect(
                found.kind == .missingInput && found.message.contains(name.hex) && found.message.contains("damaged"))
        }
    }

    @Test(arguments: [[UInt8]("no dataset".utf8), Array(Sandbox.dataset().dropLast(1))])
    func whatIsNoDatasetIsNamed(content: [UInt8]) throws {
        let name = try sandbox.keep(content)
        let found = try failure(dataset: name)
        #expect(found.kind == .missingInput && found.message.contains(name.hex))
    }

    @Test func aDamagedCheckpointIsNamed() throws {
        let checkpoint = try sandbox.keep([UInt8]("no checkpoint".utf8))
        let missing = Digest(of: "missing".utf8)
        let request = MeasureRequest(measure: "memorization", version: 2, parameters: ["samples": 2])
        for digest in [checkpoint, missing] {
            let found = try failure(
                .measure(
                    .init(
                        trial: TrialID(Digest(of: "trial".utf8)), steps: 3, checkpoint: digest, measures: [request])))
            #expect(found.kind == .missingInput && found.message.contains(digest.hex))
        }
        let found = try failure(.train(.init(milestones: [3], resume: .init(steps: 2, state: checkpoint))))
        #expect(found.kind == .missingInput && found.message.contains(checkpoint.hex))
    }

    private static let badKeys: [(String, JSONValue?)] = [
        ("model.scale", 5), ("model.scale", "four"), ("model.scale", nil), ("model.architecture", "resnet"),
        ("model.dropout", 1), ("training.batch", 0), ("training.learning_rate", -1), ("training.augment", 1.1),
        ("dataset.part", JSONValue.object(["index": 2, "of": 2])),
        ("dataset.part", JSONValue.object(["index": 0, "of": -1])),
        ("dataset.part", JSONValue.object(["index": -1, "of": 1])),
        ("training.noise_mean", 101), ("training.noise_std", 0), ("training.ema_half_life_images", -1),
        ("dataset.size", 17), ("dataset.resolution", 16),
        ("model.depth", 3), ("seed", 1.5), ("training.sigma_data", 0), ("training.preconditioning", "blind"),
        ("training.noise", "pink"),
        ("training.objective", "yi"), ("training.noise_sigma", 0.5), ("model.layers", 4),
    ]

    @Test(arguments: badKeys)
    func aBadKeyIsNamed(key: String, value: JSONValue?) throws {
        let found = try failure(changing: [key: value])
        #expect(found.kind == .unsupported)
        #expect(found.message.contains(key), "\(found.message)")
    }

    @Test func anotherDatasetThanTheSpecsIsRefused() throws {
        let other = Digest(of: "another dataset".utf8)
        let found = try failure(changing: ["dataset.digest": .string(other.hex)])
        #expect(found.kind == .unsupported)
        #expect(found.message.contains(other.hex) && found.message.contains(dataset.hex))
    }

    /// Values at the ends of what a sweep file's keys allow.
    private static let extremes: [[String: JSONValue?]] = [
        ["training.ema_half_life_images": 0], ["training.ema_ramp": 0],
        ["training.ema_half_life_images": 0, "training.ema_ramp": 0], ["training.ema_half_life_images": 1e15],
        ["training.warmup_images": 9_007_199_254_740_991], ["seed": 9_007_199_254_740_991],
        ["training.noise_mean": 10, "training.noise_std": 9], ["training.sigma_data": 1000],
    ]

    @Test(arguments: extremes) func extremesOfTheKeysAreTrained(changes: [String: JSONValue?]) throws {
        let job = JobDescription(
            .train(.init(milestones: [1])), spec: smallSpec(dataset: dataset, changing: changes), dataset: dataset,
            in: sandbox)
        _ = try WorkerProgram.ours.start(job, in: sandbox.newAttempt()).finish()
    }

    /// Noise near the ends of all numbers may be learnt from or diverge, in words.
    @Test(arguments: [-100, 100]) func absurdNoiseEndsInWords(mean: Int64) throws {
        let changes: [String: JSONValue?] = ["training.noise_mean": .integer(mean), "training.noise_std": 100]
        let job = JobDescription(
            .train(.init(milestones: [20])), spec: smallSpec(dataset: dataset, changing: changes), dataset: dataset,
            in: sandbox)
        let worker = try WorkerProgram.ours.start(job, in: sandbox.newAttempt())
        if try worker.wait() == 0 {
            #expect(try worker.events().last == .finished)
        } else {
            #expect(try worker.failure().kind == .diverged)
        }
    }

    @Test func eventsThatCannotBeWrittenAreTheHostsFault() throws {
        let job = JobDescription(
            .train(.init(milestones: [1])), spec: smallSpec(dataset: dataset), dataset: dataset, in: sandbox)
        let onAFullDisk = ["/bin/sh", "-c", #""$@" >/dev/full"#, "sh"]
        let worker = try WorkerProgram.ours.start(job, in: sandbox.newAttempt(), wrapper: onAFullDisk)
        #expect(try worker.wait() == 75)
        let errors = try String(contentsOf: worker.errors, encoding: .utf8)
        #expect(errors.contains("standard output"))
    }

    /// Settings by which some image soon has noise beyond float32, which nothing scales down.
    private static let diverging: [String: JSONValue?] = [
        "training.preconditioning": "ve", "training.noise_mean": 0, "training.noise_std": 40, "seed": 6,
    ]

    @Test func aTrainingThatDivergesSaysWhere() throws {
        let found = try failure(.train(.init(milestones: [500])), changing: Self.diverging)
        #expect(found.kind == .diverged && found.message.contains("step"))
    }

    /// What was good before a training diverged stays, and the failure says where: checkpoints on the way, or else the one
    /// of the last step whose loss was a number. A training can go on from either.
    @Test(arguments: [0.0, 300]) func aTrainingThatDivergesKeepsItsLastCheckpoint(seconds: Double) throws {
        let spec = smallSpec(dataset: dataset, changing: Self.diverging)
        func start(_ milestone: Int, from resume: ResumePoint? = nil) throws -> RunningWorker {
            let task = TrainTask(milestones: [milestone], resume: resume, checkpointSeconds: seconds)
            return try WorkerProgram.ours.start(
                JobDescription(.train(task), spec: spec, dataset: dataset, in: sandbox), in: sandbox.newAttempt())
        }
        let worker = try start(500)
        let found = try worker.failure()
        let last = try #require(try worker.events().checkpoints.last)
        #expect(found.kind == .diverged)
        #expect(found.message.contains("step \(last.steps + 1)"), "\(found.message)")
        #expect(found.message.contains("the last checkpoint is of step \(last.steps)"), "\(found.message)")
        let state = ResumePoint(
            steps: last.steps, state: try sandbox.adopt(#require(last.state), from: worker.directory))
        let again = try start(500, from: state)
        #expect(try again.failure().message == found.message)
        #expect(try again.events().checkpoints.isEmpty)
    }

    @Test(arguments: [[], [3, 3], [5, 4], [0]]) func milestonesMustAscend(milestones: [Int]) throws {
        #expect(try failure(.train(.init(milestones: milestones))).kind == .unsupported)
    }

    /// An unknown measure fails alone, and nothing is read for it.
    @Test func anUnknownMeasureIsNamed() throws {
        let weights = try sandbox.keep([1])
        let task = MeasureTask(
            trial: TrialID(Digest(of: "trial".utf8)), steps: 3, checkpoint: weights,
            measures: [.init(measure: "beauty", version: 1, parameters: [:])])
        let job = JobDescription(.measure(task), spec: smallSpec(dataset: dataset), dataset: dataset, in: sandbox)
        let measured = try WorkerProgram.ours.start(job, in: sandbox.newAttempt()).finish().measurements
        #expect(measured.count == 1 && measured[0].rows.isEmpty)
        #expect(measured.first?.failure?.contains("beauty") == true)
    }

    @Test(arguments: ["", "{", "{}", #"{"contract": 2}"#, #"{"contract": "one"}"#, "[1]"])
    func whatIsNoJobIsRefused(text: String) throws {
        let directory = try sandbox.newAttempt()
        let input = directory.appendingPathComponent("job.json")
        try Data(text.utf8).write(to: input)
        let found = try WorkerProgram.ours.start(arguments: ["run"], input: input, in: directory).failure()
        #expect(found.kind == .unsupported && found.message.contains("not a job description"))
    }
}
