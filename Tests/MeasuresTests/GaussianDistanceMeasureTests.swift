import Diffusion
import JobContract
import Measures
import Tensors
import Testing

struct GaussianDistanceMeasureTests {
    private let training = randomImages(30, side: 4)
    private let heldOut = randomImages(10, side: 4, seed: 2)

    private func rows(_ change: @escaping (ArraySlice<Float>, Float) -> Float) throws -> [MeasureRow] {
        let measure = try GaussianDistanceMeasure(parameters: ["samples": 80, "sigmas": [20, 1, 0.05]])
        let gaussian = try GaussianDenoiser(images: training, flips: false)
        let subject = MeasureSubject(
            denoiser: Altered(base: gaussian, change: change), training: training, heldOut: heldOut, flips: false)
        return try measure.evaluate(subject) { _, _ in }.rows
    }

    @Test func theGaussianDenoiserIsNoDistanceFromItself() throws {
        let found = try rows { _, pixel in pixel }
        #expect(found.count == 9)
        #expect(found.allSatisfy { $0.value == 0 && $0.n == 80 })
        #expect(Set(found.map(\.sigma)) == [20, 1, 0.05])
    }

    @Test func anOffsetIsTheRootMeanSquareDistance() throws {
        let found = try rows { _, pixel in pixel + 0.25 }
        for row in found where row.quantity != "nrmse" { #expect(abs((row.value ?? 0) - 0.25) < 1e-6) }
    }

    @Test func theNormalisedDistanceDividesByTheDenoisersOwnNorm() throws {
        let found = try rows { _, pixel in 4 * pixel }
        for row in found where row.quantity == "nrmse" { #expect(abs((row.value ?? 0) - 0.75) < 1e-6) }
    }

    @Test func meanOfRootsAndRootOfMeanDiffer() throws {
        // Some images are off by 0.2, the others not at all: a share p gives 0.2p and 0.2√p.
        let found = try rows { noisy, pixel in (noisy.first ?? 0) > 0 ? pixel + 0.2 : pixel }
        for sigma in [20, 1, 0.05] {
            func value(_ quantity: String) -> Double {
                found.first { $0.quantity == quantity && $0.sigma == sigma }?.value ?? .nan
            }
            let share = value("rmse") / 0.2
            #expect(share > 0.1 && share < 0.9)
            #expect(abs(value("rmse_pooled") - 0.2 * share.squareRoot()) < 1e-6)
        }
    }

    @Test func noiseBelongsToTheSampleNotToTheListOfLevels() throws {
        let subject = MeasureSubject(
            denoiser: MultiDeltaDenoiser(images: training, flips: false), training: training, heldOut: heldOut,
            flips: false)
        func rmse(_ sigmas: [Double]) throws -> [MeasureRow] {
            let list = JSONValue.array(sigmas.map { .number($0) })
            return try GaussianDistanceMeasure(parameters: ["samples": 20, "sigmas": list])
                .evaluate(subject) { _, _ in }.rows
        }
        #expect(try rmse([5, 0.5]).filter { $0.sigma == 0.5 } == (try rmse([0.5])))
    }

    @Test func heldOutImagesAreNeeded() throws {
        let subject = MeasureSubject(
            denoiser: MultiDeltaDenoiser(images: training, flips: false), training: training,
            heldOut: randomImages(0, side: 4), flips: false)
        #expect(throws: MeasureError.self) {
            try GaussianDistanceMeasure(parameters: [:]).evaluate(subject) { _, _ in }
        }
    }
}

struct MeasureRequestTests {
    private func message(_ measure: String, _ version: Int, _ parameters: [String: JSONValue]) -> String {
        do {
            _ = try KnownMeasures.measure(for: .init(measure: measure, version: version, parameters: parameters))
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func defaultsAreAccepted() throws {
        for request in KnownMeasures.requests { _ = try KnownMeasures.measure(for: request) }
    }

    @Test func whatIsWrongIsNamed() {
        #expect(message("memorisation", 2, [:]).contains("memorization, copies, gaussian-distance"))
        #expect(message("memorization", 9, [:]).contains("version 9"))
        #expect(message("memorization", 2, ["sample": 3]).contains(#""sample""#))
        #expect(message("memorization", 2, ["samples": 0]).contains("memorization.samples"))
        #expect(message("memorization", 2, ["samples": 1.5]).contains("memorization.samples"))
        #expect(message("memorization", 2, ["sampler": "ddim"]).contains("one of euler"))
        #expect(message("gaussian-distance", 2, ["sigmas": [1, 0]]).contains("gaussian-distance.sigmas"))
        #expect(message("gaussian-distance", 2, ["sigmas": []]).contains("gaussian-distance.sigmas"))
        #expect(message("linearity", 2, ["mixtures": [1]]).contains("linearity.mixtures"))
        #expect(message("linearity", 2, ["inputs": "faces"]).contains("images, noise"))
        #expect(message("distances", 2, ["pairs": ["network network"]]).contains("distances.pairs"))
        #expect(message("distances", 2, ["pairs": ["network"]]).contains("source_gaussian"))
        #expect(message("gaussian-distance", 2, ["seed": -1]).contains("gaussian-distance.seed"))
    }

    @Test func progressCanStopAMeasure() throws {
        struct Stop: Error {}
        let training = randomImages(5, side: 4)
        var subject = MeasureSubject(
            denoiser: MultiDeltaDenoiser(images: training, flips: false), training: training, heldOut: training,
            flips: false)
        var other = subject
        other.training = randomImages(5, side: 4, seed: 9)
        subject.others = [other]
        for request in KnownMeasures.requests {
            let measure = try KnownMeasures.measure(for: request)
            #expect(throws: Stop.self) { try measure.evaluate(subject) { _, _ in throw Stop() } }
        }
    }
}
