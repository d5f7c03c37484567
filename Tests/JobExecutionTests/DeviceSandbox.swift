import Foundation
import JobContract
import Testing

/// Small trainings by workers that meet the tests' libraries in place of drivers.
struct DeviceSandbox {
    let sandbox: Sandbox
    private let dataset: Digest

    init() throws {
        sandbox = try Sandbox()
        dataset = try sandbox.keep(Sandbox.dataset())
    }

    static let faultyOpenCL = product("libFaultyOpenCL.so")
    static let standIn = ["libcuda.so.1": product("libStandInCUDA.so")]
    static let noDriver = "/usr/lib/x86_64-linux-gnu/libm.so.6"

    private static func product(_ name: String) -> String {
        URL(fileURLWithPath: WorkerProgram.ours.command[0]).deletingLastPathComponent().appendingPathComponent(name)
            .path
    }

    /// Why the stand-in for CUDA's driver cannot be tried: no OpenCL to run on, or no NVRTC when the programs were built. Any
    /// other problem is what tests are for.
    static let problemOfCUDA: String? = {
        do {
            let place = try DeviceSandbox()
            func problem(on device: String, _ libraries: [String: String]) throws -> String? {
                let described = try place.worker(on: device, libraries).describe(in: place.sandbox.newAttempt())
                return described.device?.name == nil ? described.device?.problem ?? "" : nil
            }
            if let problem = try problem(on: "0", [:]) { return problem }
            let hasCompiler = ProcessInfo.processInfo.environment["EIGENSWEEP_NVRTC"]?.isEmpty == false
            return try problem(on: "cuda", standIn).flatMap { problem in
                problem.contains("was built without NVRTC") && !hasCompiler ? problem : nil
            }
        } catch {
            return "\(error)"
        }
    }()

    /// The worker for devices, to which the environment says `device`, with libraries in place of those of these names.
    func worker(on device: String?, _ libraries: [String: String], fault: String = "") throws -> WorkerProgram {
        let folder = sandbox.root.appendingPathComponent("library-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, target) in libraries {
            try #require(FileManager.default.fileExists(atPath: target))
            try FileManager.default.createSymbolicLink(
                atPath: folder.appendingPathComponent(name).path, withDestinationPath: target)
        }
        var worker = WorkerProgram.onDevice
        worker.environment = ["LD_LIBRARY_PATH": folder.path, "EIGENSWEEP_FAULT": fault]
        worker.environment["EIGENSWEEP_DEVICE"] = device
        return worker
    }

    func job(
        _ steps: Int, from resume: ResumePoint? = nil, changing changes: [String: JSONValue?] = [:]
    ) -> JobDescription {
        let task = TrainTask(milestones: [steps], resume: resume, checkpointSeconds: 0)
        let spec = smallSpec(dataset: dataset, changing: ["training.batch": 20].merging(changes) { $1 })
        return JobDescription(.train(task), spec: spec, dataset: dataset, in: sandbox)
    }

    func state(_ job: JobDescription, by worker: WorkerProgram) throws -> Digest? {
        try worker.start(job, in: sandbox.newAttempt()).finish().milestones.last?.state?.digest
    }

    /// What a worker that has done a job says on standard error.
    func said(_ running: RunningWorker) throws -> String { try String(contentsOf: running.errors, encoding: .utf8) }

    func expectCPU(_ worker: WorkerProgram, because words: String) throws {
        let here = try WorkerProgram.ours.describe(in: sandbox.newAttempt())
        let there = try worker.describe(in: sandbox.newAttempt())
        #expect(there.check == here.check && there.kernels == here.kernels && there.cpu == here.cpu)
        #expect(there.device?.name == nil)
        #expect(there.device?.problem?.contains(words) == true, "\(there.device?.problem ?? "")")
        let running = try worker.start(job(3), in: sandbox.newAttempt())
        #expect(try running.finish().milestones.last?.state?.digest == state(job(3), by: .ours))
        let said = try said(running)
        #expect(said.contains("networks compute on the CPU: ") && said.contains(words), "\(said)")
    }

    /// The device of `worker` is lost at some time. The host is to blame, in a sentence, and the training goes on from its last
    /// checkpoint with the same bits.
    func expectLost(_ worker: WorkerProgram) throws {
        let lost = try worker.start(job(60), in: sandbox.newAttempt())
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

    /// A network that does not fit the device of `worker` is the host's fault.
    func expectTooLarge(_ worker: WorkerProgram, _ words: String) throws {
        let failure = try worker.start(job(3, changing: ["training.batch": 600]), in: sandbox.newAttempt()).failure()
        #expect(failure.kind == .unfitHost)
        #expect(failure.message.contains(words), "\(failure.message)")
    }
}
