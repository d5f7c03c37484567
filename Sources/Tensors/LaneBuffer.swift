import Kernels

/// Memory for activations and parameters, aligned for the widest vectors, zero at first.
package final class LaneBuffer<S: LaneScalar> {
    package let base: UnsafeMutablePointer<S>
    package let count: Int

    package init(count: Int) {
        let size = max(count, 1) * MemoryLayout<S>.stride
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: size, alignment: size >= Self.largePage ? Self.largePage : 128)
        ek_prefer_large_pages(memory, size)
        base = memory.bindMemory(to: S.self, capacity: max(count, 1))
        base.initialize(repeating: 0, count: max(count, 1))
        self.count = count
    }

    private static var largePage: Int { 1 << 21 }

    deinit { UnsafeMutableRawPointer(base).deallocate() }

    package func clear() { base.update(repeating: 0, count: count) }

    /// Copies `values` to the place from `offset` on.
    package func write(_ values: [S], at offset: Int) {
        precondition(offset >= 0 && offset + values.count <= count, "outside of the buffer")
        for (i, value) in values.enumerated() { base[offset + i] = value }
    }

    package func read(_ range: Range<Int>) -> [S] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "outside of the buffer")
        return Array(UnsafeBufferPointer(start: base + range.lowerBound, count: range.count))
    }
}
