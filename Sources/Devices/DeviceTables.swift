import Kernels

/// Kernels whose runs for the layers of a network are one run, by a table of what each would be given.
enum JoinedKernel: String, CaseIterable {
    case winogradWeights = "ek_winograd_weights"
    case pack = "ek_pack"
    case broadcast = "ek_broadcast_shared"
    case reduceLanes = "ek_reduce_lanes"

    /// Those that bring parameters to where layers read them.
    static let packing: [JoinedKernel] = [.winogradWeights, .pack, .broadcast]
}

/// The runs of one kernel that wait to be one.
struct JoinedRuns {
    private var runs: [(items: Int, bytes: () -> [UInt8])] = []
    private var bytesEach = 0

    /// Items of a work group.
    static let group = 64

    mutating func add<Arguments: BitwiseCopyable>(items: Int, _ arguments: @escaping () -> Arguments) {
        bytesEach = MemoryLayout<Arguments>.stride
        let padding = [UInt8](repeating: 0, count: bytesEach - MemoryLayout<Arguments>.size)
        runs.append((items, { withUnsafeBytes(of: arguments()) { Array($0) } + padding }))
    }

    /// What fits a table of so many bytes.
    struct Part {
        /// The first work group of every run.
        var starts: [UInt32] = []
        var items = 0
        fileprivate var runs: [() -> [UInt8]] = []

        func entries() -> [UInt8] { runs.flatMap { $0() } }
    }

    func parts(ofBytes most: Int) -> [Part] {
        let length = max(1, most / (bytesEach + MemoryLayout<UInt32>.stride) - 1)
        return stride(from: 0, to: runs.count, by: length).map { first in
            var part = Part()
            for run in runs[first..<min(first + length, runs.count)] {
                part.starts.append(UInt32(part.items / Self.group))
                part.items += (run.items + Self.group - 1) / Self.group * Self.group
                part.runs.append(run.bytes)
            }
            return part
        }
    }
}

/// Tables on a device. Those of a training are the same in every step, and are written once.
final class DeviceTables {
    /// The room for all, of which one may take all.
    static let mostBytes = 1 << 18
    private let memory: DeviceMemory
    private let place: UnsafeMutablePointer<Float>
    private var known: [[UInt8]: Int] = [:]
    private var used = 0

    init(in memory: DeviceMemory) {
        self.memory = memory
        place = memory.place(Self.mostBytes / MemoryLayout<Float>.stride, shared: true)
    }

    func table(_ starts: [UInt32], _ entries: [UInt8]) throws(DeviceError) -> ek_table {
        let first = (starts.count * MemoryLayout<UInt32>.stride + 7) / 8 * 8
        var bytes = starts.withUnsafeBytes { Array($0) }
        bytes += [UInt8](repeating: 0, count: first - bytes.count) + entries
        bytes += [UInt8](repeating: 0, count: (bytes.count + 7) / 8 * 8 - bytes.count)
        let offset = if let place = known[bytes] { place } else { try write(bytes) }
        func found(_ byte: Int) -> ek_place { memory.find(UnsafePointer(place + byte / MemoryLayout<Float>.stride)) }
        return ek_table(starts: found(offset), entries: found(offset + first), count: UInt32(starts.count))
    }

    private func write(_ bytes: [UInt8]) throws(DeviceError) -> Int {
        if used + bytes.count > Self.mostBytes {
            // Whatever reads the old ones has been asked for, and comes first.
            known = [:]
            used = 0
        }
        let offset = used
        let floats = [Float](unsafeUninitializedCapacity: bytes.count / MemoryLayout<Float>.stride) { buffer, count in
            UnsafeMutableRawBufferPointer(buffer).copyBytes(from: bytes)
            count = bytes.count / MemoryLayout<Float>.stride
        }
        try memory.write(floats, count: floats.count, to: place + offset / MemoryLayout<Float>.stride)
        known[bytes] = offset
        used += bytes.count
        return offset
    }
}
