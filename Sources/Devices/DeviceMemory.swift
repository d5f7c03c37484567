import Glibc
import Kernels
import Tensors

/// The memory of one network on a device. Its places are pointers that this process cannot read: addresses are set aside
/// for them, and nothing lies there. What all groups of images share comes first in the device's memory, then what each
/// group has of its own, then what kernels need while they run.
final class DeviceMemory {
    /// The most groups that have memory of their own, and the addresses that are set aside for each, and for what they share.
    static let mostGroups = 64
    private static let span = 1 << 34
    private static var floats: Int { MemoryLayout<Float>.stride }

    private let device: Device
    private let shared: UnsafeMutableRawPointer
    private let own: UnsafeMutableRawPointer
    private var sharedCount = 0
    private var ownCount = 0
    private var scratchCount = 0
    /// How many groups pass, and how many have memory.
    private(set) var groups = 1
    private var room = 1
    /// What the device has set aside, and for which sizes.
    private var memory: UnsafeMutableRawPointer?
    private var layout = Layout(shared: 0, own: 0, scratch: 0, groups: 0)

    /// Counts of floats.
    private struct Layout: Equatable {
        var shared: Int
        var own: Int
        var scratch: Int
        var groups: Int

        var step: Int { own + scratch }
        var count: Int { shared + step * groups }
    }

    init(on device: Device) throws(DeviceError) {
        self.device = device
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        let found = mmap(nil, (1 + Self.mostGroups) * Self.span, PROT_NONE, flags, -1, 0)
        guard let found, found != MAP_FAILED else {
            throw DeviceError("this process is not given addresses for a device's memory")
        }
        shared = found
        own = found + Self.span
    }

    deinit {
        if let memory { device.free(memory) }
        munmap(shared, (1 + Self.mostGroups) * Self.span)
    }

    /// A place for `count` floats, zero at first, which all groups share or of which each has its own.
    func place(_ count: Int, shared isShared: Bool) -> UnsafeMutablePointer<Float> {
        // Sizes are multiples of 128 bytes, so that places are as aligned as on the CPU.
        let size = (max(count, 1) + 31) / 32 * 32
        let start: UnsafeMutableRawPointer
        if isShared {
            start = shared + sharedCount * Self.floats
            sharedCount += size
        } else {
            start = own + ownCount * Self.floats
            ownCount += size
        }
        precondition(max(sharedCount, ownCount) * Self.floats < Self.span, "more than there are addresses for")
        return start.bindMemory(to: Float.self, capacity: size)
    }

    /// Says how many groups pass from now on.
    func pass(groups count: Int) {
        precondition(count <= Self.mostGroups, "more groups than there are addresses for")
        groups = count
        room = max(room, count)
    }

    /// Where in the device's memory a place lies. What the first group has of its own every group has, one after the other.
    func find(_ pointer: UnsafePointer<Float>) -> ek_place { find(UnsafeRawPointer(pointer), Self.floats) }

    /// The same in halves of a float.
    func find(_ pointer: UnsafePointer<UInt16>) -> ek_place { find(UnsafeRawPointer(pointer), Self.floats / 2) }

    private func find(_ raw: UnsafeRawPointer, _ unit: Int) -> ek_place {
        let parts = Self.floats / unit
        guard raw >= UnsafeRawPointer(own) else {
            return ek_place(at: UInt64((raw - UnsafeRawPointer(shared)) / unit), step: 0)
        }
        let (group, offset) = (raw - UnsafeRawPointer(own)).quotientAndRemainder(dividingBy: Self.span)
        let at = (layout.shared + group * layout.step) * parts + offset / unit
        return ek_place(at: UInt64(at), step: UInt64(layout.step * parts))
    }

    /// Whether every group has its own of a place.
    func isOwn(_ pointer: UnsafePointer<Float>) -> Bool { UnsafeRawPointer(pointer) >= UnsafeRawPointer(own) }

    /// How far the place of the next group is from that of a group.
    static var groupStep: Int { span / floats }

    /// The part of every group's scratch that begins with float number `offset`.
    func scratch(_ offset: Int) -> ek_place {
        ek_place(at: UInt64(layout.shared + layout.own + offset), step: UInt64(layout.step))
    }

    /// The device's memory, with room for all places, and for `scratch` floats of every group.
    func current(scratch: Int = 0) throws(DeviceError) -> UnsafeMutableRawPointer {
        scratchCount = max(scratchCount, (scratch + 31) / 32 * 32)
        let wanted = Layout(shared: sharedCount, own: ownCount, scratch: scratchCount, groups: room)
        if let memory, wanted == layout { return memory }
        let bytes = max(wanted.count, 1) * Self.floats
        guard bytes <= device.mostMemory else {
            throw DeviceError(
                "\(device.name) has \(device.mostMemory >> 20) MiB for a network, and \(bytes >> 20) are needed")
        }
        let larger = try device.allocate(bytes: bytes)
        if let memory {
            try device.copy(memory, at: 0, to: larger, at: 0, bytes: layout.shared * Self.floats)
            for group in 0..<layout.groups {
                try device.copy(
                    memory, at: (layout.shared + group * layout.step) * Self.floats, to: larger,
                    at: (wanted.shared + group * wanted.step) * Self.floats, bytes: layout.own * Self.floats)
            }
            device.free(memory)
        }
        memory = larger
        layout = wanted
        return larger
    }

    func write(
        _ values: UnsafePointer<Float>, count: Int, to place: UnsafePointer<Float>
    ) throws(DeviceError) {
        let memory = try current()
        try device.write(
            values, bytes: count * Self.floats, to: memory, at: Int(find(place).at) * Self.floats)
    }

    func read(
        _ place: UnsafePointer<Float>, count: Int, to values: UnsafeMutablePointer<Float>
    ) throws(DeviceError) {
        let memory = try current()
        try device.read(memory, at: Int(find(place).at) * Self.floats, bytes: count * Self.floats, to: values)
    }
}
