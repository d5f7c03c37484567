import Tensors

/// Stationary Gaussian images of a known spectrum: white noise times |k|^(−α), with k = 0 like |k| = 1. Every pixel has
/// mean ½ and standard deviation ⅛. Levels beyond 0 and 1, 6 in 100 000, are cut off.
struct GaussianImages: GeneratedImages {
    private static let seed: UInt64 = 0x67617573_00000001
    static let deviation = 0.125

    let size: Int
    private let filter: SpectralFilter
    private let scale: Double

    init(size: Int, alpha: Double) {
        self.size = size
        filter = SpectralFilter(rows: size, columns: size, alpha: alpha)
        let power = filter.gains.reduce(0) { $0 + $1 * $1 } / Double(size * size)
        scale = Self.deviation / power.squareRoot()
    }

    func levels(_ index: Int) -> [Double] {
        let random = CounterRandom(seed: Self.seed, purpose: .generator, sub: UInt32(index))
        var plane = random.normals(from: 0, count: size * size)
        var none = [Double](repeating: 0, count: size * size)
        filter.apply(&plane, &none)
        return plane.map { 0.5 + scale * $0 }
    }
}
