import CDevices
import Kernels

/// A device with the compiled kernels of `Kernels/device`. One thread uses it at a time.
final class Device {
    /// By what it is reached: OpenCL or CUDA.
    let kind: String
    /// What the driver calls it, with the driver's version.
    let name: String
    /// Bytes that one piece of memory may have.
    let mostMemory: Int
    /// Why it is not reached by CUDA, which is there and fails; nil where nothing does.
    private(set) var passedOver: String?
    private let handle: OpaquePointer
    private var kernels: [String: UnsafeMutableRawPointer] = [:]

    /// The one that is asked for. CUDA where it is not there is passed over; where it is there and fails, OpenCL may do,
    /// and the device says why.
    static func find(_ choice: DeviceChoice) throws(DeviceError) -> Device {
        switch choice {
        case .opencl(let number): return try opencl(number)
        case .cuda: return try cuda().found()
        case .first:
            let problem: DeviceError
            switch cuda() {
            case .there(let device): return device
            case .absent: return try opencl(-1)
            case .failed(let failure): problem = failure
            }
            do {
                let device = try opencl(-1)
                device.passedOver = problem.description
                return device
            } catch {
                throw DeviceError("\(problem.description); \(error.description)")
            }
        }
    }

    /// Device number `number` of those that OpenCL names, or where that is negative the first that is no CPU.
    private static func opencl(_ number: Int) throws(DeviceError) -> Device {
        var text = Problem()
        guard let handle = device_open_opencl(Int32(clamping: number), &text.bytes, text.bytes.count) else {
            throw text.error
        }
        let parts = withUnsafePointer(to: ek_opencl_source) { parts in
            parts.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: Int(EK_SOURCE_PARTS)) {
                Array(UnsafeBufferPointer(start: $0, count: Int(EK_SOURCE_PARTS)))
            }
        }
        return try Device(handle, program: parts)
    }

    private enum CUDA {
        case there(Device)
        case absent(DeviceError)
        case failed(DeviceError)

        func found() throws(DeviceError) -> Device {
            switch self {
            case .there(let device): return device
            case .absent(let problem), .failed(let problem): throw problem
            }
        }
    }

    private static func cuda() -> CUDA {
        var text = Problem()
        var isAbsent: Int32 = 0
        guard let handle = device_open_cuda(&text.bytes, text.bytes.count, &isAbsent) else {
            return isAbsent != 0 ? .absent(text.error) : .failed(text.error)
        }
        do {
            return .there(try Device(handle, program: [ek_cuda_program()]))
        } catch {
            return .failed(error)
        }
    }

    private init(_ handle: OpaquePointer, program: [UnsafePointer<CChar>?]) throws(DeviceError) {
        self.handle = handle
        kind = String(cString: device_kind(handle))
        name = String(cString: device_name(handle))
        mostMemory = Int(clamping: device_memory(handle))
        guard !program.contains(nil) else {
            throw DeviceError("this program holds no kernels for \(name): it was built without NVRTC")
        }
        guard device_build(handle, program, program.count) == 0 else { throw problem() }
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

/// The bytes of a sentence that C gives.
private struct Problem {
    var bytes = [CChar](repeating: 0, count: 600)

    var error: DeviceError {
        DeviceError(String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}

/// Why a device cannot be used, or not any longer, in a sentence.
package struct DeviceError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
