import Foundation
import JobContract
import SweepModel
import Testing

@testable import Reports
@testable import ResultCatalogue
@testable import ResultQueries

/// `query --crossing` of a sweep in which it is known where copying and generalization begin: copying after 100 · N steps, less
/// 10 % in seed 0 and more in seed 2; generalization after 600 steps, and with 16 images never; the loss rises behind
/// 20 · N steps.
@Suite struct CrossingQueryTests {
    private let sweep: GivenSweep

    init() throws {
        sweep = try GivenSweep(
            [
                ("dataset.size", [4, 16, 64]), ("model.scale", [4, 8]), ("seed", [0, 1, 2]),
                ("training.steps", [128, 256, 512, 1024, 2048, 4096]),
            ],
            [
                .of("memorization") { spec in
                    let time = 100 * Double(spec.integer("dataset.size")) * (1 + 0.1 * Double(spec.integer("seed") - 1))
                    let steps = Double(spec.integer("training.steps"))
                    return [MeasureRow(quantity: "copied", value: 1 / (1 + pow(time / steps, 4)), n: 256)]
                },
                .of("denoising") { spec in
                    let steps = Double(spec.integer("training.steps"))
                    let rise = log(steps / 600)
                    let gain = spec.integer("dataset.size") == 16 ? -1 - abs(log(steps / 1000)) : min(rise, 2 - rise)
                    return [(0.502377, gain), (1.49979, gain + 0.5)].map {
                        MeasureRow(quantity: "wiener_gain_db", sigma: $0.0, value: $0.1, n: 64)
                    }
                },
                .of("modes") { spec in
                    (0..<3).flatMap { mode in
                        let time = 200 * pow(4, Double(mode))
                        let steps = Double(spec.integer("training.steps"))
                        return [
                            MeasureRow(quantity: "mode_variance", position: mode, value: steps / (steps + time)),
                            MeasureRow(quantity: "mode_eigenvalue", position: mode, value: 8 / time),
                        ]
                    }
                },
            ])
    }

    private func ask(
        _ crossing: String, along: String = "training.steps", by: [String] = [], where filter: String? = nil
    ) throws -> ResultTable {
        var request = CrossingRequest(try CrossingTerm(crossing), along: along)
        request.sweep = sweep.name
        request.groupBy = by
        request.filter = try filter.map { try WhereExpression($0) }
        return try Query(try sweep.reader).run(request)
    }

    private func column(_ name: String, _ table: ResultTable) throws -> [ResultTable.Cell] {
        let place = try #require(table.columns.firstIndex(of: name), "\(table.columns)")
        return table.rows.map { $0[place] }
    }

    private func numbers(_ name: String, _ table: ResultTable) throws -> [Double?] {
        try column(name, table).map(\.number)
    }

    @Test func theTimeOfCopyingGrowsWithSize() throws {
        let table = try ask("memorization.copied = 0.5", by: ["dataset.size"])
        #expect(try numbers("dataset.size", table) == [4, 16, 64])
        let times = try numbers("at", table)
        let lows = try numbers("ci95_low", table)
        let highs = try numbers("ci95_high", table)
        for (index, due) in [400.0, 1600].enumerated() {
            let time = try #require(times[index])
            let (low, high) = (try #require(lows[index]), try #require(highs[index]))
            #expect(abs(time / due - 1) < 0.01 && low < due && due < high)
        }
        // 6400 steps lie beyond those swept, of every seed and scale.
        #expect(times[2] == nil && lows[2] == nil)
        #expect(try numbers("rows", table) == [6, 6, 6])
        #expect(try numbers("inside", table) == [6, 6, 0])
        #expect(try numbers("beyond", table) == [0, 0, 6])
        #expect(try numbers("never", table) == [0, 0, 0])
        #expect(try column("ci95_of", table)[0] == .text("3 replicates at each of 2 places"))
        #expect(try numbers("places", table) == [2, 2, 2])
        #expect(table.notes.contains { $0.contains("rise through the level") })
        #expect(table.notes.contains { $0.contains("averaged over model.scale") })
    }

    /// The other way round: of a length, the size at which copying ends.
    @Test func capacityFallsAlongSize() throws {
        let table = try ask(
            "memorization.copied = 0.5", along: "dataset.size", by: ["training.steps"], where: "training.steps >= 1024")
        #expect(try numbers("training.steps", table) == [1024, 2048, 4096])
        for (time, due) in zip(try numbers("at", table), [10.24, 20.48, 40.96]) {
            #expect(abs(try #require(time) / due - 1) < 0.02)
        }
        #expect(table.notes.contains { $0.contains("fall through the level along dataset.size") })
        let against = try ask("memorization.copied > 0.5", along: "dataset.size", by: ["training.steps"])
        #expect(try numbers("against", against).last == 6)
    }

    @Test func theFirstGainDoesNotDependOnSize() throws {
        let table = try ask("first denoising.wiener_gain_db@worse(0.5, 1.5) > 0", by: ["dataset.size", "model.scale"])
        let times = try numbers("at", table)
        // On the line between 512 and 1024 steps over the logarithm the gain is the logarithm itself.
        for index in [0, 1, 4, 5] { #expect(abs(try #require(times[index]) / 600 - 1) < 1e-9) }
        #expect(times[2] == nil && times[3] == nil)
        #expect(try numbers("never", table) == [0, 0, 3, 3, 0, 0])
        let listed = try ask("first denoising.wiener_gain_db@worse(0.5, 1.5) > 0", where: "dataset.size = 16")
        #expect(try column("is", listed) == [ResultTable.Cell](repeating: .text("never"), count: 6))
    }

    @Test func rowsAreListedWithoutKeys() throws {
        let table = try ask("memorization.copied > 0.5", where: "model.scale = 4")
        #expect(
            table.columns == [
                "dataset.size", "seed", "crossing", "along", "is", "at", "bound", "values",
            ])
        #expect(table.rows.count == 9)
        #expect(try column("is", table).suffix(3) == [.text("beyond"), .text("beyond"), .text("beyond")])
        #expect(try numbers("bound", table).suffix(3) == [4096, 4096, 4096])
        #expect(try numbers("values", table).allSatisfy { $0 == 6 })
    }

    @Test func positionsAreRowsOfTheirOwn() throws {
        let table = try ask("modes.mode_variance = 0.5", by: ["position"])
        #expect(try numbers("position", table) == [0, 1, 2])
        for (time, due) in zip(try numbers("at", table), [200.0, 800, 3200]) {
            #expect(abs(try #require(time) / due - 1) < 0.03)
        }
    }

    @Test(
        arguments: [
            (
                "memorization.copied = 0.5", "training.steps", ["position"],
                "--by position: memorization.copied has none"
            ),
            ("memorization.copied = 1.5", "training.steps", ["seed"], "a level between 0 and 1"),
            ("modes.mode_variance = 0.5", "training.steps", ["seed"], "add position to --by"),
            ("denoising.wiener_gain_db = 0", "training.steps", ["seed"], "a value for each noise level"),
            ("memorization.copies = 0.5", "training.steps", ["seed"], "did you mean copied?"),
            ("memorization.copied = 0.5", "training.setps", ["seed"], "no trial has the key"),
            ("memorization.copied = 0.5", "model.architecture", ["seed"], "expected numbers above 0, got ddpmpp"),
            ("memorization.copied = 0.5", "training.steps", ["training.steps"], "several values along training.steps"),
        ])
    func whatCannotBeAskedIsRefused(_ crossing: String, _ along: String, _ by: [String], _ message: String) throws {
        let error = #expect(throws: ReportError.self) { try ask(crossing, along: along, by: by) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test func formatsForProgramsHaveEveryColumn() throws {
        var request = CrossingRequest(try CrossingTerm("memorization.copied = 0.5"), along: "training.steps")
        request.groupBy = ["dataset.size"]
        request.sort = [SortColumn("at:desc")]
        request.limit = 2
        var text = ""
        _ = try Query(try sweep.reader).write(request, .csv) { text += String(decoding: $0, as: UTF8.self) }
        let lines = text.split(separator: "\n")
        #expect(
            lines[0]
                == "dataset.size,crossing,along,at,ci95_low,ci95_high,ci95_of,rows,inside,before,beyond,never,against,places"
        )
        #expect(lines.count == 3 && lines[1].hasPrefix("16,memorization.copied = 0.5,training.steps,1"))
    }

    // MARK: In analyze

    @Test func timesAreToldWithTheirLaws() throws {
        let times = try CrossingTimes(try SweepPoints(try sweep.reader, sweep: sweep.name))
        #expect(times.found.map(\.kind.name) == ["tau_mem_0.5", "tau_mem_0.1", "tau_mem_0.9", "tau_gen"])
        let half = try #require(times.found.first?.ofSize)
        #expect(abs(try #require(half.law).exponent - 1) < 0.01 && half.count(.beyond) == 6)
        let sentence = try #require(times.sentences.first)
        #expect(
            sentence.hasPrefix(
                "The length of training after which half of the samples are copies goes as N^1 (95 % interval "))
        #expect(sentence.contains("from 18 of 18 rows; claimed: 1 by Bonnaire et al. and Favero et al. 2025"))
        #expect(sentence.hasSuffix("it lies within the lengths swept in 12 of 18 rows, beyond the longest in 6."))
        // The same at every size and in every seed: an exponent of 0 without spread.
        let gain = try #require(times.found.last?.ofSize)
        #expect(abs(try #require(gain.law).exponent) < 1e-9 && gain.count(.never) == 6)
        #expect(times.sentences.last?.contains("nowhere in 6") == true)
        let figure = times.figure
        #expect(figure.absence == nil && figure.panels.count == 2 && figure.table.rows.count == 4 * 18)
        #expect(figure.script.contains("scale 8") && figure.script.contains("with lines"))
    }

    /// Where no row crosses and none is censored, as where nothing ever generalizes, there is nothing to draw.
    @Test func aTimeThatNeverComesHasNoPanel() throws {
        let given = try GivenSweep(
            [("dataset.size", [4, 16]), ("training.steps", [128, 256, 512, 1024, 2048, 4096])],
            [
                .of("memorization") { spec in
                    let rise = Double(spec.integer("training.steps")) / Double(100 * spec.integer("dataset.size"))
                    return [MeasureRow(quantity: "copied", value: rise / (1 + rise), n: 256)]
                },
                .of("denoising") { spec in
                    let gain = spec.integer("training.steps") == 512 ? -1.0 : -2
                    return [0.5, 1.5].map { MeasureRow(quantity: "wiener_gain_db", sigma: $0, value: gain, n: 64) }
                },
            ])
        let analysis = Analysis(try given.reader, sweep: given.name, store: given.scratch.path)
        let result = try analysis.run(into: given.scratch.path + "/figures", figures: [.crossingTimes])
        #expect(result.problem == nil && result.figures.count == 4)
        #expect(result.sentences.contains { $0.contains("in 0 of 2 rows, nowhere in 2") })
        let script = try CrossingTimes(try SweepPoints(try given.reader, sweep: given.name)).figure.script
        #expect(script.components(separatedBy: "\nplot ").count == 2)
    }

    @Test func modesAreLearntByTheirVariance() throws {
        let modes = try ModeTimes(try SweepPoints(try sweep.reader, sweep: sweep.name))
        #expect(modes.law.rows.count == 3 * 18 && modes.law.count(.at) == 3 * 18)
        #expect(abs(try #require(modes.law.law).exponent + 1) < 0.02)
        let sentence = try #require(modes.sentences.first)
        #expect(sentence.contains("goes as λ^-1") && sentence.contains("claimed: -1 by Wang & Pehlevan 2025"))
        let figure = modes.figure
        #expect(figure.absence == nil && figure.table.rows.count == 54 && figure.script.contains("N = 64, scale 8"))
    }

    @Test func capacityIsALawOfItsOwn() throws {
        let points = try SweepPoints(try sweep.reader, sweep: sweep.name)
        let (half, capacity) = (try BoundaryLaw(points), try BoundaryLaw(points, level: BoundaryLaw.capacity))
        let first = try #require(half.inside.first { $0.length == 2048 })
        let second = try #require(capacity.inside.first { $0.length == 2048 && $0.replicate == first.replicate })
        guard case .at(let middle) = first.boundary, case .at(let least) = second.boundary else { return }
        // copied = 0.9 where (100 N / steps)⁴ = 1/9.
        #expect(abs(middle - least - log(9) / 4) < 0.03)
        #expect(
            BoundaryLawFigure(law: capacity).script.contains("Capacity: training images at which 90 % of the samples"))
    }
}
