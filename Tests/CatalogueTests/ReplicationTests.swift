import JobContract
import SweepModel
import Testing

@testable import Reports
@testable import ResultCatalogue
@testable import ResultQueries

/// Which values are averaged together, shown on values given for each trial.
@Suite struct ReplicationTests {
    private func query(_ sweep: GivenSweep, _ change: (inout QueryRequest) -> Void) throws -> ResultTable {
        var request = QueryRequest()
        request.sweep = sweep.name
        change(&request)
        return try Query(try sweep.reader).run(request)
    }

    private func column(_ table: ResultTable, _ name: String) throws -> [ResultTable.Cell] {
        let place = try #require(table.columns.firstIndex(of: name), "\(table.columns)")
        return table.rows.map { $0[place] }
    }

    private func numbers(_ table: ResultTable, _ name: String) throws -> [Double] {
        try column(table, name).map { $0.number ?? .nan }
    }

    private func areClose(_ a: [Double], _ b: [Double]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-9 }
    }

    /// Seeds, subsets and parts are replicates; scales are places, and one place has more replicates.
    @Test func aMeanOverPlacesIsOneOfTheirMeans() throws {
        let sweep = try GivenSweep(
            [
                ("model.scale", [4, 8]), ("seed", [0, 1, 2]),
                ("dataset.part", [GivenSweep.half, GivenSweep.otherHalf]),
            ],
            [
                .of("denoising") { spec in
                    // At scale 8 only the first seed has values.
                    let scale = spec.integer("model.scale")
                    guard scale == 4 || spec.integer("seed") == 0 else { return [] }
                    let value = scale == 4 ? 1 + Double(spec.integer("seed")) : 10 + 2 * Double(spec.part)
                    return [MeasureRow(quantity: "psnr_gap_mean", value: value, n: 8)]
                }
            ])
        let all = try query(sweep) { $0.statistics = [.mean, .ci95] }
        // The places' means are 2 and 11, of six replicates and two.
        let average = try #require(
            Average([[1, 1, 2, 2, 3, 3], [10, 12]].map { $0.map { Replicate($0) } }, areShares: false))
        #expect(average.mean == 6.5)
        #expect(areClose(try numbers(all, "mean"), [6.5]))
        #expect(areClose(try numbers(all, "ci95_low"), [try #require(average.interval).low]))
        #expect(try column(all, "ci95_of") == [.text("2 to 6 replicates at each of 2 places")])
        #expect(try column(all, "places") == [.integer(2)] && column(all, "count") == [.integer(8)])
        // The note says over which key the mean goes.
        #expect(all.notes == ["averaged over model.scale: the mean of each place counts once"])
        // Parts are asked for by a key in which replicates differ too.
        let byPart = try query(sweep) {
            $0.groupBy = ["dataset.part"]
            $0.statistics = [.mean]
        }
        #expect(areClose(try numbers(byPart, "mean"), [(2 + 10) / 2, (2 + 12) / 2]))
        let oneScale = try WhereExpression("model.scale = 4")
        #expect(try query(sweep) { $0.filter = oneScale }.notes.isEmpty)
    }

    /// Held-out images have one share of copies for each subset, however many networks were trained on it.
    @Test func factsOfTheSubsetCountOnce() throws {
        let sweep = try GivenSweep(
            [("model.scale", [4, 8]), ("seed", [0, 1, 2]), ("dataset.subset_seed", [0, 1])],
            [
                .of("memorization") { spec in
                    let held = Double(spec.integer("dataset.subset_seed")) / 4
                    return [
                        MeasureRow(quantity: "gl_held_out", value: held, n: 256),
                        MeasureRow(quantity: "copied_held_out", value: held, n: 256),
                        MeasureRow(quantity: "copied", value: 0.5, n: 256),
                    ]
                }
            ])
        let table = try query(sweep) {
            $0.groupBy = ["model.scale"]
            $0.statistics = [.mean, .ci95, .count]
        }
        #expect(table.rows.count == 6)
        #expect(
            try column(table, "count") == [2, 2, 6, 2, 2, 6].map { .integer($0) })
        let student = try #require(ConfidenceInterval(ofTheMeanOf: [0, 0.25]))
        #expect(areClose([try numbers(table, "ci95_high")[0]], [student.high]))
        let shares = try #require(
            Average([[Replicate(0, n: 256), Replicate(0.25, n: 256)]], areShares: true)?.interval)
        #expect(areClose([try numbers(table, "ci95_high")[1]], [shares.high]))
        #expect(try column(table, "samples")[1] == .integer(512))
        // Over scales too these are two subsets, and no mean over places.
        let all = try query(sweep) {
            $0.measures = [MeasureSelection("memorization.gl_held_out")]
            $0.statistics = [.mean, .count]
        }
        #expect(all.columns == ["measure", "quantity", "mean", "count"])
        #expect(areClose(try numbers(all, "mean"), [0.125]) && all.rows[0].last == .integer(2))
    }

    /// Latents keyed by the seed make a fact of the subset a little different in each trial; the fact is their mean,
    /// counted once. Facts of subsets and of trials never lend each other their counts.
    @Test func factsOfTheSubsetAreAveragedOverDraws() throws {
        let sweep = try GivenSweep(
            [("model.scale", [4, 8]), ("seed", [0, 1, 2, 3]), ("dataset.subset_seed", [0, 1, 2])],
            [
                .of("memorization", version: 2) { spec in
                    let value = Double(spec.integer("dataset.subset_seed")) + Double(spec.integer("seed")) / 100
                    return ["gl_gaussian", "copy_auc_gaussian", "gl_score"].map {
                        MeasureRow(quantity: $0, value: value, n: 256)
                    }
                },
                .of("linearity") { spec in
                    ["ls", "gaussian_ls"].flatMap { quantity in
                        [0.5, 2].map {
                            MeasureRow(
                                quantity: quantity, sigma: $0, value: Double(spec.integer("seed")) / 100, n: 100)
                        }
                    }
                },
            ])
        let table = try query(sweep) {
            $0.groupBy = ["model.scale"]
            $0.statistics = [.mean, .ci95, .sd, .min, .count]
        }
        let facts = zip(try column(table, "quantity"), table.rows)
            .filter { ![.text("gl_score"), .text("ls")].contains($0.0) }.map(\.1)
        #expect(facts.count == 8)
        let student = try #require(ConfidenceInterval(ofTheMeanOf: [0.015, 1.015, 2.015]))
        func number(_ row: [ResultTable.Cell], _ name: String) throws -> Double {
            row[try #require(table.columns.firstIndex(of: name))].number ?? .nan
        }
        for row in facts where row.contains(.text("memorization")) {
            #expect(try abs(number(row, "mean") - 1.015) < 1e-9 && abs(number(row, "min") - 0.015) < 1e-9)
            #expect(abs(try number(row, "ci95_low") - student.low) < 1e-9)
            #expect(try number(row, "count") == 3 && abs(number(row, "sd") - 1) < 1e-9)
        }
        // Where the key of subsets is no axis there is one subset, and no interval of it.
        let one = try query(sweep) {
            $0.measures = [MeasureSelection("linearity.gaussian_ls")]
            $0.filter = try? WhereExpression("dataset.subset_seed = 1")
            $0.statistics = [.mean, .ci95, .count]
        }
        #expect(areClose(try numbers(one, "mean"), [0.015, 0.015]))
        #expect(try column(one, "count") == [.integer(1), .integer(1)] && column(one, "ci95_low") == [.null, .null])
        let all = try query(sweep) {
            $0.measures = [MeasureSelection("memorization.gl_score")]
            $0.statistics = [.count]
        }
        #expect(try column(all, "count") == [.integer(24)])
        // The figure's reference lines go by the same count.
        let figure = try SweepPoints(try sweep.reader, sweep: sweep.name).linearityFigure()
        let counts = figure.table.rows.map { [$0[1], $0[7]] }
        #expect(
            counts.filter { $0[0] == .text("Gaussian") } == [
                [.text("Gaussian"), .integer(3)], [.text("Gaussian"), .integer(3)],
            ])
        #expect(counts.count { $0[1] == .integer(12) } == 4)
    }

    /// Pairs of parts, of seeds and of sizes are three kinds of thing, and each says what it is.
    @Test func pairsOfOtherKindsAreNeverAveraged() throws {
        let sweep = try Self.pairs()
        let bySize = try query(sweep) {
            $0.measures = [MeasureSelection("agreement.cosine")]
            $0.groupBy = ["dataset.size"]
            $0.statistics = [.mean, .ci95, .count]
        }
        #expect(bySize.columns.prefix(4) == ["dataset.size", "differ_in", "measure", "version"])
        let found = zip(try column(bySize, "dataset.size"), try column(bySize, "differ_in")).map { [$0, $1] }
        #expect(
            Set(found) == [
                [.integer(16), .text("dataset.part")], [.integer(16), .text("seed")],
                [.integer(64), .text("dataset.part")], [.integer(64), .text("seed")],
                [.text("16, 64"), .text("dataset.size")],
            ])
        for (kind, mean) in zip(try column(bySize, "differ_in"), try numbers(bySize, "mean")) {
            #expect(abs(mean - (kind == .text("dataset.part") ? 0.88 : kind == .text("seed") ? 0.94 : 0.7)) < 1e-9)
        }
        // Three seeds in two parts: three pairs across parts; two clusters of three pairs across seeds.
        for (kind, words) in zip(try column(bySize, "differ_in"), try column(bySize, "ci95_of"))
        where kind != .text("dataset.size") {
            #expect(words == .text(kind == .text("seed") ? "2 replicates" : "3 replicates"))
        }
        // A pair of parts belongs to neither part.
        let byPart = try query(sweep) {
            $0.measures = [MeasureSelection("agreement.cosine")]
            $0.groupBy = ["dataset.part"]
        }
        let parts = zip(try column(byPart, "dataset.part"), try numbers(byPart, "mean"))
        for (part, mean) in parts where part == .text("0/2, 1/2") { #expect(abs(mean - 0.88) < 1e-9) }
        #expect(parts.contains { $0.0 == .text("0/2, 1/2") } && parts.contains { $0.0 == .text("1/2") })
    }

    @Test func aConditionHoldsOfAllThatAreCompared() throws {
        let table = try query(try Self.pairs()) {
            $0.measures = [MeasureSelection("agreement.cosine")]
            $0.filter = try? WhereExpression("seed = 0 and dataset.size = 16")
            $0.statistics = [.mean, .count]
        }
        #expect(try column(table, "differ_in") == [.text("dataset.part")])
        #expect(table.rows[0].last == .integer(1))
    }

    @Test func listsShowWhatPairsDifferIn() throws {
        let table = try query(try Self.pairs()) {
            $0.measures = [MeasureSelection("agreement.cosine")]
            $0.filter = try? WhereExpression("dataset.size = 16")
        }
        for (part, difference) in zip(try column(table, "dataset.part"), try column(table, "differ_in")) {
            #expect((part == .text("0/2, 1/2")) == (difference == .text("dataset.part")))
        }
        #expect(table.rows.count == 3 + 6)
    }

    /// The figure has a panel of its own for each kind, and each panel its own values.
    @Test func theFigureOfCosinesKeepsKindsApart() throws {
        let figure = try SweepPoints(try Self.pairs().reader, sweep: "given").cosinesFigure()
        #expect(
            figure.panels.map(\.title) == [
                "N = 16 each, other part", "N = 64 each, other part",
            ])
        for panel in figure.panels {
            #expect(areClose(panel.lines[0].points.map(\.y.mean), [0.88]) && panel.lines[0].points[0].y.replicates == 3)
        }
    }

    /// Pairs over parts are repeated over seeds, and no mean is over the parts.
    @Test func theCaptionOfCosinesSaysOverWhatIntervalsAre() throws {
        let figure = try SweepPoints(try Self.pairs().reader, sweep: "given").cosinesFigure()
        #expect(figure.caption[1].hasSuffix("Bands: 95 % intervals over seed.") && !figure.caption[0].contains("part"))
        #expect(!figure.caption[1].contains("are shown"))
        let rows = [MeasureRow(quantity: "cosine_histogram", position: 40, value: 0.5, n: 256)]
        let sizes = try GivenSweep(
            [
                ("dataset.size", [16, 32, 64, 128, 256, 512, 1024]),
                ("dataset.part", [GivenSweep.half, GivenSweep.otherHalf]),
            ], [.across("agreement", "dataset.part") { _ in rows }])
        let many = try SweepPoints(try sizes.reader, sweep: "given").cosinesFigure()
        #expect(many.panels.count == 6 && many.caption[1].contains(" 6 of 7 dataset sizes are shown."))
    }

    /// Cosines over two sizes, two parts and three seeds: .88 across parts, .94 across seeds, .7 across sizes.
    private static func pairs() throws -> GivenSweep {
        func rows(_ cosine: Double) -> ([GivenSweep.Spec]) -> [MeasureRow] {
            { _ in
                [
                    MeasureRow(quantity: "cosine", value: cosine, n: 256),
                    MeasureRow(quantity: "cosine_histogram", position: 40, value: cosine, n: 256),
                ]
            }
        }
        return try GivenSweep(
            [
                ("dataset.size", [16, 64]), ("dataset.part", [GivenSweep.half, GivenSweep.otherHalf]),
                ("seed", [0, 1, 2]),
            ],
            [
                .across("agreement", "dataset.part", rows: rows(0.88)), .across("agreement", "seed", rows: rows(0.94)),
                .across("agreement", "dataset.size", rows: rows(0.7)),
            ])
    }

    /// Values of two versions of numerics, or of a measure, stay two numbers, unless they are asked for together.
    @Test func versionsAndWorkersAreKeptApart() throws {
        let sweep = try GivenSweep(
            [("worker.numerics", [1, 2]), ("seed", [0, 1])],
            [
                .of("denoising") {
                    [MeasureRow(quantity: "slope", value: Double($0.integer("worker.numerics")), n: 8)]
                },
                .of("denoising", version: 2) { _ in [MeasureRow(quantity: "slope", value: 5, n: 8)] },
            ])
        let apart = try query(sweep) { $0.statistics = [.mean, .count] }
        #expect(try column(apart, "worker.numerics") == [1, 1, 2, 2].map { .integer($0) })
        #expect(areClose(try numbers(apart, "mean"), [1, 5, 2, 5]))
        let workers = try query(sweep) {
            $0.statistics = [.mean, .count]
            $0.mixes = [.workers]
        }
        #expect(areClose(try numbers(workers, "mean"), [1.5, 5]))
        #expect(try column(workers, "count") == [.integer(4), .integer(4)])
        let all = try query(sweep) {
            $0.statistics = [.mean, .count]
            $0.mixes = [.workers, .versions]
        }
        #expect(areClose(try numbers(all, "mean"), [3.25]))
        #expect(try column(all, "count") == [.integer(8)])
    }

    /// Side by side, each kind of pairs has rows of its own, and seeds that are in two pairs are no two replicates.
    @Test func sidesKeepKindsOfPairsApart() throws {
        let sweep = try Self.pairs()
        var request = SideBySide.Request(sweep.name, sweep.name)
        request.measures = [MeasureSelection("agreement.cosine")]
        let table = try SideBySide(try sweep.reader).run(request).table
        let found = zip(try column(table, "differ_in"), try numbers(table, "a"))
        #expect(Set(try column(table, "differ_in")) == [.text("dataset.part"), .text("seed"), .text("dataset.size")])
        for (kind, value) in found {
            #expect(abs(value - (kind == .text("dataset.part") ? 0.88 : kind == .text("seed") ? 0.94 : 0.7)) < 1e-9)
        }
    }

    @Test func sidesOfTwoNumericsAreRefused() throws {
        let sweep = try GivenSweep(
            [("worker.numerics", [1, 2]), ("seed", [0, 1])],
            [.of("denoising") { _ in [MeasureRow(quantity: "slope_training", value: 1, n: 8)] }])
        var request = SideBySide.Request(sweep.name, sweep.name)
        let error = #expect(throws: ReportError.self) { try SideBySide(try sweep.reader).run(request) }
        #expect(error?.message.contains("two versions of one's numerics") == true)
        request.filter = try WhereExpression("worker.numerics = 2")
        #expect(try SideBySide(try sweep.reader).run(request).table.rows.count == 1)
    }

    /// A declaration says which quantities are shares, wherever they are: a proxy's accuracy as well as copies.
    @Test func declaredSharesHaveTheIntervalOfShares() throws {
        let sweep = try GivenSweep(
            [("seed", [0, 1, 2])],
            [
                .of("mutual-information") { _ in
                    [
                        MeasureRow(quantity: "same_nearest", value: 1, n: 64),
                        MeasureRow(quantity: "output_distance", value: 1, n: 64),
                    ]
                }
            ])
        let table = try query(sweep) { $0.statistics = [.mean, .ci95] }
        let shares = try #require(
            Average([[1, 1, 1].map { Replicate($0, n: 64) }], areShares: true)?.interval)
        #expect(areClose(try numbers(table, "ci95_low"), [shares.low, 1]) && shares.low < 0.99)
        #expect(try column(table, "samples") == [.integer(192), .null])
    }

    @Test func soHasTheAccuracyOfAGuessOverParts() throws {
        let sweep = try GivenSweep(
            [("dataset.part", [GivenSweep.half, GivenSweep.otherHalf]), ("seed", [0, 1, 2])],
            [
                .across("subset-information", "dataset.part") { specs in
                    [MeasureRow(quantity: "accuracy", value: 0.75 + Double(specs[0].integer("seed")) / 8, n: 128)]
                }
            ])
        let table = try query(sweep) { $0.statistics = [.mean, .ci95] }
        let shares = try #require(
            Average([[0.75, 0.875, 1].map { Replicate($0, n: 128) }], areShares: true)?.interval)
        #expect(areClose(try numbers(table, "mean"), [0.875]) && shares.high <= 1)
        #expect(areClose(try numbers(table, "ci95_low"), [shares.low]))
        #expect(areClose(try numbers(table, "ci95_high"), [shares.high]))
    }

    /// Whether training mirrors images changes what the network sees, and not which images there are.
    @Test func augmentationMakesNoSubsetOfItsOwn() throws {
        let sweep = try GivenSweep(
            [("training.augment", [0, .number(0.12), .number(0.24)]), ("dataset.subset_seed", [0, 1])],
            [
                .of("memorization") { spec in
                    [
                        MeasureRow(
                            quantity: "gl_held_out", value: Double(spec.integer("dataset.subset_seed")), n: 256)
                    ]
                }
            ])
        let table = try query(sweep) { $0.statistics = [.mean, .count, .ci95] }
        let student = try #require(ConfidenceInterval(ofTheMeanOf: [0, 1]))
        #expect(try column(table, "count") == [.integer(2)])
        #expect(areClose(try numbers(table, "ci95_high"), [student.high]))
    }
}
