import CDevices
import Kernels

/// A device with the compiled kernels of `Kernels/device`. One thread uses it at a time.
final class Device {
    /// What the driver calls it, with the driver's version.
    let name: String
    /// Bytes that one piece of memory may have.
    let mostMemory: Int
    private let handle: OpaquePointer
    private var kernels: [String: UnsafeMutableRawPointer] = [:]

    /// Device number `number` of those that OpenCL names, or the first that is no CPU.
    init(number: Int?) throws(DeviceError) {
        var text = [CChar](repeating: 0, count: 600)
        guard let handle = device_open_opencl(Int32(clamping: number ?? -1), &text, text.count) else {
            let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw DeviceError(String(decoding: bytes, as: UTF8.self))
        }
        self.handle = handle
        name = String(cString: device_name(handle))
        mostMemory = Int(clamping: device_memory(handle))
        let built = withUnsafePointer(to: ek_opencl_source) { parts in
            parts.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: Int(EK_SOURCE_PARTS)) {
                device_build(handle, $0, Int(EK_SOURCE_PARTS))
            }
        }
        guard built == 0 else { throw problem() }
    }

    deinit { device_close(handle) }

    /// Memory on the device, zero at first.
    func allocate(bytes: Int) throws(DeviceError) -> UnsafeMutableRawPointer {
        guard let memory = device_allocate(handle, bytes) else { throw problem() }
        guard device_clear(handle, memory, bytes) == 0 else {
            free(memory)
            throw problem()
        }
        return memory
    }

    func free(_ memory: UnsafeMutableRawPointer) { device_free(handle, memory) }

    func copy(
        _ from: UnsafeMutableRawPointer, at source: Int, to: UnsafeMutableRawPointer, at target: Int, bytes: Int
    ) throws(DeviceError) {
        guard bytes > 0 else { return }
        guard device_copy(handle, from, source, to, target, bytes) == 0 else { throw problem() }
    }

    func write(
        _ from: UnsafeRawPointer, bytes: Int, to memory: UnsafeMutableRawPointer, at offset: Int
    ) throws(DeviceError) {
        guard bytes > 0 else { return }
        guard device_write(handle, memory, offset, from, bytes) == 0 else { throw problem() }
    }

    func read(
        _ memory: UnsafeMutableRawPointer, at offset: Int, bytes: Int, to: UnsafeMutableRawPointer
    ) throws(DeviceError) {
        guard bytes > 0 else { return }
        guard device_read(handle, memory, offset, to, bytes) == 0 else { throw problem() }
    }

    /// Asks for one run of a kernel. `items` are along three axes, those of the first in work groups of `group`.
    func launch<Arguments: BitwiseCopyable>(
        _ name: String, on memory: UnsafeMutableRawPointer, _ arguments: Arguments, items: (Int, Int, Int), group: Int
    ) throws(DeviceError) {
        let kernel = try kernel(name)
        var sizes = [(items.0 + group - 1) / group * group, items.1, items.2]
        let code = withUnsafePointer(to: arguments) {
            device_launch(handle, kernel, memory, $0, MemoryLayout<Arguments>.size, &sizes, group)
        }
        guard code == 0 else { throw problem() }
    }

    private func kernel(_ name: String) throws(DeviceError) -> UnsafeMutableRawPointer {
        if let known = kernels[name] { return known }
        guard let kernel = device_kernel(handle, name) else { throw problem() }
        kernels[name] = kernel
        return kernel
    }

    private func problem() -> DeviceError { DeviceError(String(cString: device_problem(handle))) }
}

/// Why a device cannot be used, or not any longer, in a sentence.
package struct DeviceError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
