import Diffusion
import JobContract
import Tensors
import Testing

@testable import Measures

struct FrechetDistanceTests {
    private func distance(_ a: Matrix, _ b: Matrix) throws -> Double {
        try FactoredMoments(of: a).frechetDistance(to: FactoredMoments(of: b)) {}
    }

    /// Four points of two dimensions with mean (x, y) and covariance [[a, c], [c, b]].
    private func points(_ mean: (Double, Double), _ a: Double, _ b: Double, _ c: Double) -> Matrix {
        // Cholesky: Σ = LLᵀ, and the points are mean ± √2·columns of L.
        let (l11, l21) = (a.squareRoot(), c / a.squareRoot())
        let l22 = (b - l21 * l21).squareRoot()
        let root = 2.0.squareRoot()
        let offsets = [(l11, l21), (-l11, -l21), (0, l22), (0, -l22)]
        return Matrix(
            rows: 4, columns: 2, values: offsets.flatMap { [mean.0 + root * $0.0, mean.1 + root * $0.1] })
    }

    /// In two dimensions tr (Σ₁Σ₂)^½ = √(tr Σ₁Σ₂ + 2√det Σ₁Σ₂).
    @Test(arguments: [0, 0.7, -0.5]) func twoGaussiansHaveTheirClosedForm(c: Double) throws {
        let found = try distance(points((1, -2), 2, 1.5, c), points((0.5, 0), 0.7, 3, 0.4))
        let trace = 2 * 0.7 + 2 * c * 0.4 + 1.5 * 3
        let determinants = (2 * 1.5 - c * c) * (0.7 * 3 - 0.4 * 0.4)
        let expected =
            0.25 + 4 + 2 + 1.5 + 0.7 + 3 - 2 * (trace + 2 * determinants.squareRoot()).squareRoot()
        #expect(abs(found - expected) < 1e-12)
    }

    /// There are fewer and more vectors than dimensions.
    @Test(arguments: [5, 60]) func equalSetsAreAtNoDistanceInAnyOrder(count: Int) throws {
        let images = randomImages(count, side: 4)
        let rows = images.rows(0..<count)
        let turned = Matrix(
            rows: count, columns: 16, values: (0..<count).reversed().flatMap { images[row: $0].map { Double($0) } })
        // Where an eigenvalue is 0, what is left is the root of a rounding error.
        #expect(try distance(rows, turned) < 1e-7)
        // Two sets that are moved by the same vector, with their coordinates in another order, are as far apart as they
        // were.
        let other = randomImages(30, side: 4, std: 0.2, seed: 5).rows(0..<30)
        func changed(_ rows: Matrix) -> Matrix {
            var result = rows
            for index in rows.values.indices {
                result.values[index - index % 16 + 15 - index % 16] = rows.values[index] + Double(index % 16)
            }
            return result
        }
        let plain = try distance(rows, other)
        #expect(plain > 1)
        #expect(abs(try distance(changed(rows), changed(other)) - plain) < 1e-6)
        #expect(abs(try distance(other, rows) - plain) < 1e-6)
    }
}

struct RandomFeaturesTests {
    /// Compares the map with convolutions written out, with weights that are read back from its response to single pixels.
    @Test func theMapIsThatOfItsDescription() {
        let image = randomImages(1, side: 8, seed: 3)
        let found = RandomFeatures(channels: 1).rows(of: image) {}
        #expect(found.rows == 1 && found.columns == RandomFeatures.count)
        var plane = [image.values.map { Double($0) }]
        var side = 8
        var expected: [Double] = []
        for (layer, width) in [16, 32, 64].enumerated() {
            let random = CounterRandom(seed: 0, purpose: .imageFeatures, sub: UInt32(layer))
            let weights = random.normals(from: 0, count: 9 * plane.count * width)
            let bias = random.normals(from: 1 << 32, count: width)
            var next: [[Double]] = []
            for out in 0..<width {
                var values = [Double](repeating: 0, count: side * side)
                for y in 0..<side {
                    for x in 0..<side {
                        var sum = bias[out] * 0.1
                        for (channel, pixels) in plane.enumerated() {
                            for dy in -1...1 {
                                for dx in -1...1
                                where (0..<side).contains(y + dy) && (0..<side).contains(x + dx) {
                                    let weight = weights[(out * plane.count + channel) * 9 + (dy + 1) * 3 + dx + 1]
                                    sum +=
                                        weight * (2 / Double(9 * plane.count)).squareRoot()
                                        * pixels[(y + dy) * side + x + dx]
                                }
                            }
                        }
                        values[y * side + x] = max(sum, 0)
                    }
                }
                next.append(values)
                expected.append(values.reduce(0, +) / Double(side * side))
            }
            side /= 2
            plane = next.map { values in
                (0..<side * side).map { place in
                    let at = place / side * 4 * side + place % side * 2
                    return (values[at] + values[at + 1] + values[at + 2 * side] + values[at + 2 * side + 1]) / 4
                }
            }
        }
        for (a, b) in zip(found.values, expected) { #expect(abs(a - b) < 1e-12) }
    }
}

struct SampleQualityMeasureTests {
    private let training = randomImages(300, side: 4)
    private let heldOut = randomImages(64, side: 4, seed: 2)

    private func rows(of denoiser: any Denoiser, seed: UInt64 = 2, steps: Int = 30) throws -> [MeasureRow] {
        try SampleQualityMeasure(parameters: ["samples": 64, "steps": .integer(Int64(steps))]).evaluate(
            MeasureSubject(
                denoiser: denoiser, training: training, heldOut: randomImages(64, side: 4, seed: seed), flips: false)
        ) { _, _ in }.rows
    }

    /// Black images have no covariance: ‖μ‖² + tr Σ is left of as many real images, half of the held-out ones.
    @Test func blackImagesAreAsFarAsAllPowerThereIs() throws {
        let found = try rows(of: Affine(slope: 0))
        for (quantity, images) in [("pixel_frechet_training", training), ("pixel_frechet_held_out", heldOut)] {
            let power = images.values.prefix(32 * 16).reduce(0) { $0 + Double($1) * Double($1) } / 32
            #expect(abs(found.value(quantity) - power) < 1e-5 * power)
        }
        #expect(found.value("feature_frechet_training") > 3 * found.value("feature_frechet_baseline"))
    }

    /// The Gaussian of the training images draws images like other ones of its kind: all four differ by numbers alone.
    @Test func samplesOfTheRightDistributionAreAsNearAsHeldOutImages() throws {
        let found = try rows(of: GaussianDenoiser(images: training, flips: false))
        for space in ["pixel", "feature"] {
            let control = found.value("\(space)_frechet_control")
            #expect(control > 0)
            for name in ["training", "held_out", "baseline"] {
                #expect((0.5...2).contains(found.value("\(space)_frechet_\(name)") / control), "\(space) \(name)")
            }
        }
        #expect(found.allSatisfy { $0.n == 32 })
    }

    /// The spread over other held-out images is what the error says.
    @Test func theErrorIsThatOfOtherImages() throws {
        let denoiser = Affine(slope: 0)
        let rows = try (0..<30).map { try self.rows(of: denoiser, seed: UInt64(50 + $0), steps: 2) }
        let found = rows.compactMap { $0.first { $0.quantity == "pixel_frechet_held_out" } }
        let values = found.compactMap(\.value)
        let mean = values.reduce(0, +) / 30
        let spread = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 29).squareRoot()
        let error = found.compactMap(\.stderr).reduce(0, +) / 30
        #expect((0.6...1.6).contains(spread / error), "\(spread), \(error)")
    }
}
