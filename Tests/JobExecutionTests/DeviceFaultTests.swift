import Foundation
import Testing

/// What a device does wrong costs nothing but time: at the start the CPU does its work, and later the host is to blame.
@Suite(.serialized, .enabled(if: WorkerProgram.hasDevice, "no device of OpenCL here; scripts/test installs PoCL"))
struct DeviceFaultTests {
    private let place: DeviceSandbox

    init() throws { place = try DeviceSandbox() }

    /// The worker with `library` in place of the system's OpenCL.
    private func worker(_ fault: String, library: String = DeviceSandbox.faultyOpenCL) throws -> WorkerProgram {
        try place.worker(on: "0", ["libOpenCL.so.1": library], fault: fault)
    }

    @Test(arguments: [
        ("context", "cannot be used (OpenCL's error -2)"), ("numbers", "does not round float32 as IEEE 754 says"),
        ("build", "cannot compile the kernels"), ("bits", "computes other bits than the CPU"),
        ("memory 1000", "MiB of memory (OpenCL's error -4)"), ("launches 20", "does not run a kernel"),
    ]) func whatFailsAtOnceIsLeftForTheCPU(fault: String, words: String) throws {
        try place.expectCPU(worker(fault), because: words)
    }

    @Test func aLibraryOfAnotherVersionIsLeftForTheCPU() throws {
        try place.expectCPU(
            worker("", library: DeviceSandbox.noDriver),
            because: "libOpenCL.so.1 has no function clGetPlatformIDs")
    }

    @Test func aDeviceThatIsLostCostsTheLastStepsAlone() throws {
        try place.expectLost(worker("launches 4000"))
    }

    /// Where the small network of the check fits and the job's does not.
    @Test func aNetworkThatDoesNotFitIsTheHostsFault() throws {
        try place.expectTooLarge(worker("memory 8000000"), "MiB of memory (OpenCL's error -4)")
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
