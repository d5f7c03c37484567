import Diffusion
import Tensors
import TestSupport
import Testing

@testable import ScoreNetworks

/// Derivatives of denoisers with respect to their input.
struct PullbackTests {
    private static let cases: [(NetworkConfiguration, Preconditioning)] =
        GradientTests.networks.map { network in
            if network.isBlind { (network, .blind) } else { (network, .edm()) }
        } + [(GradientTests.networks[0], .vp), (GradientTests.networks[4], .none)]

    private func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

    /// vᵀ(D(x+hu) − D(x−hu))/2h is uᵀ(Jᵀv).
    @Test(arguments: cases.indices) func itIsTheDerivativeAlongAnyDirection(number: Int) throws {
        let (configuration, preconditioning) = Self.cases[number]
        let denoiser = try drawnNetwork(configuration, preconditioning)
        let shape = configuration.imageShape
        let images = Latents.draw(seed: 4, count: 22, shape: shape)
        func entry(_ index: Int) -> [Double] { images[row: index].map(Double.init) }
        func tensor(_ values: [Double]) -> Tensor<Float> {
            Tensor(
                shape: [values.count / shape.count, shape.channels, shape.height, shape.width],
                values: values.map { Float($0) })
        }
        let (x, sigma, step) = (entry(0).map { 0.6 * $0 }, 0.7, 0x1p-10)
        let pullback = try denoiser.pullback(at: tensor(x), sigma: sigma)
        // There are more vectors than a group has. Asked twice, they give the same bits.
        let vectors = Latents.draw(seed: 4, first: 1, count: 18, shape: shape)
        let found = pullback(vectors)
        #expect(pullback(vectors) == found)
        for (direction, vector) in [(19, 0), (20, 15), (21, 17)] {
            let u = entry(direction)
            let ahead = denoiser.denoise(tensor(zip(x, u).map { $0 + step * $1 }), sigma: [sigma]).values
            let behind = denoiser.denoise(tensor(zip(x, u).map { $0 - step * $1 }), sigma: [sigma]).values
            let v = vectors[row: vector].map(Double.init)
            let slopes = zip(ahead, behind).map { Double($0 - $1) / (2 * step) }
            let (expected, byPullback) = (product(v, slopes), product(u, found[row: vector].map(Double.init)))
            let size = (product(v, v) * product(u, u)).squareRoot()
            #expect(abs(byPullback - expected) < 2e-4 * size, "\(configuration)")
        }
    }

    /// Neither threads nor the other vectors change a bit of a vector's result.
    @Test(arguments: [0, 5]) func aVectorIsTurnedAloneAsAmongOthers(number: Int) throws {
        let (configuration, preconditioning) = Self.cases[number]
        func images(_ numbers: Range<Int>) -> Tensor<Float> {
            Latents.draw(
                seed: 4, first: numbers.lowerBound, count: numbers.count, shape: configuration.imageShape)
        }
        let alone = try drawnNetwork(configuration, preconditioning)
        let together = try drawnNetwork(configuration, preconditioning, threads: 3)
        let x = images(0..<1)
        let all = try together.pullback(at: x, sigma: 0.5)(images(1..<41))
        let one = try alone.pullback(at: x, sigma: 0.5)(images(36..<37))
        #expect(one.values == Array(all[row: 35]))
    }

    /// A linear network's derivative is its matrix.
    @Test func aLinearNetworkGivesItsWeights() throws {
        let shape = ImageShape(channels: 2, height: 2, width: 2)
        let denoiser = try drawnNetwork(.linear(shape), .none)
        var units = Tensor<Float>(zeros: [9, 2, 2, 2])
        for pixel in 0..<8 { units.values[pixel * 8 + pixel] = 1 }
        let columns = denoiser.denoise(units, sigma: [Double](repeating: 1, count: 9))
        let rows = try denoiser.pullback(at: Latents.draw(seed: 1, count: 1, shape: shape), sigma: 1)(units)
        for i in 0..<8 {
            for j in 0..<8 {
                let weight = columns[row: j][j * 8 + i] - columns[row: 8][64 + i]
                #expect(abs(weight - rows[row: i][i * 8 + j]) < 1e-6)
            }
        }
    }
}
