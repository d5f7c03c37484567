import Foundation
import JobContract
import Measures
import Testing

/// Whole jobs: each file and each row of one worker is the other's. Every way to train is tried by hand in
/// scripts/lib/compare-workers.
@Suite(
    .serialized,
    .enabled(if: WorkerProgram.hasDevice, "no device of OpenCL here; scripts/test installs PoCL"),
    .enabled(
        if: ProcessInfo.processInfo.environment["EIGENSWEEP_SLOW_TESTS"] != nil,
        "slow: set EIGENSWEEP_SLOW_TESTS=1, as scripts/test does"))
struct DeviceJobTests {
    private let sandbox: Sandbox
    private let dataset: Digest
    private static let workers = [WorkerProgram.ours, .onDevice]

    init() throws {
        sandbox = try Sandbox()
        dataset = try sandbox.keep(Sandbox.dataset(count: 40))
    }

    /// With dropout and augmentation, where the network can have them.
    private func spec(_ way: String) throws -> [String: JSONValue] {
        var spec = try ArchitectureTests.spec(way, dataset: dataset)
        let isUNet = ["ddpmpp", "ncsnpp", "adm"].contains(spec["model.architecture"]?.stringValue)
        if isUNet { spec["model.dropout"] = 0.2 }
        let hasNoises = spec["training.noises_per_image"]?.integerValue ?? 0 > 0
        if isUNet, spec["training.objective"] == "denoising", !hasNoises { spec["training.augment"] = 0.5 }
        return spec
    }

    private func run(_ job: JobDescription, by worker: WorkerProgram) throws -> (events: [WorkerEvent], directory: URL)
    {
        let running = try worker.start(job, in: sandbox.newAttempt())
        return (try running.finish(), running.directory)
    }

    private func trained(
        _ spec: [String: JSONValue], _ steps: Int, by worker: WorkerProgram
    ) throws -> (milestone: WorkerEvent.Checkpoint, measured: [WorkerEvent.Measured], checkpoint: Digest) {
        var task = TrainTask(milestones: [steps / 2, steps])
        if spec["training.preconditioning"] != "blind" {
            let raw = try #require(KnownMeasures.requests.first { $0.isOfTraining })
            task.measures = [
                .init(steps: steps, trial: TrialID(Digest(of: "raw".utf8)), measures: [Self.small(raw)])
            ]
        }
        let job = JobDescription(.train(task), spec: spec, dataset: dataset, in: sandbox)
        let (events, directory) = try run(job, by: worker)
        let milestone = try #require(events.milestones.last)
        let kernels = events.compactMap { if case .started(let started) = $0 { started.kernels } else { nil } }
        #expect((kernels == ["opencl"]) == (worker.command == WorkerProgram.onDevice.command))
        return (milestone, events.measurements, try sandbox.adopt(#require(milestone.weights), from: directory))
    }

    @Test(arguments: [0, 6, 11]) func checkpointsAfter200StepsAreTheSame(way: Int) throws {
        let spec = try spec(ArchitectureTests.ways[way])
        let found = try Self.workers.map { try trained(spec, 200, by: $0) }
        #expect(found[0].milestone.steps == 200)
        #expect(found[1].milestone.weights?.digest == found[0].milestone.weights?.digest)
        #expect(found[1].milestone.state?.digest == found[0].milestone.state?.digest)
        #expect(found[1].milestone.losses == found[0].milestone.losses)
        #expect(found[1].measured.map(\.rows) == found[0].measured.map(\.rows))
    }

    /// As few draws, steps and levels as a measure can have.
    private static func small(_ request: MeasureRequest) -> MeasureRequest {
        let few: [String: JSONValue] = [
            "samples": 6, "steps": 3, "sigmas": [2, 0.3], "pairs": 3, "mixtures": [0.8], "inputs": 60, "vectors": 3,
            "components": 8, "epochs": 2, "batch": 20, "patches": [3], "patch_images": 20, "positions": 16,
        ]
        var request = request
        request.parameters.merge(few.filter { request.parameters[$0.key] != nil }) { $1 }
        return request
    }

    /// Every measure that a checkpoint has, and those that compare two.
    @Test func everyMeasureHasTheSameRows() throws {
        let spec = try spec(ArchitectureTests.ways[0])
        var second = spec
        second["dataset.part"] = ["index": 1, "of": 2]
        let checkpoints = try [spec, second].map { try trained($0, 20, by: .ours).checkpoint }
        let trials = ["first", "second"].map { TrialID(Digest(of: $0.utf8)) }
        let other = TrainingID(Digest(of: "other".utf8))
        let requests = KnownMeasures.requests.filter { !$0.isOfTraining }.map(Self.small)
        for isComparison in [false, true] {
            let some = requests.filter { $0.isComparison == isComparison }
            var task = MeasureTask(
                trial: trials[0], steps: 20, checkpoint: checkpoints[0],
                measures: isComparison ? some.map { $0.comparing(with: [trials[1]]) } : some)
            if isComparison {
                task.others = [.init(trial: trials[1], training: other, steps: 20, checkpoint: checkpoints[1])]
            }
            var job = JobDescription(.measure(task), spec: spec, dataset: dataset, in: sandbox)
            if isComparison { job.otherTrainings = [.init(training: other, spec: second, dataset: dataset)] }
            let found = try Self.workers.map { try run(job, by: $0).events.measurements }
            #expect(found[0].map(\.request.measure) == some.map(\.measure))
            for (here, there) in zip(found[0], found[1]) {
                let name = here.request.measure
                #expect(there.rows == here.rows && there.failure == here.failure, "\(name)")
                #expect(there.artifacts.map(\.file.digest) == here.artifacts.map(\.file.digest), "\(name)")
                // What a blind network has no measure of, both say.
                #expect(!here.rows.isEmpty || here.failure != nil || !here.artifacts.isEmpty, "\(name)")
            }
            #expect(found[0].count { $0.failure == nil } >= (isComparison ? 1 : some.count / 2))
        }
    }
}
