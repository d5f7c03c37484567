import Diffusion
import Foundation
import JobContract
import Tensors
import Testing

@testable import Measures

struct LossMeasureTests {
    /// A denoiser that remembers what it is asked, and answers with the noisy image times `slope`.
    private final class Asked: Denoiser {
        let imageShape = ImageShape(channels: 1, height: 4, width: 4)
        let slope: Float
        var seen: [[Float]] = []
        var levels: [Double] = []

        init(slope: Float) { self.slope = slope }

        func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
            seen += (0..<x.shape[0]).map { Array(x[row: $0]) }
            levels += sigma
            return Tensor(shape: x.shape, values: x.values.map { slope * $0 })
        }
    }

    private func rows(
        _ denoiser: any Denoiser, _ training: Tensor<Float>, _ heldOut: Tensor<Float>,
        noise: TrainingNoise = .lognormal(), preconditioning: Preconditioning = .edm(), samples: Int = 4096
    ) throws -> [MeasureRow] {
        var subject = MeasureSubject(denoiser: denoiser, training: training, heldOut: heldOut, flips: false)
        subject.loss = TrainingLoss(noise: noise, preconditioning: preconditioning)
        return try LossMeasure(parameters: ["samples": .integer(Int64(samples))]).evaluate(subject) { _, _ in }.rows
    }

    private func stderr(_ rows: [MeasureRow], _ quantity: String) -> Double {
        rows.first { $0.quantity == quantity }?.stderr ?? .nan
    }

    private func square(_ image: some Sequence<Float>) -> Double { image.reduce(0) { $0 + Double($1) * Double($1) } }

    /// The optimum for a Gaussian of known spectrum, on images of it: at σ the error is Σ λσ²/(λ+σ²), and the loss its mean,
    /// weighed by (σ² + ¼)/(σ/2)², over ln σ ~ N(−1.2, 1.2²).
    @Test func theLossOfTheOptimumForAGaussian() throws {
        let spectrum = (0..<16).map { 0.4 / Double(1 + $0) }
        let identity = Matrix(
            rows: 16, columns: 16, values: (0..<256).map { $0 / 16 == $0 % 16 ? 1 : 0 })
        let optimum = GaussianDenoiser(
            imageShape: ImageShape(channels: 1, height: 4, width: 4), mean: [Double](repeating: 0.1, count: 16),
            eigenvalues: spectrum, eigenvectors: identity)
        let normals = CounterRandom(seed: 5, purpose: .generator).normals(from: 0, count: 16 * 4096)
        let images = Tensor<Float>(
            shape: [4096, 1, 4, 4],
            values: normals.indices.map { Float(0.1 + spectrum[$0 % 16].squareRoot() * normals[$0]) })
        let found = try rows(optimum, images.entries(0..<2048), images.entries(2048..<4096))
        var expected = 0.0
        let step = 0.001
        for z in stride(from: -7.0, through: 7, by: step) {
            let sigma = exp(-1.2 + 1.2 * z)
            let error = spectrum.reduce(0) { $0 + $1 * sigma * sigma / ($1 + sigma * sigma) }
            let weight = (sigma * sigma + 0.25) / (0.25 * sigma * sigma)
            expected += step * exp(-z * z / 2) / (2 * Double.pi).squareRoot() * weight * error
        }
        for quantity in ["loss_training", "loss_held_out"] {
            let error = stderr(found, quantity)
            #expect(error < expected / 50)
            #expect(abs(found.value(quantity) - expected) < 3 * error, "\(found.value(quantity)) for \(expected)")
        }
        #expect(abs(found.value("loss_gap")) < 3 * stderr(found, "loss_gap"))
    }

    /// D = s·x at one level: λ((s − 1)²‖y‖² + s²σ²d) in the mean over noise.
    @Test func theLossOfALinearDenoiserAtOneLevel() throws {
        let (training, heldOut) = (randomImages(40, side: 4), randomImages(30, side: 4, std: 0.2, seed: 2))
        let found = try rows(
            Affine(slope: 0.75), training, heldOut, noise: .fixed(0.5), preconditioning: .none, samples: 6000)
        for (quantity, images) in [("loss_training", training), ("loss_held_out", heldOut)] {
            let size = square(images.values) / Double(images.shape[0])
            let expected = 0.25 * 0.25 * size + 0.75 * 0.75 * 0.25 * 16
            #expect(abs(found.value(quantity) / expected - 1) < 0.02)
        }
    }

    private static let cases: [(noise: TrainingNoise, preconditioning: Preconditioning)] = [
        (.lognormal(mean: -0.4, std: 0.8), .edm(sigmaData: 0.3)), (.variancePreserving, .vp), (.logUniform(), .ve),
        (.uSquared, .blind), (.fixed(0.7), .none),
    ]

    /// Levels are drawn as the training draws them, each draw is weighed as there, and both kinds of images have the same
    /// levels and noise.
    @Test(arguments: cases.indices) func levelsAndWeightsAreTheTrainings(number: Int) throws {
        let (noise, preconditioning) = Self.cases[number]
        let (training, heldOut) = (randomImages(3, side: 4), randomImages(5, side: 4, seed: 2))
        let denoiser = Asked(slope: 0)
        let found = try rows(denoiser, training, heldOut, noise: noise, preconditioning: preconditioning)
        #expect(denoiser.levels.count == 2 * 4096)
        let levels = Array(denoiser.levels[..<4096])
        #expect(levels == Array(denoiser.levels[4096...]))
        func weight(_ sigma: Double) -> Double {
            switch preconditioning {
            case .edm(let data): (sigma * sigma + data * data) / (sigma * sigma * data * data)
            case .vp, .ve: 1 / (sigma * sigma)
            case .none: 1
            case .blind: 0.25
            }
        }
        for (quantity, images) in [("loss_training", training), ("loss_held_out", heldOut)] {
            // Nothing is left of the image.
            let losses = levels.enumerated().map { weight($1) * square(images[row: $0 % images.shape[0]]) }
            let expected = losses.reduce(0, +) / 4096
            #expect(abs(found.value(quantity) / expected - 1) < 1e-12)
            #expect(found.first { $0.quantity == quantity }?.n == 4096)
        }
        // The mean and the spread of what is uniform or normal.
        let (mean, spread): (Double, Double)
        let drawn: [Double]
        switch noise {
        case .lognormal(let centre, let std): (mean, spread, drawn) = (centre, std, levels.map { log($0) })
        case .logUniform(let low, let high):
            (mean, spread) = (log(low * high) / 2, log(high / low) / 12.squareRoot())
            drawn = levels.map { log($0) }
        case .uSquared: (mean, spread, drawn) = (0.5, 1 / 12.squareRoot(), levels.map { ($0 / 2).squareRoot() })
        case .variancePreserving:
            (mean, spread) = (0.5, 1 / 12.squareRoot())
            // σ² + 1 = e^(9.95t² + 0.1t).
            drawn = levels.map { (-0.1 + (0.01 + 39.8 * log(1 + $0 * $0)).squareRoot()) / 19.9 }
        case .fixed(let sigma): (mean, spread, drawn) = (sigma, 0, levels)
        }
        let centre = drawn.reduce(0, +) / 4096
        let deviation = (drawn.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / 4096).squareRoot()
        #expect(abs(centre - mean) <= 4 * spread / 64 + 1e-12 && abs(deviation - spread) <= 0.05 * spread + 1e-12)
        // Of one draw both kinds of images have the same noise, here and there rounded.
        for draw in [0, 1, 17, 4095] where levels[draw] > 0.05 {
            for pixel in 0..<16 {
                let one =
                    Double(denoiser.seen[draw][pixel]) - Double(training[row: draw % 3].dropFirst(pixel).first ?? 0)
                let other =
                    Double(denoiser.seen[4096 + draw][pixel])
                    - Double(heldOut[row: draw % 5].dropFirst(pixel).first ?? 0)
                #expect(abs(one - other) < 1e-6 * (1 + abs(one)))
            }
        }
    }

    /// The gap is taken draw by draw: of equal images it is 0 without error, and else its error is far below that of either
    /// loss, whose levels vary most.
    @Test func theGapIsPaired() throws {
        let images = randomImages(64, side: 4)
        let same = try rows(Affine(slope: 0.9), images, images)
        #expect(same.value("loss_gap") == 0 && stderr(same, "loss_gap") == 0)
        let others = randomImages(64, side: 4, seed: 2)
        let found = try rows(Affine(slope: 0.9), images, others)
        let difference = found.value("loss_held_out") - found.value("loss_training")
        #expect(abs(found.value("loss_gap") - difference) < 1e-9)
        #expect(stderr(found, "loss_gap") > 0 && stderr(found, "loss_gap") < 0.5 * stderr(found, "loss_held_out"))
    }

    @Test func itTakesBothKindsOfImagesAndAKnownTraining() throws {
        let images = randomImages(3, side: 4)
        #expect(throws: MeasureError.self) { try rows(Affine(slope: 1), images, randomImages(0, side: 4)) }
        var subject = MeasureSubject(denoiser: Affine(slope: 1), training: images, heldOut: images, flips: false)
        subject.loss = nil
        let error = #expect(throws: MeasureError.self) {
            try LossMeasure(parameters: [:]).evaluate(subject) { _, _ in }
        }
        #expect(error?.isNetworks == true && error?.description.contains("trained elsewhere") == true)
    }
}
