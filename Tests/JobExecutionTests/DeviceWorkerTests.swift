import Foundation
import JobContract
import Testing

extension WorkerProgram {
    /// The worker on the first device of OpenCL's list, which is the CPU by PoCL where there is no GPU.
    static let onDevice: WorkerProgram = {
        var program = WorkerProgram(command: [ours.command[0] + "-gpu"], architecture: ours.architecture)
        program.environment = ["EIGENSWEEP_DEVICE": "0"]
        return program
    }()

    static var hasDevice: Bool {
        guard let sandbox = try? Sandbox(), let attempt = try? sandbox.newAttempt() else { return false }
        return (try? onDevice.start(arguments: ["describe"], in: attempt).wait()) == 0
    }
}

/// Both workers are one: each result is the other's.
@Suite(
    .serialized,
    .enabled(if: WorkerProgram.hasDevice, "no device of OpenCL here; scripts/test installs PoCL"))
struct DeviceWorkerTests {
    private let sandbox: Sandbox
    private let dataset: Digest

    init() throws {
        sandbox = try Sandbox()
        dataset = try sandbox.keep(Sandbox.dataset())
    }

    @Test func itDescribesItselfAsTheCPUsWorker() throws {
        let here = try WorkerProgram.ours.describe(in: sandbox.newAttempt())
        var there = try WorkerProgram.onDevice.describe(in: sandbox.newAttempt())
        #expect(there.check == here.check && there.kernels == "opencl" && there.cpu.hasPrefix(here.cpu + "; "))
        #expect(there.build != here.build)
        #expect(there.device?.name?.isEmpty == false && here.device == nil)
        there.device = nil
        (there.build, there.cpu, there.kernels) = (here.build, here.cpu, here.kernels)
        #expect(there == here)
    }

    /// Checkpoints are the same files, and either goes on where the other stopped.
    @Test func theirCheckpointsAreTheSame() throws {
        func checkpoints(
            _ worker: WorkerProgram, _ steps: [Int], from: ResumePoint? = nil
        ) throws -> (WorkerEvent.Checkpoint, URL) {
            let task = TrainTask(milestones: steps, resume: from, checkpointSeconds: 300)
            let spec = smallSpec(dataset: dataset, changing: ["training.batch": 20])
            let job = JobDescription(.train(task), spec: spec, dataset: dataset, in: sandbox)
            let directory = try sandbox.newAttempt()
            let found = try worker.start(job, in: directory).finish()
            return (try #require(found.milestones.last), directory)
        }
        let workers = [WorkerProgram.ours, .onDevice]
        let ends = try workers.map { try checkpoints($0, [20]).0 }
        #expect(ends[0].state?.digest == ends[1].state?.digest && ends[0].weights?.digest == ends[1].weights?.digest)
        for (first, second) in [(0, 1), (1, 0)] {
            let (half, directory) = try checkpoints(workers[first], [7])
            let state = try sandbox.adopt(#require(half.state), from: directory)
            let end = try checkpoints(workers[second], [20], from: ResumePoint(steps: 7, state: state)).0
            #expect(end.state?.digest == ends[0].state?.digest)
        }
    }
}
