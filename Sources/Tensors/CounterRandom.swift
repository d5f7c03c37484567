/// Counter-based random numbers: Philox 4×32-10 (Salmon et al., SC 2011).
///
/// A stream is named by a seed and a purpose; word `i` of a stream is a function of (seed, purpose, i) alone, so
/// results depend neither on batch size nor on the order of evaluation.
package struct CounterRandom: Sendable {
    /// The purpose of a stream. Its number is part of every stored result: never reuse or change one.
    package enum Purpose: UInt32, Sendable {
        case initialisation = 1
        case dataOrder = 2
        case trainingSigma = 3
        case trainingNoise = 4
        case dropout = 5
        case flip = 6
        case augmentation = 7
        case gap = 8
        case gapNoise = 9
        case bank = 10
        case latents = 16
        case measureNoise = 17
        case samplerNoise = 18
        case imageFeatures = 19
        case draws = 20
        case lossLevels = 21
        case permutation = 32
        case generator = 33
    }

    let key: (UInt32, UInt32)
    let purpose: UInt32
    let sub: UInt32

    /// `sub` separates streams of one purpose: a tensor's number, a part's number.
    package init(seed: UInt64, purpose: Purpose, sub: UInt32 = 0) {
        key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        self.purpose = purpose.rawValue
        self.sub = sub
    }

    /// Four words at block `counter`.
    package func block(_ counter: UInt64) -> SIMD4<UInt32> {
        var x = SIMD4<UInt32>(
            UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), sub, purpose)
        var k0 = key.0
        var k1 = key.1
        for _ in 0..<10 {
            let a = UInt64(x[0]) &* 0xD251_1F53
            let b = UInt64(x[2]) &* 0xCD9E_8D57
            x = SIMD4(
                UInt32(truncatingIfNeeded: b >> 32) ^ x[1] ^ k0, UInt32(truncatingIfNeeded: b),
                UInt32(truncatingIfNeeded: a >> 32) ^ x[3] ^ k1, UInt32(truncatingIfNeeded: a))
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return x
    }

    /// Uniform on (0, 1), 53 bits, from the half block `index`.
    package func uniform(_ index: UInt64) -> Double {
        let x = block(index >> 1)
        let bits = index & 1 == 0 ? UInt64(x[0]) << 32 | UInt64(x[1]) : UInt64(x[2]) << 32 | UInt64(x[3])
        return (Double(bits >> 11) + 0.5) * 0x1p-53
    }
}
