import Tensors

/// The uniform numbers of one generated image's stream, in order.
struct Draws {
    private let random: CounterRandom
    private var index: UInt64 = 0

    /// Image i of a generator has the stream i of the generator's seed.
    init(seed: UInt64, image: Int) { random = CounterRandom(seed: seed, purpose: .generator, sub: UInt32(image)) }

    /// The next number, U(0, 1).
    mutating func next() -> Double {
        defer { index += 1 }
        return random.uniform(index)
    }

    /// The next `count` numbers, stretched to U(−1, 1).
    mutating func next(_ count: Int) -> [Double] {
        defer { index += UInt64(count) }
        return random.uniforms(from: index, count: count).map { 2 * $0 - 1 }
    }

    /// An integer from `range`, which must not be empty; all are equally likely.
    mutating func integer(_ range: Range<Int>) -> Int {
        range.lowerBound + min(range.count - 1, Int(next() * Double(range.count)))
    }
}
