import Diffusion
import JobContract
import Tensors
import Testing

@testable import Measures

struct TrajectoriesMeasureTests {
    private let training = randomImages(20, side: 4)

    private func result(
        of denoiser: any Denoiser, training: Tensor<Float>? = nil, _ parameters: [String: JSONValue]
    ) throws -> MeasureResult {
        try TrajectoriesMeasure(parameters: parameters).evaluate(
            MeasureSubject(
                denoiser: denoiser, training: training ?? self.training, heldOut: randomImages(0, side: 4),
                flips: false)
        ) { _, _ in }
    }

    /// There are fewer and more images than pixels. Small steps lead where the closed form of the flow does.
    @Test(arguments: [7, 40]) func theGaussiansClosedFormIsWhereSmallStepsLead(count: Int) throws {
        let images = randomImages(count, side: 4)
        let gaussian = try GaussianDenoiser(images: images, flips: false)
        func distance(_ steps: Int64) throws -> Double {
            try result(
                of: gaussian, training: images,
                ["sides": ["network", "gaussian"], "sampler": "heun", "steps": .integer(steps), "samples": 4]
            ).rows.value("final_rmse_network_gaussian")
        }
        let (few, many) = (try distance(10), try distance(80))
        #expect(many < 2e-3 && many < few / 20, "\(few), \(many)")
    }

    /// One pixel of N(μ, λ) flows to μ + √((σ²+λ)/(σ_T²+λ))(x_T − μ).
    @Test func theFlowOfOnePixelIsTheFormula() {
        let gaussian = GaussianDenoiser(
            imageShape: ImageShape(channels: 1, height: 1, width: 1), mean: [0.3], eigenvalues: [0.25],
            eigenvectors: Matrix(rows: 1, columns: 1, values: [1]))
        let start = Matrix(rows: 2, columns: 1, values: [80, -35])
        for end in [0, 0.002, 3, 80] {
            let factor = ((end * end + 0.25) / (6400 + 0.25)).squareRoot()
            let found = gaussian.flow(start, from: 80, to: end, beat: {}).values
            for (a, b) in zip(found, start.values) { #expect(abs(a - (0.3 + factor * (b - 0.3))) < 1e-12) }
        }
    }

    @Test func theSameDenoiserTakesTheSameWay() throws {
        let found = try result(
            of: MultiDeltaDenoiser(images: training, flips: false),
            ["sides": ["network", "multi_delta", "gaussian"], "samples": 5, "steps": 6])
        let sigmas = EDMSchedule(steps: 6).sigmas.dropLast()
        for sigma in sigmas { #expect(found.rows.value("rmse_network_multi_delta", at: sigma) == 0) }
        #expect(found.rows.value("final_rmse_network_multi_delta") == 0)
        #expect(abs(found.rows.value("final_cosine_network_multi_delta") - 1) < 1e-12)
        // The trajectories start together and part.
        #expect(found.rows.value("rmse_network_gaussian", at: 80) < 1e-9)
        #expect(found.rows.value("final_rmse_network_gaussian") > 0.05)
        #expect(found.rows.count == 3 * 8)
        #expect(found.artifacts.map(\.name) == ["final.png", "path.png", "trajectories.safetensors"])
        let file = try SafetensorsFile(bytes: try #require(found.artifacts.last).bytes, name: "t")
        let images: Tensor<Float> = try file.tensor("multi_delta")
        #expect(images.shape == [5, 1, 4, 4])
        // The optimum ends at a training image.
        let near = NearestNeighbours(images: training, flips: false).pairs(of: images)
        #expect(near.allSatisfy { $0.first < 0.02 })
    }

    /// An affine network's fit is that network at every level.
    @Test func theDistilledDenoiserFollowsAnAffineNetwork() throws {
        let other = try GaussianDenoiser(images: randomImages(30, side: 4, std: 0.3, seed: 5), flips: false)
        let found = try result(
            of: other, ["sides": ["network", "distilled", "gaussian"], "samples": 3, "steps": 4, "inputs": 8000]
        ).rows
        #expect(found.value("final_rmse_network_gaussian") > 0.05)
        #expect(found.value("final_rmse_network_distilled") < 0.1 * found.value("final_rmse_network_gaussian"))
    }

    @Test func sidesThatAreNoneAreRefused() {
        for sides: JSONValue in [["network"], ["network", "network"], ["network", "local_patches"]] {
            #expect(throws: MeasureError.self) { try TrajectoriesMeasure(parameters: ["sides": sides]) }
        }
    }

    /// The Gaussian by the sampler is the control of the closed form: a Gaussian network goes with it step by step.
    @Test func theGaussianBySamplerIsTheControl() throws {
        let gaussian = try GaussianDenoiser(images: randomImages(40, side: 4), flips: false)
        let found = try result(
            of: gaussian, training: randomImages(40, side: 4),
            ["sides": ["network", "gaussian", "gaussian_sampled"], "samples": 4]
        ).rows
        #expect(found.value("final_rmse_network_gaussian_sampled") == 0)
        #expect(found.value("final_rmse_gaussian_gaussian_sampled") > 0.01)
        #expect(
            found.value("final_rmse_gaussian_gaussian_sampled") == found.value("final_rmse_network_gaussian"))
    }
}
