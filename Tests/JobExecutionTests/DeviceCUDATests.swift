import Foundation
import JobContract
import Testing

/// The driver of CUDA, on a library that stands in for NVIDIA's and runs the kernels on OpenCL's device (Tests/CStandInCUDA).
@Suite(
    .serialized,
    .enabled(
        if: DeviceSandbox.problemOfCUDA == nil, "no CUDA: \(DeviceSandbox.problemOfCUDA ?? "")"))
struct DeviceCUDATests {
    private let place: DeviceSandbox

    init() throws { place = try DeviceSandbox() }

    private func worker(_ fault: String = "", on device: String? = "cuda") throws -> WorkerProgram {
        try place.worker(on: device, DeviceSandbox.standIn, fault: fault)
    }

    /// How many graphs a worker that has ended ran.
    private func graphs(_ running: RunningWorker) throws -> Int {
        let found = try place.said(running).firstMatch(of: /stand-in: \d+ kernels, (\d+) graphs/)
        return try #require(found.flatMap { Int($0.1) })
    }

    /// Outputs, and gradients by parameters and inputs.
    @Test(arguments: ["ddpmpp-c8-r16", "bias-free-unet-k8-r16-train", "preconditioning-vp-ddpmpp-c4-r16"])
    func outputsAndGradientsAreTheCPUs(name: String) throws {
        let file = try #require(
            Bundle.module.url(forResource: name, withExtension: "safetensors", subdirectory: "Reference"))
        let bits = try [WorkerProgram.ours, worker()].map { worker in
            let running = try worker.start(arguments: ["verify", "--bits", file.path], in: place.sandbox.newAttempt())
            #expect(try running.wait() == 0)
            return try String(contentsOf: running.output, encoding: .utf8)
        }
        #expect(!bits[0].isEmpty && bits[0] == bits[1])
    }

    /// Steps of dropout and of the optimiser differ in numbers that their graphs are told; without memory for graphs kernels are
    /// started one by one.
    @Test(arguments: ["", "graphs"]) func trainingsAreTheCPUs(fault: String) throws {
        let job = place.job(20, changing: ["model.dropout": 0.2, "training.augment": 0.5])
        let running = try worker(fault).start(job, in: place.sandbox.newAttempt())
        #expect(try running.finish().milestones.last?.state?.digest == place.state(job, by: .ours))
        #expect(try place.said(running).contains("networks compute on Stand-in 0, driver of CUDA 12.2"))
        let graphs = try graphs(running)
        #expect(fault.isEmpty ? graphs > 20 : graphs == 0)
    }

    /// A driver whose graphs fail is found out before a job begins.
    @Test func theCheckOfADeviceRunsGraphs() throws {
        let described = try worker().start(arguments: ["describe"], in: place.sandbox.newAttempt())
        #expect(try described.wait() == 0)
        #expect(try graphs(described) > 0)
    }

    @Test(arguments: [
        ("none", "the driver of CUDA names no device here"),
        ("init", "the driver of CUDA cannot be used (CUDA's error 999)"),
        ("capability", "has compute capability 6.0, and the kernels need 7.5"),
        ("context", "cannot be used (CUDA's error 46)"), ("old", "is too old for the kernels (CUDA's error 222)"),
        ("bits", "computes other bits than the CPU"), ("memory 1000", "MiB of memory (CUDA's error 2, out of memory)"),
        ("launches 20", "(CUDA's error 719, unspecified launch failure)"),
    ]) func whatFailsAtOnceIsLeftForTheCPU(fault: String, words: String) throws {
        try place.expectCPU(worker(fault), because: words)
    }

    @Test func aDeviceThatIsLostCostsTheLastStepsAlone() throws { try place.expectLost(worker("launches 4000")) }

    @Test func aNetworkThatDoesNotFitIsTheHostsFault() throws {
        try place.expectTooLarge(worker("memory 8000000"), "MiB of memory (CUDA's error 2, out of memory)")
    }

    /// CUDA goes before OpenCL, which does where CUDA is there and fails.
    @Test func theFirstDeviceIsCUDAs() throws {
        func described(_ worker: WorkerProgram) throws -> WorkerDescription {
            try worker.describe(in: place.sandbox.newAttempt())
        }
        let first = try described(worker(on: nil))
        #expect(first.kernels == "cuda" && first.device?.name == "Stand-in 0, driver of CUDA 12.2")
        #expect(first.cpu.hasSuffix("; Stand-in 0, driver of CUDA 12.2"), "\(first.cpu)")

        let broken = ["libcuda.so.1": DeviceSandbox.noDriver, "libOpenCL.so.1": DeviceSandbox.faultyOpenCL]
        let other = try described(place.worker(on: nil, broken, fault: "gpu"))
        #expect(other.kernels == "opencl" && other.device?.name != nil)
        #expect(other.device?.problem == "libcuda.so.1 has no function cuInit", "what failed is told")
        let missing = ["libcuda.so.1": DeviceSandbox.noDriver, "libOpenCL.so.1": DeviceSandbox.noDriver]
        let both = "libcuda.so.1 has no function cuInit; libOpenCL.so.1 has no function clGetPlatformIDs"
        #expect(try described(place.worker(on: nil, missing)).device?.problem == both)
        // What is not there needs no word.
        let none = try described(
            place.worker(
                on: nil, DeviceSandbox.standIn.merging(["libOpenCL.so.1": DeviceSandbox.noDriver]) { $1 }, fault: "none"
            ))
        #expect(none.device?.problem == "libOpenCL.so.1 has no function clGetPlatformIDs")
    }

    @Test(arguments: ["gpu", "-1", "0x1"]) func anUnknownDeviceIsRefused(word: String) throws {
        let running = try worker(on: word).start(arguments: ["describe"], in: place.sandbox.newAttempt())
        #expect(try running.wait() == 64)
        let words = "EIGENSWEEP_DEVICE is neither cuda nor the number of a device in OpenCL's list, but '\(word)'"
        #expect(try place.said(running) == "eigensweep-worker: \(words)\n")
    }
}
