import Diffusion
import JobContract
import Measures
import Tensors
import Testing

struct AgreementMeasureTests {
    private let source = randomImages(400, side: 4, seed: 3)

    private func subject(_ denoiser: any Denoiser, _ training: Tensor<Float>) -> MeasureSubject {
        let source = source
        return MeasureSubject(
            denoiser: denoiser, training: training, heldOut: randomImages(10, side: 4, seed: 2), flips: false
        ) { source }
    }

    private func compare(
        _ first: MeasureSubject, _ second: MeasureSubject, samples: Int = 32
    ) throws -> MeasureResult {
        var first = first
        first.others = [second]
        let measure = try AgreementMeasure(
            parameters: ["samples": .integer(Int64(samples)), "steps": 8, "sigmas": [4, 0.5]])
        return try measure.evaluate(first) { _, _ in }
    }

    @Test func aNetworkAgreesWithItself() throws {
        let training = randomImages(50, side: 4)
        let gaussian = try GaussianDenoiser(images: training, flips: false)
        let rows = try compare(subject(gaussian, training), subject(gaussian, training)).rows
        for quantity in ["cosine", "cosine_uncentred", "gaussian_cosine", "gaussian_cosine_uncentred", "cosine_sets"] {
            #expect(abs(rows.value(quantity) - 1) < 1e-6)
        }
        for quantity in ["rmse", "rmse_pooled", "nrmse", "gaussian_rmse"] {
            #expect(rows.value(quantity, at: 4) == 0)
        }
        #expect(rows.value("mean_distance") == 0)
        // Equal subsets are expected to have equal moments.
        #expect(rows.value("mean_distance_expected") == 0 && rows.value("covariance_distance_expected") == 0)
        #expect(rows.value("cosine_other") < 0.5)
        #expect(abs(rows.value("covariance_distance")) < 1e-6)
        #expect(rows.value("cosine_training") == rows.value("cosine_training_other"))
    }

    /// The optimum for a training set samples it exactly, so two of disjoint sets share nothing but chance.
    @Test func memorizingDenoisersOfDisjointSetsDisagree() throws {
        let (a, b) = (randomImages(5, side: 4, seed: 10), randomImages(5, side: 4, seed: 11))
        let rows = try compare(
            subject(MultiDeltaDenoiser(images: a, flips: false), a),
            subject(MultiDeltaDenoiser(images: b, flips: false), b)
        ).rows
        #expect(rows.value("cosine_training") > 0.999)
        #expect(rows.value("cosine_training_other") > 0.999)
        #expect(rows.value("cosine") < 0.6)
        #expect(rows.value("rmse", at: 0.5) > 0.1)
    }

    @Test func histogramsAreSharesOfAllCosines() throws {
        let training = randomImages(50, side: 4)
        let gaussian = try GaussianDenoiser(images: training, flips: false)
        let rows = try compare(subject(gaussian, training), subject(gaussian, training)).rows
        let bins = rows.filter { $0.quantity == "cosine_histogram" }
        #expect(bins.map(\.position) == Array(0..<50))
        #expect(bins.compactMap(\.value).reduce(0, +) == 1)
        #expect(bins.last?.value == 1, "all cosines are one")
    }

    /// Two halves are drawn of one Gaussian: their moments differ by what random-matrix theory says.
    @Test func momentsOfHalvesDifferAsExpected() throws {
        let halves = (randomImages(2000, side: 4, seed: 20), randomImages(2000, side: 4, seed: 21))
        let rows = try compare(
            subject(try GaussianDenoiser(images: halves.0, flips: false), halves.0),
            subject(try GaussianDenoiser(images: halves.1, flips: false), halves.1), samples: 8
        ).rows
        for quantity in ["mean_distance", "covariance_distance"] {
            let ratio = rows.value(quantity) / rows.value(quantity + "_expected")
            #expect(abs(ratio - 1) < 0.35, "\(quantity): \(ratio)")
        }
        // Σ = ¼·1 in sixteen dimensions.
        let expected = (1.0 / 1000 * (1 + 16.0)).squareRoot()
        #expect(abs(rows.value("covariance_distance_expected") / expected - 1) < 0.2)
        #expect(rows.value("gaussian_cosine") > 0.99)
    }

    /// Subsets share images: nested ones of N₁ < N₂ differ by √(1/N₁ − 1/N₂), others by the number that they share.
    @Test func sharedImagesBringMomentsNearer() throws {
        let all = randomImages(3000, side: 4, seed: 20)
        func expected(_ a: Range<Int>, _ b: Range<Int>) throws -> (found: Double, expected: Double) {
            let (first, second) = (all.entries(a), all.entries(b))
            let rows = try compare(
                subject(try GaussianDenoiser(images: first, flips: false), first),
                subject(try GaussianDenoiser(images: second, flips: false), second), samples: 2
            ).rows
            return (rows.value("mean_distance"), rows.value("mean_distance_expected"))
        }
        let nested = try expected(0..<1000, 0..<2000)
        #expect(abs(nested.expected - (1.0 / 1000 - 1.0 / 2000).squareRoot()) < 1e-12)
        #expect(abs(nested.found / nested.expected - 1) < 0.4, "\(nested)")
        let overlapping = try expected(0..<1000, 400..<2000)
        let (n, m) = (1000.0, 1600.0)
        #expect(abs(overlapping.expected - (1 / n + 1 / m - 2 * 600 / (n * m)).squareRoot()) < 1e-12)
        let apart = try expected(0..<1000, 1000..<2000)
        #expect(abs(apart.expected - (2.0 / 1000).squareRoot()) < 1e-12)
    }

    /// Distances are relative to the mean of both norms: D and ½D are 2·½/(1 + ½) apart, in either order.
    @Test func relativeDistancesOfPairsHaveNoFirst() throws {
        let training = randomImages(50, side: 4)
        let (whole, half) = (
            Affine(slope: 0.4, offset: 0), Affine(slope: 0.2, offset: 0)
        )
        let there = try compare(subject(whole, training), subject(half, training)).rows
        let back = try compare(subject(half, training), subject(whole, training)).rows
        for rows in [there, back] { #expect(abs(rows.value("nrmse", at: 0.5) - 2.0 / 3) < 1e-6) }
    }

    /// A network that copies is nearest to its training images, and no nearer to held-out ones than by chance.
    @Test func heldOutImagesAreTheControl() throws {
        let training = randomImages(5, side: 4, seed: 10)
        let copying = subject(MultiDeltaDenoiser(images: training, flips: false), training)
        let rows = try compare(copying, subject(try GaussianDenoiser(images: training, flips: false), training)).rows
        #expect(rows.value("cosine_training_as_many") == rows.value("cosine_training"))
        #expect(rows.value("cosine_training") > 0.999 && rows.value("cosine_held_out") < 0.9)
    }

    @Test func oneCheckpointIsNotCompared() throws {
        let training = randomImages(5, side: 4)
        let alone = subject(MultiDeltaDenoiser(images: training, flips: false), training)
        #expect(throws: MeasureError.self) { try AgreementMeasure(parameters: [:]).evaluate(alone) { _, _ in } }
        let larger = randomImages(5, side: 6)
        #expect(throws: MeasureError.self) {
            try compare(alone, subject(MultiDeltaDenoiser(images: larger, flips: false), larger))
        }
    }

    @Test func thePairsAreShown() throws {
        let training = randomImages(5, side: 4)
        let denoiser = MultiDeltaDenoiser(images: training, flips: false)
        let artifacts = try compare(subject(denoiser, training), subject(denoiser, training)).artifacts
        #expect(artifacts.map(\.name) == ["pairs.png"])
        #expect(artifacts[0].bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    }
}
