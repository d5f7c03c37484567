import Kernels
import Tensors

/// The layer kernels of a network on a device. Every call is one run, or a few, for all groups of images together; calls
/// return before the device is done. After a failure calls do nothing: `failure` says what it was.
final class DeviceEngine: @unchecked Sendable {
    // Unchecked: the kernels below carry it, and are called by the thread alone that the network belongs to.
    let memory: DeviceMemory
    private(set) var failure: DeviceError?
    /// Where a kernel leaves what it has found.
    let found: UnsafeMutablePointer<Float>
    private let device: Device
    /// What waits to be run for many layers at once.
    private var waiting: [JoinedKernel: JoinedRuns] = [:]
    private let tables: DeviceTables

    init(on device: Device) throws(DeviceError) {
        self.device = device
        memory = try DeviceMemory(on: device)
        found = memory.place(1, shared: true)
        tables = DeviceTables(in: memory)
    }

    /// Does `work` unless something has failed, and keeps what fails in it.
    func attempt(_ work: () throws(DeviceError) -> Void) {
        guard failure == nil else { return }
        do {
            try work()
        } catch {
            failure = error
        }
    }

    /// Runs a kernel for every group of images. `scratch` floats of every group serve it, or serve it with others. One that
    /// `adds` to gradients of weights meets nothing of what waits to be added to others.
    func run<Arguments: BitwiseCopyable>(
        _ kernel: String, _ items: Int, _ rows: Int = 1, shared isShared: Bool = false, adds: Bool = false,
        scratch: Int = 0, _ arguments: () -> Arguments
    ) {
        guard items > 0, rows > 0 else { return }
        runJoined(JoinedKernel.packing)
        // What each group has of its own are no gradients.
        if isShared, !adds { runJoined([.reduceLanes]) }
        attempt { () throws(DeviceError) in
            let current = try memory.current(scratch: scratch)
            let groups = isShared ? 1 : memory.groups
            // Places are found in the memory as it is now.
            try device.launch(kernel, on: current, arguments(), items: (items, rows, groups), group: 64)
        }
    }

    /// Runs a kernel for one layer, together with the other layers': before anything that reads what it writes.
    func join<Arguments: BitwiseCopyable>(
        _ kernel: JoinedKernel, items: Int, _ arguments: @escaping () -> Arguments
    ) {
        guard items > 0 else { return }
        waiting[kernel, default: JoinedRuns()].add(items: items, arguments)
    }

    func runJoined(_ kernels: [JoinedKernel] = JoinedKernel.allCases) {
        for kernel in kernels {
            guard let runs = waiting.removeValue(forKey: kernel) else { continue }
            for part in runs.parts(ofBytes: DeviceTables.mostBytes) {
                attempt { () throws(DeviceError) in
                    // Places are found in the memory as it is now.
                    let current = try memory.current()
                    let table = try tables.table(part.starts, part.entries())
                    try device.launch(
                        kernel.rawValue, on: current, table, items: (part.items, 1, 1), group: JoinedRuns.group)
                }
            }
        }
    }

    /// What waits holds the engine.
    func forgetJoined() { waiting = [:] }

    /// Says how many groups pass from now on.
    func pass(groups: Int) {
        // The sums of the groups before.
        runJoined([.reduceLanes])
        memory.pass(groups: groups)
    }

    /// Nothing is written, and zeros are read, after a failure.
    func write(_ values: UnsafePointer<Float>, count: Int, to place: UnsafePointer<Float>) {
        runJoined()
        attempt { () throws(DeviceError) in try memory.write(values, count: count, to: place) }
    }

    func read(_ place: UnsafePointer<Float>, count: Int, to values: UnsafeMutablePointer<Float>) {
        runJoined()
        attempt { () throws(DeviceError) in try memory.read(place, count: count, to: values) }
        if failure != nil { values.update(repeating: 0, count: count) }
    }

    func find(_ pointer: UnsafePointer<Float>?) -> ek_place { pointer.map { memory.find($0) } ?? ek_place() }

    /// The groups that a gradient of all has parts of: the kernels add them in turn.
    var groups: UInt32 { UInt32(memory.groups) }
}
