import Datasets
import Foundation
import JobContract
import Tensors
import Testing

/// A training and its measures look at the images that the split gives them, and at no others.
@Suite(.serialized) struct SplitUseTests {
    private let sandbox: Sandbox
    private static let count = 60
    /// A spec that names a generator, so that the split depends on no file and images may be changed.
    private let spec: [String: JSONValue]
    private let split: DatasetSplit
    private let pixels: [UInt8]

    enum Role: CaseIterable { case nobody, training, heldOut, rest }

    init() throws {
        sandbox = try Sandbox()
        var spec = smallSpec(
            dataset: Digest(of: []),
            changing: [
                "dataset.generator": "sines", "dataset.generator_version": 1,
                "dataset.count": .integer(Int64(Self.count)), "dataset.size": 9, "dataset.held_out": 11,
                "dataset.part": ["index": 1, "of": 3], "training.batch": 16,
            ])
        spec["dataset.digest"] = nil
        self.spec = spec
        split = try DatasetSplit(spec: spec, count: Self.count)
        pixels = Sandbox.dataset(count: Self.count).suffix(Self.count * 64)
    }

    /// The dataset with the images of a role inverted.
    private func dataset(without role: Role) throws -> Digest {
        let changed: Set<Int> =
            switch role {
            case .nobody: []
            case .training: Set(split.training)
            case .heldOut: Set(split.heldOut)
            case .rest: Set(0..<Self.count).subtracting(split.training).subtracting(split.heldOut)
            }
        let bytes = pixels.enumerated().map { changed.contains($0 / 64) ? 255 - $1 : $1 }
        return try sandbox.keep(DatasetFile.encode(pixels: bytes, channels: 1, height: 8, width: 8))
    }

    private func weights(_ role: Role) throws -> Digest {
        let job = JobDescription(
            .train(TrainTask(milestones: [2])), spec: spec, dataset: try dataset(without: role), in: sandbox)
        let worker = try WorkerProgram.ours.start(job, in: sandbox.newAttempt())
        return try sandbox.adopt(try #require(try worker.finish().milestones.first?.weights), from: worker.directory)
    }

    private func rows(_ role: Role, of checkpoint: Digest, _ request: MeasureRequest) throws -> [String: Double] {
        let task = MeasureTask(
            trial: TrialID(Digest(of: "trial".utf8)), steps: 2, checkpoint: checkpoint, measures: [request])
        let job = JobDescription(.measure(task), spec: spec, dataset: try dataset(without: role), in: sandbox)
        let worker = try WorkerProgram.ours.start(job, in: sandbox.newAttempt())
        let measured = try #require(try worker.finish().measurements.first)
        #expect(measured.failure == nil)
        return Dictionary(measured.rows.map { ($0.quantity, $0.value ?? .nan) }) { first, _ in first }
    }

    @Test func aTrainingSeesItsSubsetAlone() throws {
        let undisturbed = try weights(.nobody)
        for role in Role.allCases { #expect((try weights(role) == undisturbed) == (role != .training), "\(role)") }
    }

    /// A network is described by the images that it was trained on and by those that no network was; a Gaussian of all
    /// images by the rest too.
    @Test func measuresSeeWhatTheirQuantitiesAreOf() throws {
        let checkpoint = try weights(.nobody)
        let request = MeasureRequest(
            measure: "denoising", version: 2, parameters: ["samples": 11, "sigmas": [0.5], "draws": "shared"])
        let base = try rows(.nobody, of: checkpoint, request)
        let uses: [(String, Set<Role>)] = [
            ("psnr_training", [.training]), ("psnr_held_out", [.heldOut]),
            ("psnr_training_gaussian", [.training, .rest]), ("psnr_held_out_gaussian", [.training, .heldOut, .rest]),
        ]
        for role in Role.allCases {
            let found = try rows(role, of: checkpoint, request)
            for (quantity, roles) in uses {
                let (wanted, value) = (try #require(base[quantity]), try #require(found[quantity]))
                #expect((abs(value - wanted) < 1e-9) == !roles.contains(role), "\(quantity), \(role)")
            }
        }
    }
}
