import Diffusion
import JobContract
import Quantities
import Tensors

/// The way of Li et al. 2024 to an affine denoiser: gradient steps of Adam on ‖W(x/√d) + b − D(x; σ)‖², summed over pixels
/// and averaged over a batch, from W = 0 and b = 0. Images come in their order, epoch after epoch, with new noise each time.
struct GradientDistillation {
    let epochs: Int
    let batch: Int
    /// Adam's; 0: the paper's at each level (`paperRate`).
    let learningRate: Double

    static func parameters(when: [String: [String]]) -> [MeasureParameter] {
        [
            .integer("epochs", 1...1_000_000, 100, when: when, "passes over the images"),
            .integer("batch", 1...65536, 256, when: when, "images a step"),
            .of(
                ParameterDeclaration(
                    name: "learning_rate", kind: .number, least: 0, most: 1, when: when,
                    meaning: "Adam's; 0: the paper's at each level"), 0.0),
        ]
    }

    /// Throws MeasureError naming what is wrong.
    init(_ reader: ParameterReader) throws {
        epochs = try reader.integer("epochs")
        batch = try reader.integer("batch")
        learningRate = try reader.number("learning_rate")
    }

    /// The paper's rates, which it gives for ten levels, as steps over all levels.
    static func paperRate(_ sigma: Double) -> Double {
        sigma > 2 ? 5e-5 : sigma > 0.2 ? 5e-4 : sigma > 0.05 ? 5e-3 : 5e-2
    }

    /// The fit to `denoiser` at one level; `gaussian` is that of the clean images. `beat` gets the number of noised images
    /// done.
    func fit(
        to denoiser: any Denoiser, _ gaussian: GaussianDenoiser, on noised: NoisedImages, sigma: Double,
        beat: (_ done: Int) throws -> Void
    ) throws -> Distilled {
        let (count, size) = (noised.images.shape[0], noised.images.stride)
        let root = Double(size).squareRoot()
        let rate = learningRate > 0 ? learningRate : Self.paperRate(sigma)
        var weights = AdamVariable(count: size * size)
        var bias = AdamVariable(count: size)
        for epoch in 0..<epochs {
            for block in blocks(of: count, by: batch) {
                let numbers = epoch * count + block.lowerBound..<epoch * count + block.upperBound
                let beat = { try beat(numbers.lowerBound) }
                let x = noised.block(numbers, sigma: sigma)
                let target = try denoiser.denoise(x, at: sigma, beat: beat)
                var inputs = x.rows(0..<block.count)
                for index in inputs.values.indices { inputs.values[index] /= root }
                let matrix = Matrix(rows: size, columns: size, values: weights.values)
                var residual = try Matrix.product(inputs, .plain, matrix, .transposed, beat: beat)
                var ofBias = [Double](repeating: 0, count: size)
                let factor = 2 / Double(block.count)
                for index in residual.values.indices {
                    let error = residual.values[index] + bias.values[index % size] - Double(target.values[index])
                    residual.values[index] = factor * error
                    ofBias[index % size] += factor * error
                }
                let gradient = try Matrix.product(residual, .transposed, inputs, .plain, beat: beat)
                weights.step(gradient.values, rate: rate)
                bias.step(ofBias, rate: rate)
            }
        }
        let effective = Matrix(rows: size, columns: size, values: weights.values.map { $0 / root })
        return Distilled(gaussian, sigma: sigma, weights: effective, bias: bias.values, count: epochs * count)
    }
}

/// Parameters that Adam (Kingma & Ba 2015) moves in float64, with its usual β₁ = 0.9, β₂ = 0.999 and ε = 1e-8.
private struct AdamVariable {
    private(set) var values: [Double]
    private var first: [Double]
    private var second: [Double]
    private var (decay1, decay2) = (1.0, 1.0)

    init(count: Int) {
        values = [Double](repeating: 0, count: count)
        first = values
        second = values
    }

    mutating func step(_ gradient: [Double], rate: Double) {
        decay1 *= 0.9
        decay2 *= 0.999
        let (scale1, scale2) = (1 / (1 - decay1), 1 / (1 - decay2))
        values.withUnsafeMutableBufferPointer { values in
            first.withUnsafeMutableBufferPointer { first in
                second.withUnsafeMutableBufferPointer { second in
                    for index in gradient.indices {
                        let slope = gradient[index]
                        first[index] = 0.9 * first[index] + 0.1 * slope
                        second[index] = 0.999 * second[index] + 0.001 * (slope * slope)
                        values[index] -= rate * (first[index] * scale1) / ((second[index] * scale2).squareRoot() + 1e-8)
                    }
                }
            }
        }
    }
}
