import Foundation
import JobContract
import Testing

/// What a device does wrong costs nothing but time: at the start the CPU does its work, and later the host is to blame.
@Suite(.serialized, .enabled(if: WorkerProgram.hasDevice, "no device of OpenCL here; scripts/test installs PoCL"))
struct DeviceFaultTests {
    private let sandbox: Sandbox
    private let dataset: Digest

    init() throws {
        sandbox = try Sandbox()
        dataset = try sandbox.keep(Sandbox.dataset())
    }

    /// The worker with `library` in place of the system's OpenCL.
    private func worker(_ fault: String, library: String? = nil) throws -> WorkerProgram {
        let folder = sandbox.root.appendingPathComponent("library")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let products = URL(fileURLWithPath: WorkerProgram.ours.command[0]).deletingLastPathComponent()
        let target = library ?? products.appendingPathComponent("libFaultyOpenCL.so").path
        try #require(FileManager.default.fileExists(atPath: target))
        try FileManager.default.createSymbolicLink(
            atPath: folder.appendingPathComponent("libOpenCL.so.1").path, withDestinationPath: target)
        var worker = WorkerProgram.onDevice
        worker.environment["LD_LIBRARY_PATH"] = folder.path
        worker.environment["EIGENSWEEP_FAULT"] = fault
        return worker
    }

    private func job(_ steps: Int, from resume: ResumePoint? = nil, batch: Int64 = 20) -> JobDescription {
        let task = TrainTask(milestones: [steps], resume: resume, checkpointSeconds: 0)
        let spec = smallSpec(dataset: dataset, changing: ["training.batch": .integer(batch)])
        return JobDescription(.train(task), spec: spec, dataset: dataset, in: sandbox)
    }

    private func state(_ job: JobDescription, by worker: WorkerProgram) throws -> Digest? {
        try worker.start(job, in: sandbox.newAttempt()).finish().milestones.last?.state?.digest
    }

    private func expectCPU(_ worker: WorkerProgram, because words: String) throws {
        let here = try WorkerProgram.ours.describe(in: sandbox.newAttempt())
        let there = try worker.describe(in: sandbox.newAttempt())
        #expect(there.check == here.check && there.kernels == here.kernels && there.cpu == here.cpu)
        #expect(there.device?.name == nil)
        #expect(there.device?.problem?.contains(words) == true, "\(there.device?.problem ?? "")")
        let running = try worker.start(job(3), in: sandbox.newAttempt())
        #expect(try running.finish().milestones.last?.state?.digest == state(job(3), by: .ours))
        let said = try String(contentsOf: running.errors, encoding: .utf8)
        #expect(said.contains("networks compute on the CPU: ") && said.contains(words), "\(said)")
    }

    @Test(arguments: [
        ("context", "cannot be used (OpenCL's error -2)"), ("numbers", "does not round float32 as IEEE 754 says"),
        ("build", "cannot compile the kernels"), ("bits", "computes other bits than the CPU"),
        ("memory 1000", "MiB of memory (OpenCL's error -4)"), ("launches 20", "does not run a kernel"),
    ]) func whatFailsAtOnceIsLeftForTheCPU(fault: String, words: String) throws {
        try expectCPU(worker(fault), because: words)
    }

    @Test func aLibraryOfAnotherVersionIsLeftForTheCPU() throws {
        try expectCPU(
            worker("", library: "/usr/lib/x86_64-linux-gnu/libm.so.6"),
            because: "libOpenCL.so.1 has no function clGetPlatformIDs")
    }

    /// The host is to blame, in a sentence, and the training goes on from its last checkpoint with the same bits.
    @Test func aDeviceThatIsLostCostsTheLastStepsAlone() throws {
        let lost = try worker("launches 4000").start(job(60), in: sandbox.newAttempt())
        let failure = try lost.failure()
        #expect(failure.kind == .unfitHost)
        let last = try #require(try lost.events().checkpoints.last)
        #expect(failure.message.contains("the device failed at step \(last.steps + 1): "), "\(failure.message)")
        #expect(failure.message.contains("the last checkpoint is of step \(last.steps)"))
        #expect(last.steps > 1 && last.steps < 60)
        let state = try sandbox.adopt(#require(last.state), from: lost.directory)
        let resumed = try self.state(job(60, from: ResumePoint(steps: last.steps, state: state)), by: .ours)
        #expect(try resumed == self.state(job(60), by: .ours))
    }

    /// Where the small network of the check fits and the job's does not.
    @Test func aNetworkThatDoesNotFitIsTheHostsFault() throws {
        let failure = try worker("memory 8000000").start(job(3, batch: 600), in: sandbox.newAttempt()).failure()
        #expect(failure.kind == .unfitHost)
        #expect(failure.message.contains("MiB of memory (OpenCL's error -4)"), "\(failure.message)")
    }

    /// `scripts/test-gpu` does not pass where a device fails, nor where the CPU would do its work.
    @Test(arguments: [("launches 4000", "DIFFERS: 200 steps"), ("bits", "networks would compute on the CPU")])
    func theComparisonOfWorkersFails(fault: String, words: String) throws {
        let worker = try worker(fault)
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let process = Process()
        process.executableURL = tests.appendingPathComponent("../../scripts/lib/compare-workers")
        process.arguments = [
            URL(fileURLWithPath: worker.command[0]).deletingLastPathComponent().path,
            tests.appendingPathComponent("Reference").path, "bf-cnn, scale",
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(worker.environment) { $1 }
        let out = Pipe()
        (process.standardOutput, process.standardError) = (out, out)
        try process.run()
        let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 1 && text.contains(words), "\(text)")
    }
}
