import Diffusion
import JobContract
import Tensors
import Testing

@testable import Measures

struct SubsetInformationMeasureTests {
    private let sets = (0..<3).map { randomImages(12, side: 4, seed: UInt64(10 + $0)) }

    private func rows(_ denoisers: [any Denoiser]) throws -> [MeasureRow] {
        var subjects = zip(denoisers, sets).map { denoiser, images in
            MeasureSubject(denoiser: denoiser, training: images, heldOut: randomImages(0, side: 4), flips: false)
        }
        subjects[0].others = Array(subjects.dropFirst())
        return try SubsetInformationMeasure(parameters: ["samples": 40, "steps": 10]).evaluate(subjects[0]) { _, _ in }
            .rows
    }

    /// An image that is a training image says which subset it is of: log K, and no more.
    @Test(arguments: [2, 3]) func copiesTellAll(count: Int) throws {
        let found = try rows(sets.prefix(count).map { MultiDeltaDenoiser(images: $0, flips: false) })
        let bound = found.value("information_bound")
        #expect(abs(bound - (count == 2 ? 0.6931471805599453 : 1.0986122886681098)) < 1e-15)
        #expect(found.value("accuracy") == 1)
        #expect(found.value("information") <= bound && found.value("information") > bound - 1e-3)
    }

    /// One network stands three times: its images say nothing of which of them drew it.
    @Test func equalNetworksTellNothing() throws {
        let all = Tensor<Float>(shape: [36, 1, 4, 4], values: sets.flatMap(\.values))
        let found = try rows([0, 1, 2].map { _ in try GaussianDenoiser(images: all, flips: false) })
        #expect(abs(found.value("accuracy") - 1.0 / 3) < 1e-12)
        #expect(found.value("information") <= 1e-12 && found.value("information") > -0.2)
    }

    /// Networks of one subset, as across seeds, would give zero by construction.
    @Test func networksOfTheSameImagesAreRefused() throws {
        var first = MeasureSubject(
            denoiser: MultiDeltaDenoiser(images: sets[0], flips: false), training: sets[0],
            heldOut: randomImages(0, side: 4), flips: false, seed: 0)
        var second = first
        second.seed = 1
        first.others = [second]
        let error = #expect(throws: MeasureError.self) {
            try SubsetInformationMeasure(parameters: ["samples": 4]).evaluate(first) { _, _ in }
        }
        #expect(error?.description.contains("dataset.part") == true)
    }

    /// With two subsets and distances 1 ± δ, p(own) = 1/(1 + exp(−2aδ)) wherever the sign is right, so with a share q of
    /// right signs CE(a) = −q log p − (1−q) log(1−p), least at p = q.
    @Test func theLossIsThatOfTheLogisticModel() {
        let draws = (0..<40).flatMap { latent in
            [0, 1].map { own -> SubsetDistances in
                let isRight = latent % 8 < 6
                return SubsetDistances(own: own, (0..<2).map { ($0 == own) == isRight ? 0.9 : 1.1 })
            }
        }
        // Images of network 0 come first, then those of network 1.
        let ordered =
            draws.indices.filter { $0 % 2 == 0 }.map { draws[$0] }
            + draws.indices.filter { $0 % 2 == 1 }.map { draws[$0] }
        let found = SubsetInformationMeasure.rows(ordered, latents: 40)
        #expect(abs(found.value("accuracy") - 0.75) < 1e-12)
        // a = 4 gives p = 1/(1 + e^−0.8) = 0.68997, a = 8 gives 0.83202: the former loses less at q = 3/4.
        #expect(found.value("information_scale") == 4)
        let expected = 0.6931471805599453 + 0.75 * -0.37110066594777763 + 0.25 * -1.1711006659477776
        #expect(abs(found.value("information") - expected) < 1e-12)
    }

    /// The scale is fitted on the images of every other latent, and what these tell does not count: the rest may tell all,
    /// or nothing.
    @Test(arguments: [0, 1]) func informationIsThatOfImagesThatNothingWasFittedOn(telling: Int) {
        func distances(_ tells: Bool, _ own: Int) -> SubsetDistances {
            SubsetDistances(own: own, (0..<2).map { ($0 == own) == tells ? 0.5 : 1.5 })
        }
        let draws = [0, 1].flatMap { own in (0..<40).map { distances($0 % 2 == telling, own) } }
        let found = SubsetInformationMeasure.rows(draws, latents: 40)
        if telling == 0 {
            // The scale is fitted on images that tell all, and judged on images that tell the contrary: −log p is the
            // scale.
            let scale = found.value("information_scale")
            #expect(scale > 16 && abs(found.value("information") - (0.6931471805599453 - scale)) < 1e-9)
        } else {
            #expect(found.value("information_scale") == 0 && abs(found.value("information")) < 1e-12)
        }
        #expect(found.value("accuracy") == 0.5)
    }
}
