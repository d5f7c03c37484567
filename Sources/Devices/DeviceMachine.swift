import Tensors

/// A device as what holds one network's numbers and computes on them.
package final class DeviceMachine: LaneMachine {
    package let kernels: LaneKernels<Float>
    /// By what the device is reached: OpenCL or CUDA.
    package var kind: String { device.kind }
    /// What the driver calls the device, with the driver's version.
    package var name: String { device.name }
    /// Why it is not reached by CUDA, which is there and fails; nil where nothing does.
    package var passedOver: String? { device.passedOver }
    package var mostGroups: Int { DeviceMemory.mostGroups }
    package var groupStep: Int { DeviceMemory.groupStep }
    private let device: Device
    private let engine: DeviceEngine

    package convenience init(_ choice: DeviceChoice) throws(DeviceError) { try self.init(on: Device.find(choice)) }

    private init(on device: Device) throws(DeviceError) {
        self.device = device
        engine = try DeviceEngine(on: device)
        kernels = engine.kernels()
    }

    deinit { engine.forgetJoined() }

    package func another() throws(DeviceError) -> any LaneMachine<Float> { try DeviceMachine(on: device) }

    package func place(_ count: Int, shared: Bool) -> UnsafeMutablePointer<Float> {
        engine.memory.place(count, shared: shared)
    }

    package func maskPlace(_ count: Int) -> UnsafeMutablePointer<UInt16> {
        UnsafeMutableRawPointer(engine.memory.place((count + 1) / 2, shared: false)).assumingMemoryBound(
            to: UInt16.self)
    }

    package func pass(groups: Int) { engine.pass(groups: groups) }

    package func write(_ values: UnsafePointer<Float>, _ count: Int, to place: UnsafeMutablePointer<Float>) {
        engine.write(values, count: count, to: place)
    }

    package func read(_ place: UnsafePointer<Float>, _ count: Int, to values: UnsafeMutablePointer<Float>) {
        engine.read(place, count: count, to: values)
    }

    package func clear(_ place: UnsafeMutablePointer<Float>, _ count: Int) { engine.map("ek_clear", nil, place, count) }

    package func copy(_ from: UnsafePointer<Float>, _ count: Int, to place: UnsafeMutablePointer<Float>) {
        engine.map("ek_copy", from, place, count)
    }

    package func check() throws(DeviceError) {
        if let failure = engine.failure { throw failure }
    }
}
