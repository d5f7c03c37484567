import Foundation
import JobContract
import Tensors
import Testing

@testable import JobExecution
@testable import Measures

/// What a training measures of itself: weights that no checkpoint has.
@Suite(.serialized) struct RawLossTests {
    private let sandbox: Sandbox
    private let dataset: Digest
    private let spec: [String: JSONValue]
    private static let request = MeasureRequest(
        measure: "raw-loss", version: 1, parameters: ["samples": 60, "seed": 0, "draws": "by_seed", "weights": "raw"])

    init() throws {
        sandbox = try Sandbox()
        dataset = try sandbox.keep(Sandbox.dataset())
        // An average of which little is left of the beginning.
        spec = smallSpec(
            dataset: dataset, changing: ["training.learning_rate": 0.01, "training.ema_half_life_images": 2000])
    }

    private func trial(_ steps: Int) -> TrialID { TrialID(Digest(of: "trial \(steps)".utf8)) }

    private func train(_ milestones: [Int], measuring: Bool) throws -> RunningWorker {
        var task = TrainTask(milestones: milestones)
        if measuring {
            task.measures = milestones.map { .init(steps: $0, trial: trial($0), measures: [Self.request]) }
        }
        return try WorkerProgram.ours.start(
            JobDescription(.train(task), spec: spec, dataset: dataset, in: sandbox), in: sandbox.newAttempt())
    }

    /// The rows of `loss` by hand of a file of weights.
    private func loss(_ weights: String) throws -> [MeasureRow] {
        struct Line: Decodable { var row: MeasureRow }
        try JSONEncoder().encode(spec).write(to: URL(fileURLWithPath: sandbox.path("spec.json")))
        let found = try sandbox.run([
            "measure", "--checkpoint", weights, "--measure", "loss {\"samples\": 60}", "--spec",
            sandbox.path("spec.json"), "--dataset", sandbox.path(of: dataset),
        ])
        try #require(found.status == 0, "\(found.errors)")
        return try found.output.split(separator: "\n").map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8)).row
        }
    }

    /// The weights of a state are those that are not averaged: made a checkpoint they have the loss that the training told,
    /// which is another than that of the averaged ones. Checkpoints do not change, and each follows its measures.
    @Test func aTrainingMeasuresItsWeightsAtMilestones() throws {
        let worker = try train([20, 40], measuring: true)
        let events = try worker.finish()
        let plain = try train([20, 40], measuring: false).finish()
        #expect(events.milestones.map(\.weights?.digest) == plain.milestones.map(\.weights?.digest))
        #expect(events.milestones.map(\.state?.digest) == plain.milestones.map(\.state?.digest))
        #expect(plain.measurements.isEmpty && events.measurements.count == 2)
        let order = events.compactMap { event -> String? in
            switch event {
            case .measure(let measured): "measure \(measured.trial == trial(20) ? 20 : 40)"
            case .checkpoint(let checkpoint): "checkpoint \(checkpoint.steps)"
            default: nil
            }
        }
        #expect(order == ["measure 20", "checkpoint 20", "measure 40", "checkpoint 40"])
        for (measured, milestone) in zip(events.measurements, events.milestones) {
            let weights = try #require(milestone.weights)
            #expect(measured.request == Self.request && measured.checkpoint == weights.digest)
            let path = worker.directory.appendingPathComponent(try #require(milestone.state).path).path
            let state = try SafetensorsFile(bytes: sandbox.read(path), name: path)
            var raw = SafetensorsFile(name: "raw")
            raw.metadata["config"] = state.metadata["config"]
            for tensor in state.names where tensor.hasPrefix("param/") {
                let entry = try state.entry(tensor)
                raw.set(String(tensor.dropFirst(6)), type: entry.type, shape: entry.shape, bytes: entry.bytes)
            }
            let wanted = try loss(sandbox.write(raw, "raw"))
            #expect(measured.rows.map(\.quantity) == ["loss_raw_training", "loss_raw_held_out", "loss_raw_gap"])
            #expect(measured.rows.map(\.value) == wanted.map(\.value))
            #expect(measured.rows.map(\.stderr) == wanted.map(\.stderr))
            let averaged = try loss(worker.directory.appendingPathComponent(weights.path).path)
            #expect(averaged.map(\.value) != wanted.map(\.value))
        }
    }

    /// Afterwards nobody can take it, and the reason is told.
    @Test func ofAMilestoneThatIsPastThereIsNone() throws {
        let worker = try train([2], measuring: false)
        let checkpoint = try sandbox.adopt(
            #require(worker.finish().milestones.first?.weights), from: worker.directory)
        let task = MeasureTask(trial: trial(2), steps: 2, checkpoint: checkpoint, measures: [Self.request])
        let found = try WorkerProgram.ours.start(
            JobDescription(.measure(task), spec: spec, dataset: dataset, in: sandbox), in: sandbox.newAttempt()
        ).finish().measurements
        #expect(found.count == 1 && found[0].rows.isEmpty)
        #expect(found[0].failure?.contains("it had passed this length before it was told to") == true)
    }

    /// Other measures are none of a training's business, and one that it cannot take does not keep it from its milestone.
    @Test func whatATrainingCannotMeasureIsLeftToOthers() throws {
        var task = TrainTask(milestones: [2])
        var unknown = Self.request
        unknown.version = 9
        let other = MeasureRequest(measure: "loss", version: 1, parameters: ["samples": 4])
        task.measures = [.init(steps: 2, trial: trial(2), measures: [unknown, other])]
        let worker = try WorkerProgram.ours.start(
            JobDescription(.train(task), spec: spec, dataset: dataset, in: sandbox), in: sandbox.newAttempt())
        let events = try worker.finish()
        #expect(events.measurements.isEmpty && events.milestones.map(\.steps) == [2] && events.last == .finished)
    }
}
