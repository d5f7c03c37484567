import Kernels

/// What holds a network's numbers and computes on them: this process, or a device. A place is a pointer. One on a device
/// can be given to the machine and to its kernels, and to nothing else.
package protocol LaneMachine<S>: AnyObject {
    associatedtype S: LaneScalar

    var kernels: LaneKernels<S> { get }
    /// The most groups of 16 images that pass every kernel together.
    var mostGroups: Int { get }
    /// How far, where groups pass together, a place of the next group lies from that of a group.
    var groupStep: Int { get }

    /// Another machine of the same kind, for another network.
    func another() throws -> any LaneMachine<S>
    /// Sets memory aside for `count` scalars, zero at first: all groups share it, or each has its own.
    func place(_ count: Int, shared: Bool) -> UnsafeMutablePointer<S>
    /// The same for masks of dropout, of which every group has its own.
    func maskPlace(_ count: Int) -> UnsafeMutablePointer<UInt16>
    /// Says how many groups pass from now on.
    func pass(groups: Int)

    func write(_ values: UnsafePointer<S>, _ count: Int, to place: UnsafeMutablePointer<S>)
    func read(_ place: UnsafePointer<S>, _ count: Int, to values: UnsafeMutablePointer<S>)
    /// Puts zeros where all groups that pass have the place.
    func clear(_ place: UnsafeMutablePointer<S>, _ count: Int)
    /// Copies from place to place, for all groups that pass.
    func copy(_ from: UnsafePointer<S>, _ count: Int, to place: UnsafeMutablePointer<S>)
    /// Throws where anything has failed, after which numbers mean nothing.
    func check() throws
}

extension LaneMachine {
    package func write(_ values: [S], to place: UnsafeMutablePointer<S>) { write(values, values.count, to: place) }

    package func read(_ place: UnsafePointer<S>, _ count: Int) -> [S] {
        [S](unsafeUninitializedCapacity: count) { values, filled in
            filled = count
            if let base = values.baseAddress { read(place, count, to: base) }
        }
    }
}

/// This process's memory, and the CPU's kernels. Groups pass one after the other.
package final class HostMachine<S: LaneScalar>: LaneMachine {
    /// A copy of the kernels, made once: making it takes longer than a kernel on few pixels.
    package let kernels = S.kernels
    package var mostGroups: Int { 1 }
    package var groupStep: Int { 0 }
    private var buffers: [LaneBuffer<S>] = []
    private var masks: [UnsafeMutableBufferPointer<UInt16>] = []

    package init() {}

    deinit { for mask in masks { mask.deallocate() } }

    package func another() -> any LaneMachine<S> { HostMachine() }

    package func place(_ count: Int, shared: Bool) -> UnsafeMutablePointer<S> {
        let buffer = LaneBuffer<S>(count: count)
        buffers.append(buffer)
        return buffer.base
    }

    package func maskPlace(_ count: Int) -> UnsafeMutablePointer<UInt16> {
        let place = UnsafeMutablePointer<UInt16>.allocate(capacity: max(count, 1))
        place.initialize(repeating: 0, count: max(count, 1))
        masks.append(UnsafeMutableBufferPointer(start: place, count: max(count, 1)))
        return place
    }

    package func pass(groups: Int) {}

    package func write(_ values: UnsafePointer<S>, _ count: Int, to place: UnsafeMutablePointer<S>) {
        place.update(from: values, count: count)
    }

    package func read(_ place: UnsafePointer<S>, _ count: Int, to values: UnsafeMutablePointer<S>) {
        values.update(from: place, count: count)
    }

    package func clear(_ place: UnsafeMutablePointer<S>, _ count: Int) { place.update(repeating: 0, count: count) }

    package func copy(_ from: UnsafePointer<S>, _ count: Int, to place: UnsafeMutablePointer<S>) {
        place.update(from: from, count: count)
    }

    package func check() {}
}
