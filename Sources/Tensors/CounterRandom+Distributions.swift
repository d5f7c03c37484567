import Kernels

extension CounterRandom {
    /// Standard normal deviate `index` of the stream (Box and Muller; deviates 2k and 2k + 1 share block k).
    package func normal(_ index: UInt64) -> Double {
        var value = 0.0
        fillNormals(from: index, count: 1, into: &value)
        return value
    }

    /// Standard normal deviates `first`, `first` + 1, …; equal to `normal` one by one.
    package func normals(from first: UInt64, count: Int) -> [Double] {
        [Double](unsafeUninitializedCapacity: count) { buffer, filled in
            if let base = buffer.baseAddress { fillNormals(from: first, count: count, into: base) }
            filled = count
        }
    }

    /// Uniform deviates `first`, `first` + 1, … on (0, 1); equal to `uniform` one by one.
    package func uniforms(from first: UInt64, count: Int) -> [Double] {
        [Double](unsafeUninitializedCapacity: count) { buffer, filled in
            withUnsafeBytes(of: key) { bytes in
                guard let words = bytes.bindMemory(to: UInt32.self).baseAddress, let base = buffer.baseAddress else {
                    return
                }
                ek_uniforms(words, purpose, sub, first, count, base)
            }
            filled = count
        }
    }

    /// A uniform integer in 0..<`bound` from the half block `index`. The bias is below `bound` / 2^64.
    package func integer(_ index: UInt64, below bound: UInt64) -> UInt64 {
        let x = block(index >> 1)
        let bits = index & 1 == 0 ? UInt64(x[0]) << 32 | UInt64(x[1]) : UInt64(x[2]) << 32 | UInt64(x[3])
        return bits.multipliedFullWidth(by: bound).high
    }

    /// A uniform permutation of 0..<`count` (Fisher and Yates), one for every `round`.
    package func permutation(count: Int, round: UInt32 = 0) -> [Int] {
        var order = Array(0..<count)
        guard count > 1 else { return order }
        for last in stride(from: count - 1, through: 1, by: -1) {
            let choice = Int(integer(UInt64(round) << 33 | UInt64(last), below: UInt64(last) + 1))
            order.swapAt(last, choice)
        }
        return order
    }

    private func fillNormals(from first: UInt64, count: Int, into target: UnsafeMutablePointer<Double>) {
        withUnsafeBytes(of: key) { bytes in
            guard let words = bytes.bindMemory(to: UInt32.self).baseAddress else { return }
            ek_normals(words, purpose, sub, first, count, target)
        }
    }
}
