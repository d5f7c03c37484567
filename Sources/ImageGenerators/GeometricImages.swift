/// Geometric C^α images: two smooth backgrounds on either side of a smooth contour.
///
/// Kadkhodaie, Guth, Simoncelli, Mallat, ICLR 2024 (section 3.4 of the project's definitions), in the published code's
/// reading, with the backgrounds' exponent β = α:
/// - contour c: n values U(−1, 1), filtered by |k|^(−α) over integer frequencies k, the value at 0 copied from its
///   neighbour at 1; column x has its edge at round(n·c[x]) + n/2, halves away from zero;
/// - backgrounds: n × n values U(−1, 1), filtered by (k₁² + k₂²)^(−α/2), at 0 likewise 1; a coin chooses the one
///   that is stretched to [u, 1], the other to [0, u′]; u, u′ ~ U(0, 1) apart (our reading: independent);
/// - mask: 1 where the row y lies beyond the edge, averaged over 2 × 2 pixels (y−1…y, x−1…x; −1 mirrors to 0);
/// - x = M·b₁ + (1 − M)·b₂, as the byte round(255·x).
///
/// Image i is a function of (n, α, i): `sub` of its random stream is i, and the draws are numbered contour, first
/// background, second background, u, u′, coin. Images of different α share their noise.
struct GeometricImages: GeneratedImages {
    // Every generated image depends on these digits; they have no other meaning.
    private static let seed: UInt64 = 0x67656f6d_00000001

    let size: Int
    private let contourFilter: SpectralFilter
    private let backgroundFilter: SpectralFilter

    init(size: Int, alpha: Double) {
        self.size = size
        contourFilter = SpectralFilter(rows: 1, columns: size, alpha: alpha)
        backgroundFilter = SpectralFilter(rows: size, columns: size, alpha: alpha)
    }

    func levels(_ index: Int) -> [Double] {
        var draws = Draws(seed: Self.seed, image: index)
        let places = size * size
        var contour = draws.next(size)
        var none = [Double](repeating: 0, count: size)
        var first = draws.next(places)
        var second = draws.next(places)
        let (u, v, coin) = (draws.next(), draws.next(), draws.next())
        contourFilter.apply(&contour, &none)
        // The filter is real and even, so two real planes pass as one complex plane.
        backgroundFilter.apply(&first, &second)
        if coin < 0.5 {
            Self.stretch(&first, from: u, to: 1)
            Self.stretch(&second, from: 0, to: v)
        } else {
            Self.stretch(&first, from: 0, to: v)
            Self.stretch(&second, from: u, to: 1)
        }
        let edges = contour.map { (Double(size) * $0).rounded() + Double(size / 2) }
        func beyond(_ y: Int, _ x: Int) -> Double { Double(max(y, 0)) > edges[max(x, 0)] ? 0.25 : 0 }
        return (0..<places).map { place in
            let (y, x) = place.quotientAndRemainder(dividingBy: size)
            let mask = beyond(y, x) + beyond(y - 1, x) + beyond(y, x - 1) + beyond(y - 1, x - 1)
            return mask * first[place] + (1 - mask) * second[place]
        }
    }

    private static func stretch(_ values: inout [Double], from low: Double, to high: Double) {
        let least = values.min() ?? 0
        let range = (values.max() ?? 0) - least
        for place in values.indices {
            values[place] = low + (high - low) * (range > 0 ? (values[place] - least) / range : 0)
        }
    }
}
