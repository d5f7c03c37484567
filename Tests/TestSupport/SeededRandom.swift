import Foundation

/// Random numbers whose seed differs in each run and is printed, or is that of `EIGENSWEEP_SEED`: what a run has found can
/// be found again.
public struct SeededRandom: RandomNumberGenerator {
    public let seed: UInt64
    private var state: UInt64

    public init(_ test: String = #function) {
        seed =
            ProcessInfo.processInfo.environment["EIGENSWEEP_SEED"].flatMap { UInt64($0) }
            ?? UInt64.random(in: 0..<1 << 53)
        state = seed
        print("\(test): EIGENSWEEP_SEED=\(seed)")
    }

    /// SplitMix64 (Steele, Lea & Flood 2014).
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
