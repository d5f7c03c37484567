import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue
@testable import ResultQueries

/// Conditions on what was measured of a trial.
@Suite struct MeasuredConditionsTests {
    private let sweep: GivenSweep

    /// Seeds 0 to 3 have gains of −1, 0, 1, 2 at 0.502377 and of 1 less the seed at 1.49979; the last seed has no share.
    init() throws {
        sweep = try GivenSweep(
            [("seed", [0, 1, 2, 3])],
            [
                .of("memorization") { spec in
                    let seed = spec.integer("seed")
                    return [MeasureRow(quantity: "copied", value: seed == 3 ? nil : Double(seed) / 4, n: 256)]
                },
                .of("denoising") { spec in
                    let seed = Double(spec.integer("seed"))
                    return [(0.502377, seed - 1), (1.49979, 1 - seed)].map {
                        MeasureRow(quantity: "wiener_gain_db", sigma: $0.0, value: $0.1, n: 64)
                    }
                },
                .of("jacobian") { _ in [MeasureRow(quantity: "eigenvalue", sigma: 1, position: 0, value: 1)] },
                .across("agreement", "seed") { _ in [MeasureRow(quantity: "cosine", value: 0.5, n: 8)] },
            ])
    }

    private func seeds(_ text: String) throws -> [Int] {
        let trials = try TrialSelection(try sweep.reader).trials(of: sweep.name, where: try WhereExpression(text))
        let keys = try TrialKeys(try sweep.reader, sweep: sweep.name, keys: ["seed"])
        return keys.trials.indices.filter { row in trials.contains { $0.hex == keys.trials[row] } }
            .compactMap { keys.value($0, "seed").integerValue }
    }

    @Test func measuredQuantitiesAreKeys() throws {
        #expect(try seeds("memorization.copied >= 0.25") == [1, 2])
        #expect(try seeds("memorization.copied = null") == [3])
        #expect(try seeds("denoising.wiener_gain_db@0.5 > 0") == [2, 3])
        #expect(try seeds("denoising.wiener_gain_db@worse(0.5, 1.5) >= 0") == [1])
        #expect(try seeds("denoising.wiener_gain_db@worse(1.5, 0.5) < 0 and seed > 0") == [2, 3])
    }

    @Test func queriesGoByThem() throws {
        var request = QueryRequest()
        request.sweep = sweep.name
        request.measures = [MeasureSelection("memorization.copied")]
        request.filter = try WhereExpression("denoising.wiener_gain_db@0.5 >= 0")
        request.statistics = [.mean, .count]
        let table = try Query(try sweep.reader).run(request)
        #expect(table.rows[0].suffix(2) == [.number(0.375), .integer(2)])
    }

    @Test(
        arguments: [
            ("denoising.wiener_gain_db > 0", 0, "name one, as in denoising.wiener_gain_db@0.5"),
            ("seed = 1 and denoising.wiener_gain_db@9 > 0", 13, "there are 0.502377, 1.49979"),
            ("agreement.cosine > 0", 0, "several trials"), ("jacobian.eigenvalue@1 > 0", 0, "several positions"),
            ("memorization.copies > 0", 0, "did you mean copied?"),
            ("memorisation.copied > 0", 0, "nor is there a measure"),
            ("memorization.copied@1 > 0", 0, "no noise levels"),
            (
                "seed = 1 or state in (failed, succeded)", 12,
                "\"succeded\" is no state of a trial; did you mean succeeded?"
            ),
        ])
    func whatIsNoNumberOfATrialIsRefused(_ text: String, _ position: Int, _ message: String) throws {
        let error = #expect(throws: WhereExpression.Failure.self) { try seeds(text) }
        #expect(error?.position == position && error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    /// Of two versions a condition reads the newest, never both; in a sweep that wants the older, that one.
    @Test func oneVersionIsLookedAt() throws {
        let both = try GivenSweep(
            [("seed", [0, 1])],
            [
                .of("denoising") { _ in [MeasureRow(quantity: "slope_training", value: 1, n: 8)] },
                .of("denoising", version: 2) { _ in [MeasureRow(quantity: "slope_training", value: 2, n: 8)] },
            ])
        var request = QueryRequest()
        request.statistics = [.count]
        request.measures = [MeasureSelection("denoising.slope_training")]
        request.filter = try WhereExpression("denoising.slope_training = 2")
        #expect(try Query(try both.reader).run(request).rows.count == 2)
        request.sweep = both.name
        #expect(try Query(try both.reader).run(request).rows.isEmpty)
    }
}
