import Diffusion
import Foundation
import JobContract
import Tensors
import Testing

@testable import Measures

struct OwnTrajectoryMeasureTests {
    private let training = randomImages(3, side: 4)
    private let heldOut = randomImages(5, side: 4, seed: 2)

    private func rows(_ denoiser: any Denoiser, _ parameters: [String: JSONValue]) throws -> [MeasureRow] {
        let subject = MeasureSubject(denoiser: denoiser, training: training, heldOut: heldOut, flips: false)
        let given: [String: JSONValue] = ["samples": 20, "draws": "shared"]
        return try OwnTrajectoryMeasure(parameters: given.merging(parameters) { $1 }).evaluate(subject) { _, _ in }.rows
    }

    private func image(_ images: Tensor<Float>, _ number: Int) -> [Double] {
        images[row: number % images.shape[0]].map { Double($0) }
    }

    /// Σ wᵢyᵢ, w = softmax(−‖x − yᵢ‖²/2σ²).
    private func optimum(_ x: [Double], _ sigma: Double) -> [Double] {
        let images = (0..<3).map { image(training, $0) }
        let logits = images.map { y in -zip(x, y).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / (2 * sigma * sigma)
        }
        let largest = logits.max() ?? 0
        let weights = logits.map { exp($0 - largest) }
        let sum = weights.reduce(0, +)
        return x.indices.map { pixel in zip(weights, images).reduce(0) { $0 + $1.0 / sum * $1.1[pixel] } }
    }

    /// The RMSE between slope·x and the optimum, in the mean over images.
    private func expected(_ images: [[Double]], _ slope: Double, _ sigma: Double) -> Double {
        images.reduce(0) { sum, x in
            let square = zip(x, optimum(x, sigma)).reduce(0) { $0 + (slope * $1.0 - $1.1) * (slope * $1.0 - $1.1) }
            return sum + (square / 16).squareRoot() / Double(images.count)
        }
    }

    /// With D = s·x, r = 1 − s, a step from σ to σ' multiplies x by 1 + hr/σ, h = σ' − σ; with Heun's method by
    /// 1 + ½hr/σ + ½hr/σ'·(1 + hr/σ).
    @Test(arguments: ["euler", "heun"]) func aLinearNetworkIsFollowedInClosedForm(method: String) throws {
        let slope = 0.25
        let found = try rows(Affine(slope: Float(slope)), ["sampler": .string(method), "steps": 6])
        let latents = Latents.draw(seed: 0, count: 20, shape: ImageShape(channels: 1, height: 4, width: 4))
        let noise = CounterRandom(seed: 0, purpose: .measureNoise).normals(from: 0, count: 20 * 16)
        let sigmas = (0..<6).map { step in
            pow(pow(80, 1 / 7.0) + Double(step) / 5 * (pow(0.002, 1 / 7.0) - pow(80, 1 / 7.0)), 7)
        }
        var factor = 80.0
        for (step, sigma) in sigmas.enumerated() {
            func value(_ quantity: String) -> Double {
                found.first { $0.quantity == quantity && abs(($0.sigma ?? 0) / sigma - 1) < 1e-9 }?.value ?? .nan
            }
            let own = (0..<20).map { number in latents[row: number].map { factor * Double($0) } }
            let wanted = expected(own, slope, sigma)
            #expect(abs(value("rmse_own") / wanted - 1) < 1e-5, "\(value("rmse_own")) for \(wanted) at \(sigma)")
            for (quantity, images) in [("rmse_training", training), ("rmse_held_out", heldOut)] {
                let noised = (0..<20).map { number in
                    image(images, number).enumerated().map { $1 + sigma * noise[number * 16 + $0] }
                }
                #expect(abs(value(quantity) / expected(noised, slope, sigma) - 1) < 1e-4, "\(quantity) at \(sigma)")
            }
            guard step < 5 else { continue }
            let (next, r) = (sigmas[step + 1], 1 - slope)
            let h = next - sigma
            let euler = 1 + h * r / sigma
            factor *= method == "euler" ? euler : 1 + h * r / sigma / 2 + h * r / next * euler / 2
        }
        #expect(found.count == 18)
    }

    /// The optimum is at no distance from itself, wherever it is led.
    @Test func theOptimumIsTheOptimum() throws {
        let found = try rows(MultiDeltaDenoiser(images: training, flips: false), ["steps": 5])
        #expect(found.count == 15 && found.allSatisfy { $0.value == 0 })
    }
}
