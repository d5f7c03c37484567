import Diffusion
import JobContract
import Quantities
import Tensors
import Testing

@testable import Measures

/// Measures leave the quantities that the table of quantities declares.
struct DeclarationTests {
    private func subject(training: UInt64, heldOut: UInt64) -> MeasureSubject {
        let images = randomImages(12, side: 4, seed: training)
        return MeasureSubject(
            denoiser: MultiDeltaDenoiser(images: images, flips: false), training: images,
            heldOut: randomImages(8, side: 4, seed: heldOut), flips: false)
    }

    /// Parameters that make each measure small, with every part that only some of them bring.
    private static let parameters: [String: [String: JSONValue]] = [
        "distances": [
            "pairs": [
                "network gaussian", "network distilled", "gaussian multi_delta", "local_patches wavelet",
                "stationary source_gaussian",
            ], "patches": [3],
        ],
        "trajectories": ["sides": ["network", "gaussian", "multi_delta", "distilled", "wavelet"]],
        "linearity": ["mixtures": [0.99, 0.5]],
        "jacobian": ["samples": 2, "sigmas": [1.5]],
    ]

    private func result(_ request: MeasureRequest) throws -> MeasureResult {
        var request = request
        request.parameters.merge(Self.parameters[request.measure] ?? [:]) { _, given in given }
        for (name, value) in ["samples": 16, "inputs": 40, "images": 2, "pairs": 3] as [String: JSONValue]
        where request.parameters[name]?.integerValue != nil {
            request.parameters[name] = value
        }
        for (name, value) in ["sigmas": [0.5, 1.5]] as [String: JSONValue] where request.parameters[name] != nil {
            request.parameters[name] = value
        }
        var subject = subject(training: 1, heldOut: 2)
        if request.isComparison { subject.others = [self.subject(training: 3, heldOut: 2)] }
        return try KnownMeasures.measure(for: request).evaluate(subject) { _, _ in }
    }

    @Test(arguments: KnownMeasures.requests)
    func everyRowIsDeclaredAndEveryQuantityComes(_ request: MeasureRequest) throws {
        let declared = try #require(KnownMeasures.quantities[request.measure])
        var seen = Set<String>()
        var more = request
        // By parts the measure leaves one more quantity.
        if request.parameters["rank"] != nil { more.parameters["rank"] = 2 }
        let results = try [result(request)] + (more == request ? [] : [result(more)])
        for row in results.flatMap(\.rows) {
            let declaration = try #require(declared.declaration(of: row.quantity), "\(row.quantity) is undeclared")
            seen.insert(declaration.name)
            #expect((row.sigma != nil) == (declaration.bySigma ?? false), "\(row.quantity)")
            #expect((row.position != nil) == (declaration.position != nil), "\(row.quantity)")
            if declaration.kind == .share, let value = row.value {
                #expect((0...1).contains(value) && row.n != nil, "\(row.quantity)")
            }
        }
        let measure = try #require(KnownQuantities.all.first { $0.name == request.measure })
        #expect(Set(results.flatMap(\.artifacts).map(\.name)) == Set(measure.artifacts))
        for entry in measure.quantities {
            #expect(!seen.isDisjoint(with: entry.names), "no row of \(entry.name)")
        }
    }

    @Test func namesAreDeclaredOnceAndTheNarrowestSpeaks() {
        for entry in KnownQuantities.all {
            let names = entry.declarations.map(\.name)
            #expect(Set(names).count == names.count, "\(entry.name)")
        }
        let distances = MeasureEntry.distances.declarations
        #expect(distances.declaration(of: "rmse_network_gaussian")?.fact == .network)
        #expect(distances.declaration(of: "rmse_gaussian_multi_delta")?.fact == .subset)
        #expect(distances.declaration(of: "rmse_pooled_network_gaussian")?.name == "rmse_pooled_*")
        #expect(distances.declaration(of: "rmse") == nil)
        let linearity = MeasureEntry.linearity.declarations
        #expect(linearity.declaration(of: "ls_centred_0.99")?.name == "ls_centred_0*")
        #expect(linearity.declaration(of: "ls_0.99")?.name == "ls_0*")
    }

    /// Facts of the subset do not change with the network.
    @Test(
        arguments: KnownMeasures.requests.filter { request in
            !request.isComparison && KnownMeasures.quantities[request.measure]?.contains { $0.fact == .subset } == true
        })
    func factsOfTheSubsetDoNotKnowTheNetwork(_ request: MeasureRequest) throws {
        let declared = try #require(KnownMeasures.quantities[request.measure])
        let (a, b) = (subject(training: 1, heldOut: 2), subject(training: 1, heldOut: 2))
        var other = b
        other.denoiser = WaveletDenoiser(images: b.training, flips: false)
        var request = request
        for name in ["samples", "inputs", "images", "pairs"] where request.parameters[name]?.integerValue != nil {
            request.parameters[name] = 16
        }
        if request.parameters["sigmas"] != nil { request.parameters["sigmas"] = [0.5, 1.5] }
        func facts(_ subject: MeasureSubject) throws -> [MeasureRow] {
            try KnownMeasures.measure(for: request).evaluate(subject) { _, _ in }.rows.filter {
                declared.declaration(of: $0.quantity)?.fact == .subset
            }
        }
        #expect(try facts(a) == facts(other))
    }
}
