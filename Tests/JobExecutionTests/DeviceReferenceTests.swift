import Devices
import Foundation
import Testing

@testable import JobExecution

/// What is computed of reference files has the same bits on a device: outputs, gradients by inputs and parameters, training
/// steps, samples.
@Suite(.serialized, .enabled(if: WorkerProgram.hasDevice, "no device of OpenCL here; scripts/test installs PoCL"))
struct DeviceReferenceTests {
    @Test(arguments: ReferenceTests.files) func hasTheSameBits(name: String) throws {
        let file = try ReferenceTests.load(name)
        let here = try ReferenceComparison.all(in: file, Float.self, .single)
        let device = try DeviceMachine(number: 0)
        let there = try ReferenceComparison.all(
            in: file, Float.self, .single, on: device.another, single: device.another)
        #expect(!here.isEmpty && there.map(\.tensor) == here.map(\.tensor))
        for (there, here) in zip(there, here) {
            #expect(there.values.map(\.bitPattern) == here.values.map(\.bitPattern), "\(here.tensor)")
        }
    }
}
