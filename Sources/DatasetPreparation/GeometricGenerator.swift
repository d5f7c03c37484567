import ImageKernels
import JobContract
import SweepModel
import Tensors

/// Geometric C^α images: two smooth backgrounds on either side of a smooth contour.
///
/// Kadkhodaie, Guth, Simoncelli, Mallat, ICLR 2024, section 3.4 of the project's definitions, in the reading of the
/// published code, with the backgrounds' exponent β = α:
/// - contour c: n values U(−1, 1), filtered by |k|^(−α) over integer frequencies k, the value at 0 copied from its
///   neighbour at 1; column x has its edge at round(n·c[x]) + n/2, halves away from zero;
/// - backgrounds: n × n values U(−1, 1), filtered by (k₁² + k₂²)^(−α/2), at 0 likewise 1; a coin chooses the one
///   that is stretched to [u, 1], the other to [0, u′]; u, u′ ~ U(0, 1) apart (our reading: independent);
/// - mask: 1 where the row y lies beyond the edge, averaged over 2 × 2 pixels (y−1…y, x−1…x; −1 mirrors to 0);
/// - x = M·b₁ + (1 − M)·b₂, as the byte round(255·x).
///
/// Image i is a function of (n, α, i): `sub` of its random stream is i, and the draws are numbered contour, first
/// background, second background, u, u′, coin. Images of different α share their noise.
struct GeometricGenerator {
    static let version = 1
    // The digits have no meaning; they are part of every generated image.
    private static let seed: UInt64 = 0x67656f6d_00000001

    let size: Int
    let alpha: Double
    let count: Int

    private let circle: (cosines: [Double], sines: [Double])
    private let contourFilter: [Double]
    private let backgroundFilter: [Double]

    /// Throws when the request asks for what this generator does not make.
    init(_ request: DatasetRequest) throws(DatasetPreparationError) {
        let known = ImageGenerator.geometric.parameters.map(\.name)
        if let stranger = request.parameters.keys.filter({ !known.contains($0) }).sorted().first {
            throw .badKey(
                "dataset.\(stranger)", expected: "\(known.joined(separator: " or ")) for \"geometric\"", got: "this key"
            )
        }
        guard request.channels == 1 else {
            throw .badKey(
                "dataset.channels", expected: "1, for \"geometric\" makes grey images", got: "\(request.channels)")
        }
        guard (4...256).contains(request.resolution), request.resolution % 2 == 0 else {
            throw .badKey("dataset.resolution", expected: "an even number from 4 to 256", got: "\(request.resolution)")
        }
        self.init(
            size: request.resolution, alpha: try Self.value(.alpha, of: request),
            count: Int(try Self.value(.count, of: request)))
    }

    private static func value(
        _ parameter: ImageGenerator.Parameter, of request: DatasetRequest
    ) throws(DatasetPreparationError) -> Double {
        if let value = parameter.value(in: request) { return value }
        let (low, high) = (parameter.range.lowerBound, parameter.range.upperBound)
        let kind = parameter.isInteger ? "an integer" : "a number"
        throw .badKey(
            parameter.key,
            expected: "\(kind) \(parameter.isOpenBelow ? "above" : "from") \(Int(low)) to \(Int(high))",
            got: word(request.parameters[parameter.name]))
    }

    private init(size: Int, alpha: Double, count: Int) {
        self.size = size
        self.alpha = alpha
        self.count = count
        let angles = (0..<size).map { 2 * Double.pi * Double($0) / Double(size) }
        circle = (angles.map(Elementary.cos), angles.map(Elementary.sin))
        let frequencies = (0..<size).map { min($0, size - $0) }
        func gain(_ squared: Int) -> Double { squared == 0 ? 1 : Elementary.pow(Double(squared), -alpha / 2) }
        contourFilter = frequencies.map { gain($0 * $0) }
        backgroundFilter = frequencies.flatMap { k in frequencies.map { gain(k * k + $0 * $0) } }
    }

    /// What stands for these images in a training's spec.
    var identity: DatasetIdentity {
        DatasetIdentity(
            keys: [
                "dataset.generator": "geometric", "dataset.generator_version": .integer(Int64(Self.version)),
                "dataset.alpha": Int64(exactly: alpha).map { .integer($0) } ?? .number(alpha),
                "dataset.count": .integer(Int64(count)),
            ], images: count)
    }

    /// The bytes of image `index`.
    func image(_ index: Int) -> [UInt8] {
        var draws = Draws(CounterRandom(seed: Self.seed, purpose: .generator, sub: UInt32(index)))
        let places = size * size
        var contour = draws.next(size)
        var none = [Double](repeating: 0, count: size)
        var first = draws.next(places)
        var second = draws.next(places)
        let (u, v, coin) = (draws.next(), draws.next(), draws.next())
        filter(&contour, &none, contourFilter, rows: 1)
        // The filter is real and even, so two real planes pass as one complex plane.
        filter(&first, &second, backgroundFilter, rows: size)
        if coin < 0.5 {
            Self.stretch(&first, from: u, to: 1)
            Self.stretch(&second, from: 0, to: v)
        } else {
            Self.stretch(&first, from: 0, to: v)
            Self.stretch(&second, from: u, to: 1)
        }
        let edges = contour.map { (Double(size) * $0).rounded() + Double(size / 2) }
        func beyond(_ y: Int, _ x: Int) -> Double { Double(max(y, 0)) > edges[max(x, 0)] ? 0.25 : 0 }
        var bytes = [UInt8](repeating: 0, count: places)
        for y in 0..<size {
            for x in 0..<size {
                let mask = beyond(y, x) + beyond(y - 1, x) + beyond(y, x - 1) + beyond(y - 1, x - 1)
                let value = mask * first[y * size + x] + (1 - mask) * second[y * size + x]
                bytes[y * size + x] = UInt8(max(0, min(255, (255 * value).rounded())))
            }
        }
        return bytes
    }

    private func filter(_ real: inout [Double], _ imaginary: inout [Double], _ gains: [Double], rows: Int) {
        var scratch = [Double](repeating: 0, count: 4 * rows * size)
        let rowCircle = rows == 1 ? ([1.0], [0.0]) : circle
        es_filter_plane(
            &real, &imaginary, gains, Int32(rows), Int32(size), rowCircle.0, rowCircle.1, circle.cosines, circle.sines,
            &scratch)
    }

    private static func stretch(_ values: inout [Double], from low: Double, to high: Double) {
        let least = values.min() ?? 0
        let range = (values.max() ?? 0) - least
        for place in values.indices {
            values[place] = low + (high - low) * (range > 0 ? (values[place] - least) / range : 0)
        }
    }

    private static func word(_ value: JSONValue?) -> String { value.map { String("\($0)".prefix(80)) } ?? "nothing" }

    /// The numbers of one image's stream, in order.
    private struct Draws {
        private let random: CounterRandom
        private var index: UInt64 = 0

        init(_ random: CounterRandom) { self.random = random }

        /// U(0, 1).
        mutating func next() -> Double {
            defer { index += 1 }
            return random.uniform(index)
        }

        /// U(−1, 1).
        mutating func next(_ count: Int) -> [Double] {
            defer { index += UInt64(count) }
            return random.uniforms(from: index, count: count).map { 2 * $0 - 1 }
        }
    }
}
