import Diffusion
import JobContract
import Tensors
import Testing

@testable import Measures

/// Which key latents and noise are drawn by.
struct DrawsTests {
    /// A subject whose network, the wavelets, neither copies nor is the Gaussian, so that every measure has something to
    /// tell; or the optimum, which copies.
    private func subject(_ seed: UInt64, training: UInt64 = 1, copies: Bool = false) -> MeasureSubject {
        let images = randomImages(30, side: 4, seed: training)
        return MeasureSubject(
            denoiser: copies
                ? MultiDeltaDenoiser(images: images, flips: false) : WaveletDenoiser(images: images, flips: false),
            training: images, heldOut: randomImages(12, side: 4, seed: 2), flips: false, seed: seed)
    }

    private static let small: [String: JSONValue] = [
        "samples": 8, "sigmas": [1.0], "pairs": 4, "inputs": 40, "steps": 4, "images": 1, "mixtures": [0.5],
    ]

    private func rows(_ name: String, _ seeds: [UInt64], draws: String? = nil) throws -> [MeasureRow] {
        var request = try #require(KnownMeasures.requests.first { $0.measure == name })
        for (parameter, value) in Self.small where request.parameters[parameter] != nil {
            let isAlike = request.parameters[parameter]?.arrayValue?.first?.stringValue == nil
            if isAlike && request.parameters[parameter]?.stringValue == nil { request.parameters[parameter] = value }
        }
        if let draws { request.parameters["draws"] = .string(draws) }
        var members = seeds.enumerated().map { subject($1, training: UInt64(1 + $0), copies: name == "copies") }
        members[0].others = Array(members.dropFirst())
        return try KnownMeasures.measure(for: request).evaluate(members[0]) { _, _ in }.rows
    }

    /// For every measure that draws, equal seeds ask the same question and other seeds another; shared draws are one for
    /// all.
    @Test(arguments: KnownMeasures.requests.filter { $0.parameters["draws"] != nil }.map(\.measure))
    func trainingsOfOneSeedArePaired(measure: String) throws {
        let isComparison = KnownMeasures.requests.contains { $0.measure == measure && $0.isComparison }
        func seeds(_ seed: UInt64) -> [UInt64] { isComparison ? [seed, 7] : [seed] }
        let first = try rows(measure, seeds(1))
        #expect(try rows(measure, seeds(1)) == first)
        #expect(try rows(measure, seeds(2)) != first)
        let shared = try rows(measure, seeds(1), draws: "shared")
        #expect(try rows(measure, seeds(2), draws: "shared") == shared)
        #expect(shared != first)
    }

    /// All measures that draw have the choice; facts of the images alone have one draw for all.
    @Test func factsOfTheImagesHaveNoDrawsOfTheirOwn() {
        let without = KnownMeasures.requests.filter { $0.parameters["draws"] == nil }.map(\.measure)
        #expect(without == ["posterior"])
    }

    /// Members share the key of their seeds together, whichever comes first. The key is a stream's, so that it is no
    /// neighbour of another.
    @Test func membersShareAKey() throws {
        let draws = try Draws(ParameterReader(AgreementMeasure.self, ["seed": 5]))
        var (a, b) = (subject(1), subject(2))
        (a.others, b.others) = ([subject(2)], [subject(1)])
        #expect(draws.key(of: a) == draws.key(of: b))
        let keys = Set((0..<200).map { draws.key(of: subject($0)) })
        #expect(keys.count == 200 && !keys.contains(5))
        #expect(try Draws(ParameterReader(AgreementMeasure.self, ["seed": 6])).key(of: a) != draws.key(of: a))
        let shared = try Draws(ParameterReader(AgreementMeasure.self, ["seed": 5, "draws": "shared"]))
        #expect(shared.key(of: a) == 5)
    }

    /// A denoiser that is not affine and remembers what it is asked.
    private final class Recording: DifferentiableDenoiser {
        let imageShape = ImageShape(channels: 1, height: 4, width: 4)
        var seen: [[Float]] = []

        func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
            seen += (0..<x.shape[0]).map { Array(x[row: $0]) }
            return Tensor(shape: x.shape, values: x.values.map { $0 * $0 * $0 / ($0 * $0 + 1) })
        }

        func pullback(at x: Tensor<Float>, sigma: Double) -> Pullback { { $0 } }
        func pushforward(at x: Tensor<Float>, sigma: Double) -> Pullback { { $0 } }
    }

    private static let fits: [(measure: String, parameters: [String: JSONValue], judged: Int)] = [
        ("distances", ["pairs": ["network distilled"], "inputs": 400, "samples": 24], 24),
        ("distances", ["pairs": ["network local_patches"], "patches": [1, 3], "samples": 24], 24),
        ("distances", ["pairs": ["network equivariant_patches"], "patches": [1, 3], "samples": 24], 24),
        ("distillation", ["inputs": 400, "samples": 24], 24),
        ("distillation", ["inputs": 400, "samples": 24, "images": "held_out"], 24),
        ("distillation", ["samples": 24, "recipe": "gradient", "epochs": 3], 24),
        ("jacobian", ["affine": "distilled", "inputs": 400, "samples": 24], 1 + 2 * 24),
    ]

    /// No noise by which a fit is judged is noise that it was made on, added or taken away. All images are black, so that
    /// the network is asked for the noise itself.
    @Test(arguments: fits)
    func fitsAndTheirJudgesShareNoNoise(measure: String, parameters: [String: JSONValue], judged: Int) throws {
        let network = Recording()
        let black = Tensor<Float>(zeros: [20, 1, 4, 4])
        var request = try #require(KnownMeasures.requests.first { $0.measure == measure })
        request.parameters.merge(parameters) { $1 }
        request.parameters["sigmas"] = [1.0]
        _ = try KnownMeasures.measure(for: request).evaluate(
            MeasureSubject(denoiser: network, training: black, heldOut: black, flips: false)
        ) { _, _ in }
        let (fitted, judges) = (network.seen.dropLast(judged), network.seen.suffix(judged))
        // Eight noised images choose among sizes of patches.
        #expect(fitted.count >= (parameters["patches"] == nil ? 60 : 8))
        let noises = Set(fitted + fitted.map { $0.map { -$0 } })
        #expect(noises.isDisjoint(with: judges))
        #expect(Set(judges).count == judged)
    }
}
