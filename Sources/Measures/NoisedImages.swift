import Diffusion
import JobContract
import Quantities
import Tensors

/// Images with noise of any level: number i is image i modulo their number, with noise keyed by (seed, i), the same at every
/// level.
package struct NoisedImages {
    let images: Tensor<Float>
    let seed: UInt64
    /// The number of the noise that image number 0 gets.
    var first = 0

    package init(images: Tensor<Float>, seed: UInt64, first: Int = 0) {
        (self.images, self.seed, self.first) = (images, seed, first)
    }

    /// The numbers of noises from which the uses of one seed begin, so that the uses of one measure never share a noise.
    package enum Use {
        /// For choosing among fits, as by the size of patches; no measure that does so uses `nearPoint`.
        static let choosing = 1 << 32
        static let nearPoint = 1 << 32
        static let farPoint = 1 << 33
        /// For fitting denoisers; they are judged on numbers from 0.
        package static let fitting = 1 << 34
    }

    /// The noise of these numbers at level 1, one row each.
    func noise(_ numbers: Range<Int>) -> Matrix {
        Matrix(
            rows: numbers.count, columns: images.stride,
            values: CounterRandom(seed: seed, purpose: .measureNoise).normals(
                from: UInt64((first + numbers.lowerBound) * images.stride), count: numbers.count * images.stride))
    }

    package func block(_ numbers: Range<Int>, sigma: Double) -> Tensor<Float> {
        block(numbers, sigmas: [Double](repeating: sigma, count: numbers.count))
    }

    /// One level for each number.
    func block(_ numbers: Range<Int>, sigmas: [Double]) -> Tensor<Float> {
        let stride = images.stride
        let noise = noise(numbers).values
        var result = Tensor<Float>(zeros: [numbers.count] + images.shape.dropFirst())
        for (place, number) in numbers.enumerated() {
            let source = number % images.shape[0] * stride
            for pixel in 0..<stride {
                let index = place * stride + pixel
                result.values[index] = Float(Double(images.values[source + pixel]) + sigmas[place] * noise[index])
            }
        }
        return result
    }
}

extension Denoiser {
    /// All of `x` at one level, in batches that suit the denoiser; `beat` is called before each.
    func denoise(_ x: Tensor<Float>, at sigma: Double, beat: () throws -> Void) rethrows -> Tensor<Float> {
        func denoised(_ x: Tensor<Float>) throws -> Tensor<Float> {
            try beat()
            return denoise(x, sigma: [Double](repeating: sigma, count: x.shape[0]))
        }
        guard x.shape[0] > batch else { return try denoised(x) }
        var values: [Float] = []
        values.reserveCapacity(x.values.count)
        for block in blocks(of: x.shape[0], by: batch) {
            values += try denoised(x.entries(block)).values
        }
        return Tensor(shape: x.shape, values: values)
    }
}

/// The Gaussian denoiser of images. Throws MeasureError where a decomposition fails, or what `beat` throws.
func gaussianDenoiser(
    of images: Tensor<Float>, flips: Bool, beat: () throws -> Void
) throws -> GaussianDenoiser {
    try explainingEigendecomposition { try GaussianDenoiser(images: images, flips: flips, beat: beat) }
}

/// The result of `body`; where a decomposition fails, throws MeasureError.
func explainingEigendecomposition<T>(_ body: () throws -> T) throws -> T {
    do {
        return try body()
    } catch let error as EigendecompositionError {
        throw MeasureError(error.description, isHosts: error.isHosts)
    }
}

/// The parameters that measures on noised images share.
struct NoisedSampling {
    /// Noised images a level.
    let samples: Int
    let sigmas: [Double]
    let draws: Draws

    static func parameters(_ sigmas: JSONValue) -> [MeasureParameter] {
        [.samples(256, "noised images a level"), .sigmas(sigmas)] + Draws.parameters
    }

    /// The rule that the network is for one of the levels at least.
    static let rule = MeasureRule(.levels, parameter: "sigmas")

    /// The EDM grid of ten points: (80^⅐ + i/9·(0.002^⅐ − 80^⅐))⁷.
    static let tenLevels: JSONValue = [
        80, 42.4152, 21.1087, 9.7232, 4.0661, 1.5017, 0.46998, 0.11664, 0.020435, 0.002,
    ]

    /// Throws MeasureError naming what is wrong.
    init(_ reader: ParameterReader) throws {
        samples = try reader.integer("samples")
        sigmas = try reader.numbers("sigmas")
        draws = try Draws(reader)
    }

    /// The levels that a denoiser is for.
    func levels(of denoiser: any Denoiser) -> [Double] { denoiser.levels(among: sigmas) }
}

extension Denoiser {
    /// Whether it was trained at one noise level, as denoising autoencoders are.
    var isForOneLevel: Bool { levels.lowerBound == levels.upperBound }

    /// The levels among `sigmas` that the denoiser is for. A denoiser for one level has this level alone, whatever
    /// `sigmas` says.
    func levels(among sigmas: [Double]) -> [Double] {
        isForOneLevel ? [levels.lowerBound] : sigmas.filter { levels.contains($0) }
    }
}

extension MeasureSubject {
    /// Throws MeasureError unless the denoiser can be sampled from.
    func requireSampler(for measure: String) throws {
        guard denoiser.isForOneLevel else { return }
        throw MeasureError(
            "\(measure) draws samples, and a network trained at one noise level, \(denoiser.levels.lowerBound), cannot",
            isNetworks: true)
    }
}
