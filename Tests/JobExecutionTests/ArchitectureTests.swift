import Foundation
import JobContract
import SweepFiles
import SweepModel
import Testing

@testable import JobExecution

/// Every architecture and way to train, from the keys of a sweep to a job's results.
@Suite(.serialized) struct ArchitectureTests {
    private let sandbox: Sandbox
    private let dataset: Digest

    init() throws {
        sandbox = try Sandbox()
        dataset = try sandbox.keep(Sandbox.dataset())
    }

    /// Lines of a sweep whose networks train in milliseconds.
    private static let small = """
        name: all
        dataset: {source: z.zip, resolution: 8, size: 6, held_out: 8, flip: true}
        training.batch: 5
        training.steps: 4
        training.warmup_images: 12
        seed: 3

        """

    static let ways = [
        "model: {architecture: ddpmpp, scale: 4, multipliers: [1, 2], blocks: 1, attention: [4], dropout: 0.1}",
        "model: {architecture: ncsnpp, scale: 4, multipliers: [1, 2], blocks: 1}\ntraining.preconditioning: ve",
        "model: {architecture: adm, scale: 4, multipliers: [1, 2], blocks: 1}\ntraining.augment: 0.2",
        "model: {architecture: ddpmpp, scale: 4, multipliers: [2], blocks: 1}\ntraining.preconditioning: vp\n"
            + "training.augment: 1",
        "model: {architecture: ddpmpp, scale: 4, multipliers: [2], blocks: 1}\ntraining.objective: yi-fresh",
        "model: {architecture: ncsnpp, scale: 4, multipliers: [2], blocks: 1}\ntraining.objective: yi-bank\n"
            + "training.bank_copies: 2",
        "model: {architecture: bias-free-unet, scale: 4, blocks: 2}\ntraining.halving_images: 8",
        "model: {architecture: bf-cnn, scale: 4, layers: 5, linear_first_layer: true, receptive_field: 7}",
        "model: {architecture: ddpmpp, scale: 4, multipliers: [2], blocks: 1}\n"
            + "training: {optimizer: sgd, momentum: 0.9, learning_rate: 1e-4, weight_decay: 0.5}",
        "model: {architecture: ddpmpp, scale: 4, multipliers: [2], blocks: 1}\n"
            + "training: {noises_per_image: 2, weight_decay: 10}",
        "model: {architecture: linear}\ntraining.noise_sigma: 2",
        "model: {architecture: linear}\ntraining: {preconditioning: edm, noise: log-uniform, noise_max: 80}",
        "model: {architecture: linear}\ntraining: {preconditioning: vp, noise: u-squared, objective: yi-bank}",
    ]

    private func spec(_ way: String) throws -> [String: JSONValue] { try Self.spec(way, dataset: dataset) }

    static func spec(_ way: String, dataset: Digest) throws -> [String: JSONValue] {
        let digest = dataset.hex
        let sweep = try SweepFile(text: small + way, file: "x.yaml").expand(
            worker: WorkerFacts.current.description(check: "")
        ) { _ in DatasetIdentity(keys: ["dataset.digest": .string(digest)], images: 24) }.sweep
        #expect(sweep.trials.count == 1)
        return try #require(sweep.trainings.values.first?.spec)
    }

    private func run(_ task: JobTask, _ spec: [String: JSONValue]) throws -> RunningWorker {
        try WorkerProgram.ours.start(
            JobDescription(task, spec: spec, dataset: dataset, in: sandbox), in: sandbox.newAttempt())
    }

    @Test func everyArchitectureIsAmongThem() {
        for name in Architecture.names {
            #expect(Self.ways.contains { $0.hasPrefix("model: {architecture: \(name)") }, "\(name)")
        }
    }

    @Test(arguments: ways) func trainsGoesOnAndIsMeasured(way: String) throws {
        let spec = try spec(way)
        let whole = try run(.train(.init(milestones: [4], checkpointSeconds: 0)), spec)
        let events = try whole.finish()
        #expect(events.checkpoints.map(\.steps) == [1, 2, 3, 4])
        let end = try #require(events.milestones.last)
        #expect(end.losses?.map(\.steps) == [1, 2, 3, 4])
        let state = try #require(events.checkpoints[1].state)
        let cut = ResumePoint(steps: 2, state: try sandbox.adopt(state, from: whole.directory))
        let resumed = try run(.train(.init(milestones: [4], resume: cut)), spec).finish()
        #expect(resumed.milestones[0].weights?.digest == end.weights?.digest)
        #expect(resumed.milestones[0].state?.digest == end.state?.digest)

        let checkpoint = try sandbox.adopt(#require(end.weights), from: whole.directory)
        let requests = [
            MeasureRequest(measure: "memorization", version: 2, parameters: ["samples": 2, "steps": 3]),
            MeasureRequest(measure: "gaussian-distance", version: 2, parameters: ["samples": 4, "sigmas": [0.5, 2]]),
        ]
        let task = MeasureTask(
            trial: TrialID(Digest(of: "trial".utf8)), steps: 4, checkpoint: checkpoint, measures: requests)
        let measured = try run(.measure(task), spec).finish().measurements
        #expect(measured.map(\.request) == requests)
        // Networks trained at one noise level are measured there alone, and cannot be sampled from.
        let level = spec["training.noise"] == "fixed" ? spec["training.noise_sigma"]?.doubleValue : nil
        #expect(measured[0].rows.isEmpty == (level != nil))
        #expect(Set(measured[1].rows.map(\.sigma)) == (level.map { [$0] } ?? [0.5, 2]))
    }

    /// A measure that cannot be taken says why, and the others are taken all the same.
    @Test func aMeasureThatFailsCostsItselfAlone() throws {
        var spec = try spec(Self.ways[0])
        spec["dataset.held_out"] = 0
        let training = try run(.train(.init(milestones: [1])), spec)
        let end = try #require(try training.finish().milestones.last)
        let checkpoint = try sandbox.adopt(#require(end.weights), from: training.directory)
        let requests = [
            MeasureRequest(measure: "gaussian-distance", version: 2, parameters: ["samples": 4, "sigmas": [0.5]]),
            MeasureRequest(measure: "memorization", version: 2, parameters: ["samples": 2, "sampler": "ddim"]),
            MeasureRequest(measure: "beauty", version: 1, parameters: [:]),
            MeasureRequest(measure: "posterior", version: 2, parameters: ["samples": 4, "sigmas": [0.5]]),
        ]
        let task = MeasureTask(
            trial: TrialID(Digest(of: "trial".utf8)), steps: 1, checkpoint: checkpoint, measures: requests)
        let measured = try run(.measure(task), spec).finish().measurements
        #expect(measured.map(\.request) == requests)
        #expect(measured.map { $0.rows.isEmpty } == [true, true, true, false])
        #expect(measured[0].failure?.contains("dataset.held_out is 0") == true)
        #expect(measured[1].failure?.contains("memorization.sampler must be one of euler, heun") == true)
        #expect(measured[2].failure?.contains("unknown measure") == true && measured[3].failure == nil)
    }

    @Test func filesOfAMeasureTakenTwiceStandBesideOneAnother() throws {
        let spec = try spec(Self.ways[0])
        let training = try run(.train(.init(milestones: [1])), spec)
        let end = try #require(try training.finish().milestones.last)
        let checkpoint = try sandbox.adopt(#require(end.weights), from: training.directory)
        let requests = [1, 2].map { samples in
            MeasureRequest(
                measure: "memorization", version: 2, parameters: ["samples": .integer(samples), "steps": 2])
        }
        let task = MeasureTask(
            trial: TrialID(Digest(of: "trial".utf8)), steps: 1, checkpoint: checkpoint, measures: requests)
        let worker = try run(.measure(task), spec)
        let measured = try worker.finish().measurements
        for artifact in measured.flatMap(\.artifacts) {
            #expect(try sandbox.adopt(artifact.file, from: worker.directory) == artifact.file.digest)
        }
        let paths = measured.flatMap(\.artifacts).map(\.file.path)
        #expect(!paths.isEmpty && Set(paths).count == paths.count)
    }

    @Test func describesWhatItTrains() throws {
        let description = try WorkerProgram.ours.describe(in: sandbox.newAttempt())
        let trained = try Self.ways.map { try spec($0)["model.architecture"]?.stringValue }
        #expect(Set(trained) == Set(description.architectures))
    }

    /// Jobs read every key that the table has and a job may have.
    @Test func everyKeyIsReadBySomeWay() throws {
        var read: Set<String> = []
        for way in Self.ways + ["training.noise: fixed\ntraining.noise_sigma: 1", "dataset.order: source"] {
            var spec = try spec(way)
            // Only adopted networks have this split.
            spec["dataset.split"] = "given"
            _ = try JobSpec(spec)
            for (key, value) in spec {
                var changed = spec
                changed[key] = value.stringValue == nil ? "word" : "no such choice"
                if (try? JobSpec(changed)) == nil { read.insert(key) }
            }
        }
        // The rest are keys that no spec has, the split's, and those that stay at their birth values.
        let others =
            SpecKey.all.filter { $0.role != .spec }.map(\.name)
            + ["dataset.size", "dataset.subset_seed", "dataset.held_out", "training.noise_min", "model.weights"]
        #expect(read.union(others).isSuperset(of: SpecKey.all.map(\.name)), "\(read.sorted())")
    }
}
