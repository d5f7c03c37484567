import ScoreNetworks
import Tensors
import Testing

/// A device that fails in the middle of a training costs the training's last steps, and no number of it is believed.
struct DeviceFailureTests {
    /// This process as a device, until it `hasFailed`.
    private final class FailingMachine: LaneMachine {
        struct Lost: Error, CustomStringConvertible { let description = "the device is gone" }

        var hasFailed = false
        private let host = HostMachine<Float>()
        var kernels: LaneKernels<Float> { host.kernels }
        var mostGroups: Int { host.mostGroups }
        var groupStep: Int { host.groupStep }

        func another() -> any LaneMachine<Float> { FailingMachine() }
        func place(_ count: Int, shared: Bool) -> UnsafeMutablePointer<Float> { host.place(count, shared: shared) }
        func maskPlace(_ count: Int) -> UnsafeMutablePointer<UInt16> { host.maskPlace(count) }
        func pass(groups: Int) { host.pass(groups: groups) }
        func write(_ values: UnsafePointer<Float>, _ count: Int, to place: UnsafeMutablePointer<Float>) {
            host.write(values, count, to: place)
        }
        func read(_ place: UnsafePointer<Float>, _ count: Int, to values: UnsafeMutablePointer<Float>) {
            if hasFailed { values.update(repeating: 0, count: count) } else { host.read(place, count, to: values) }
        }
        func clear(_ place: UnsafeMutablePointer<Float>, _ count: Int) { host.clear(place, count) }
        func copy(_ from: UnsafePointer<Float>, _ count: Int, to place: UnsafeMutablePointer<Float>) {
            host.copy(from, count, to: place)
        }
        func check() throws { if hasFailed { throw Lost() } }
    }

    @Test func aTrainingEndsWithTheReason() throws {
        let machine = FailingMachine()
        let run = try SmallNetworks.all[0].training(on: machine)
        _ = try run.step()
        try run.check()
        #expect(run.isIntact)
        machine.hasFailed = true
        let expected = TrainingError.device(step: 2, "the device is gone")
        #expect(throws: expected) { _ = try run.step() }
        #expect(run.steps == 1 && !run.isIntact)
        #expect(throws: expected) { try run.check() }
    }

    @Test func imagesOfAFailedDeviceAreNotBelieved() throws {
        let machine = FailingMachine()
        let denoiser = try NetworkDenoiser(
            weights: SmallNetworks.all[0].trained().weights(), name: "weights", on: machine)
        try denoiser.check()
        machine.hasFailed = true
        #expect(throws: FailingMachine.Lost.self) { try denoiser.check() }
    }
}
