import Foundation
import JobContract
import Measures
import Testing

import class Datasets.DatasetFile

/// The worker compares each checkpoint by its own spec and dataset: what it says of the other one it says of the first when
/// it is asked the other way round.
@Suite(.serialized) struct ComparisonJobTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private struct Side {
        var name: String
        var spec: [String: JSONValue]
        var dataset: Digest
        var checkpoint = Digest(of: [])
        var training: TrainingID { TrainingID(Digest(of: "training \(name)".utf8)) }
        var trial: TrialID { TrialID(Digest(of: "trial \(name)".utf8)) }
    }

    private func trained(_ name: String, _ spec: [String: JSONValue], _ dataset: Digest) throws -> Side {
        var side = Side(name: name, spec: spec, dataset: dataset)
        let job = JobDescription(.train(TrainTask(milestones: [3])), spec: spec, dataset: dataset, in: sandbox)
        let worker = try WorkerProgram.ours.start(job, in: sandbox.newAttempt())
        let weights = try #require(try worker.finish().milestones.first?.weights)
        side.checkpoint = try sandbox.adopt(weights, from: worker.directory)
        return side
    }

    private func rows(_ first: Side, _ other: Side) throws -> [String: Double] {
        var request = try #require(KnownMeasures.requests.first { $0.measure == "agreement" })
        request.parameters.merge(["samples": 6, "steps": 3, "sigmas": [1.0], "draws": "shared"]) { $1 }
        let task = MeasureTask(
            trial: first.trial, steps: 3, checkpoint: first.checkpoint,
            measures: [request.comparing(with: [other.trial])],
            others: [.init(trial: other.trial, training: other.training, steps: 3, checkpoint: other.checkpoint)])
        var job = JobDescription(.measure(task), spec: first.spec, dataset: first.dataset, in: sandbox)
        job.otherTrainings = [.init(training: other.training, spec: other.spec, dataset: other.dataset)]
        let measured = try #require(
            try WorkerProgram.ours.start(job, in: sandbox.newAttempt()).finish().measurements.first)
        #expect(measured.failure == nil)
        return Dictionary(
            measured.rows.filter { $0.position == nil }.compactMap { row in row.value.map { (row.quantity, $0) } }
        ) { first, _ in first }
    }

    /// Whether the specs name where images come from, or only how they are made: then nothing but the job tells the
    /// datasets of generators apart.
    enum Difference: CaseIterable { case dataset, generator, subset, mirroring, network }

    @Test(arguments: Difference.allCases) func othersAreWhatTheyAre(difference: Difference) throws {
        let one = try sandbox.keep(Sandbox.dataset(count: 40))
        let pixels = Sandbox.dataset(count: 60).suffix(60 * 64).map { 255 - $0 }
        let other = try sandbox.keep(DatasetFile.encode(pixels: pixels, channels: 1, height: 8, width: 8))
        let first = smallSpec(dataset: one)
        var second = first
        var dataset = one
        switch difference {
        case .dataset:
            dataset = other
            second["dataset.digest"] = .string(other.hex)
        case .generator: dataset = other
        case .subset:
            second["dataset.size"] = 11
            second["dataset.subset_seed"] = 4
        case .mirroring: second["dataset.flip"] = true
        case .network:
            second["model.scale"] = 8
            second["dataset.part"] = ["index": 1, "of": 2]
        }
        func named(_ spec: [String: JSONValue]) -> [String: JSONValue] {
            guard difference == .generator else { return spec }
            var spec = spec
            spec["dataset.digest"] = nil
            spec.merge(["dataset.generator": "sines", "dataset.generator_version": 1, "dataset.count": 60]) { $1 }
            return spec
        }
        let a = try trained("a", named(first), one)
        let b = try trained("b", named(second), dataset)
        let (ab, ba) = (try rows(a, b), try rows(b, a))
        for suffix in ["", "_uncentred"] {
            let (own, theirs) = ("cosine_training" + suffix, "cosine_training_other" + suffix)
            #expect(ab[theirs] == ba[own] && ab[own] == ba[theirs])
            for quantity in ["cosine", "gaussian_cosine"] { #expect(ab[quantity + suffix] == ba[quantity + suffix]) }
        }
        #expect(ab["cosine_training"] != ab["cosine_training_other"])
        #expect(ab["cosine_training"] != nil && ab["gaussian_cosine"] != nil)
    }
}
