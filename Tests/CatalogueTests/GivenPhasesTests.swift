import Foundation
import JobContract
import SweepModel
import Testing

@testable import Reports
@testable import ResultCatalogue
@testable import ResultQueries

/// What sentences and figures say of values that are given for each trial: phases, contours, the boundary's law.
@Suite struct GivenPhasesTests {
    private typealias Spec = GivenSweep.Spec

    private func gains(_ training: Double, _ heldOut: Double, at sigma: Double) -> [MeasureRow] {
        [
            MeasureRow(quantity: "training_gain_db", sigma: sigma, value: training, n: 64),
            MeasureRow(quantity: "wiener_gain_db", sigma: sigma, value: heldOut, n: 64),
        ]
    }

    private func copies(_ share: Double, _ area: Double? = nil) -> [MeasureRow] {
        [MeasureRow(quantity: "copied", value: share, n: 256)]
            + (area.map { [MeasureRow(quantity: "copy_auc", value: $0, n: 256)] } ?? [])
    }

    /// Each dataset size has one of the phases. Gains count after the mean over seeds, and at the worse of two levels.
    @Test func eachPhaseByItsDefinition() throws {
        let sweep = try GivenSweep(
            [("dataset.size", [16, 32, 64, 128, 256]), ("seed", [0, 1])],
            [
                .of("memorization") { spec in
                    let seed = Double(spec.integer("seed"))
                    // At 16 images 0.4 and 0.7 are copies, on average 0.55, whatever the gains.
                    return self.copies(spec.integer("dataset.size") == 16 ? 0.4 + 0.3 * seed : 0.25)
                },
                .of("denoising") { spec in
                    let sign = spec.integer("seed") == 0 ? 1.0 : -1
                    return switch spec.integer("dataset.size") {
                    case 16: self.gains(-1, -1, at: 0.5) + self.gains(-1, -1, at: 1.5)
                    // The gain is above at one level only.
                    case 32: self.gains(2, 2, at: 0.5) + self.gains(-0.1, 2, at: 1.5)
                    case 64: self.gains(2, -0.1, at: 0.5) + self.gains(2, 3, at: 1.5)
                    // Each seed's gain is below at one level; their means are 0.2.
                    case 128:
                        self.gains(0.2 + sign, 0.2 - sign, at: 0.5) + self.gains(0.2 - sign, 0.2 + sign, at: 1.5)
                    default: []
                    }
                },
            ])
        let points = try SweepPoints(try sweep.reader, sweep: sweep.name)
        let map = try PhaseMap(points)
        #expect(map.cells.map(\.point.size) == [16, 32, 64, 128, 256])
        #expect(
            map.cells.map(\.phase) == [.memorizing, .undertrained, .overfitted, .generalizing, .notMemorizing])
        let gain = try #require(map.cells[3].gain)
        #expect(abs(gain - 0.2) < 1e-12 && abs((map.cells[2].gain ?? 0) + 0.1) < 1e-12)
        #expect(
            map.sentences.first == """
                Of 5 places on the map 1 is undertrained, 1 is overfitted, 1 is generalizing, 1 is not memorizing, 1 is \
                memorizing. Of 1 no more is told, for want of training_gain_db of the measure denoising at σ ≈ 0.5 and 1.5.
                """)
        let table = PhaseMapFigure(map, byLength: false).table
        let phase = try #require(table.columns.firstIndex(of: "phase"))
        #expect(
            table.rows.map { $0[phase].text } == [
                "memorizing", "undertrained", "overfitted", "generalizing", "not memorizing",
            ])
        let findings = try Findings(try sweep.reader, sweep: sweep.name, store: sweep.scratch.path)
        #expect(findings.sentences.contains(map.sentences[0]))
    }

    /// Without the gain on held-out images, or with it at only one of the two levels, nobody knows whether a network
    /// generalizes: the other level might be worse.
    @Test(arguments: ["none", "one level"]) func withoutAGainNothingGeneralizes(_ what: String) throws {
        let sweep = try GivenSweep(
            [("dataset.size", [16, 32])],
            [
                .of("memorization") { _ in self.copies(0.1) },
                .of("denoising") { spec in
                    let both = self.gains(1, 1, at: 0.5) + self.gains(1, 1, at: 1.5)
                    guard spec.integer("dataset.size") == 32 else { return both }
                    return both.filter {
                        $0.quantity == "training_gain_db" || what == "one level" && $0.sigma == 0.5
                    }
                },
            ])
        let map = try PhaseMap(try SweepPoints(try sweep.reader, sweep: sweep.name))
        #expect(map.cells.map(\.phase) == [.generalizing, .notMemorizing] && map.cells[1].gain == nil)
        #expect(
            map.sentences.first?.hasSuffix(
                "Of 1 no more is told, for want of wiener_gain_db of the measure denoising at σ ≈ 0.5 and 1.5.") == true
        )
    }

    /// Parts are replicates, and a learning rate is a place: neither makes a row of its own, nor the smallest count.
    @Test func aPlaceHasTheMeanOfAllThatLieOnIt() throws {
        let sweep = try GivenSweep(
            [
                ("dataset.size", [16, 64]), ("training.learning_rate", [.number(0.001), .number(0.002)]),
                ("dataset.part", [GivenSweep.half, GivenSweep.otherHalf]), ("seed", [0, 1, 2]),
            ],
            [
                .of("memorization") { _ in self.copies(0.125) },
                .of("denoising") { spec in
                    let gain = spec.part == 0 ? 1.0 : -0.2
                    return self.gains(gain, gain, at: 0.5) + self.gains(gain, gain, at: 1.5)
                },
            ])
        let points = try SweepPoints(try sweep.reader, sweep: sweep.name)
        let map = try PhaseMap(points)
        #expect(map.cells.count == 2 && map.cells.allSatisfy { $0.phase == .generalizing })
        #expect(map.cells.allSatisfy { abs(($0.gain ?? 0) - 0.4) < 1e-12 && $0.copied.places == 2 })
        #expect(
            points.averageSentence
                == "What is said of a place is the mean over training.learning_rate of the means over seed, dataset.part."
        )
        let findings = try Findings(try sweep.reader, sweep: sweep.name, store: sweep.scratch.path)
        #expect(findings.sentences.first == points.averageSentence)
    }

    /// One part is all copies until 64 images, the other until 16. The contour lies between these in log N, and runs from
    /// size to size, not from part to part.
    @Test func contoursRunOverSizes() throws {
        let sweep = try GivenSweep(
            [
                ("dataset.size", [8, 16, 32, 64, 128]), ("dataset.part", [GivenSweep.half, GivenSweep.otherHalf]),
            ],
            [
                .of("memorization") { spec in
                    let x = log(Double(spec.integer("dataset.size")))
                    let middle = log(spec.part == 0 ? 64.0 : 16)
                    return self.copies(1 / (1 + exp(-4 * (middle - x))), spec.part == 0 ? 1 - x / 50 : 1 - x / 25)
                }
            ])
        let map = try PhaseMap(try SweepPoints(try sweep.reader, sweep: sweep.name))
        #expect(map.copiedHalf.count == 1 && map.copyAUC.count == 1)
        let half = try #require(map.copiedHalf[0].size)
        #expect(abs(half - 32) < 0.5)
        #expect(map.copiedHalf[0].basis == "2 replicates")
        // copy_auc = 0.95 at log N = 2.5 and 1.25: the second is before the first size.
        #expect(map.copyAUC[0].size == nil && map.copyAUC[0].lines == (1, 2, 0))
    }

    /// The contour of copy_auc passes no place that is undertrained; a dip below does not end it.
    @Test(arguments: [false, true])
    func nearnessIsNotDrawnThroughUndertrainedPlaces(_ isUndertrained: Bool) throws {
        let areas = [16: 1.0, 32: 0.94, 64: 0.97, 128: 0.93]
        let sweep = try GivenSweep(
            [("dataset.size", [16, 32, 64, 128]), ("seed", [0, 1])],
            [
                .of("memorization") { self.copies(0, areas[$0.integer("dataset.size")] ?? 0) },
                .of("denoising") { spec in
                    let gain = isUndertrained && spec.integer("dataset.size") == 128 ? -1.0 : 1
                    return self.gains(gain, gain, at: 0.5) + self.gains(gain, gain, at: 1.5)
                },
            ])
        let map = try PhaseMap(try SweepPoints(try sweep.reader, sweep: sweep.name))
        let contour = try #require(map.copyAUC.first)
        if isUndertrained {
            #expect(contour.size == nil)
        } else {
            // Half way from 64 to 128 over log N.
            #expect(abs(try #require(contour.size) - 64 * 2.0.squareRoot()) < 1e-9)
        }
    }

    /// The map by scale shows the longest training of each, and speaks of what it shows alone.
    @Test func aMapSpeaksOfItsOwnPlaces() throws {
        let sweep = try GivenSweep(
            [("dataset.size", [16, 64]), ("model.scale", [4, 8]), ("training.steps", [128, 256])],
            [
                .of("memorization") { spec in
                    self.copies(spec.integer("training.steps") == 256 && spec.integer("dataset.size") == 16 ? 0.9 : 0.1)
                }
            ])
        let map = try PhaseMap(try SweepPoints(try sweep.reader, sweep: sweep.name))
        #expect(map.missingWords?.hasPrefix("Of 6 no more is told") == true)
        #expect(PhaseMapFigure(map, byLength: false).script.contains("Of 2 no more is told"))
        #expect(PhaseMapFigure(map, byLength: true).script.contains("Of 3 no more is told"))
    }

    // MARK: The law

    /// A sweep with N* = 64 (steps/256)^c (P/6400)^b, exponents and N* a little odd in each seed; `at` is where copying
    /// really ends.
    private func law(
        _ exponents: (b: Double, c: Double), _ at: @escaping (_ scale: Int, _ steps: Int, _ law: Double) -> Double
    ) throws -> BoundaryLaw {
        let sweep = try GivenSweep(
            [
                ("dataset.size", [16, 32, 64, 128, 256]), ("model.scale", [4, 8, 16]),
                ("training.steps", [128, 256, 512]), ("seed", [0, 1, 2, 3]),
            ],
            [
                .of("memorization") { spec in
                    let (scale, steps) = (spec.integer("model.scale"), spec.integer("training.steps"))
                    let odd = [0.1, -0.1, 0.05, -0.05][spec.integer("seed")]
                    let law =
                        log(64) + odd + (1 + odd)
                        * (exponents.b * log(Double(scale * scale) / 64) + exponents.c * log(Double(steps) / 256))
                    let share = 1 / (1 + exp(-3 * (at(scale, steps, law) - log(Double(spec.integer("dataset.size"))))))
                    return self.copies(share)
                }
            ])
        return try BoundaryLaw(try SweepPoints(try sweep.reader, sweep: sweep.name))
    }

    @Test func anExponentRestsOnTheScaleThatFlips() throws {
        let law = try law((0, 0.5)) { scale, _, law in scale == 4 ? law : 20 }
        let length = try #require(law.ofLength)
        #expect(abs(length.value - 0.5) < 0.03 && law.ofParameters == nil && length.strata.map(\.value) == [4])
        let interval = try #require(length.interval)
        #expect(interval.low < 0.5 && interval.high > 0.5)
        let sentence = try #require(law.sentences.first)
        #expect(sentence.contains("from 12 of 36 rows: scale 4") && sentence.contains("beyond the largest in 24"))
        #expect(sentence.contains("The exponent of P is not determined"))
    }

    @Test func anExponentRestsOnTheLengthThatFlips() throws {
        let law = try law((0.4, 0)) { _, steps, law in steps == 256 ? law : -20 }
        let parameters = try #require(law.ofParameters)
        #expect(abs(parameters.value - 0.4) < 0.03 && law.ofLength == nil)
        let sentence = try #require(law.sentences.first)
        #expect(sentence.contains("P^0.4") && sentence.contains("from 12 of 36 rows: length 256 steps"))
        #expect(sentence.contains("The exponent of the length is not determined"))
        // The figure draws the law only where it rests on rows, and says what it knows of each row.
        let table = BoundaryLawFigure(law: law).table
        #expect(table.rows.count == 36)
        let kind = try #require(table.columns.firstIndex(of: "is"))
        let size = try #require(table.columns.firstIndex(of: "law"))
        #expect(table.rows.count { $0[kind] == .text("below") } == 24)
        #expect(table.rows.allSatisfy { ($0[kind] == .text("at")) == ($0[size] != .null) })
    }

    /// One flip at one scale and one at another determine neither exponent.
    @Test func withoutTwoOfAKindNothingIsDetermined() throws {
        let law = try law((0, 0)) { scale, steps, law in
            (scale, steps) == (4, 128) || (scale, steps) == (16, 512) ? law : 20
        }
        #expect(law.ofLength == nil && law.ofParameters == nil && law.inside.count == 8)
        #expect(law.sentences.first?.contains("not determined") == true)
    }

    /// While a sweep runs some rows have few sizes, which tell nothing of where copying ends.
    @Test func rowsThatLackSizesAreNotBeyond() throws {
        let sweep = try GivenSweep(
            [("dataset.size", [16, 64, 256]), ("seed", [0, 1, 2])],
            [
                .of("memorization") { spec in
                    let size = spec.integer("dataset.size")
                    // The first seed has every size, the second the smallest alone, the third the largest.
                    guard [size, 16, 256][spec.integer("seed")] == size else { return [] }
                    return self.copies(size == 16 ? 0.9 : size == 64 ? 0.5 : 0.1)
                }
            ])
        let points = try SweepPoints(try sweep.reader, sweep: sweep.name)
        let sentence = try #require(try BoundaryLaw(points).sentences.first)
        #expect(sentence.contains("within the sizes swept in 1 of 3 rows"))
        #expect(sentence.contains("; 2 not measured at every size do not tell yet"))
        #expect(!sentence.contains("beyond the largest") && !sentence.contains("before the smallest"))
        let contour = try PhaseMap(points).sentences
        #expect(
            contour.contains { $0.contains("in 1 of 3 replicates only (2 of the others not measured at every size)") })
    }

    /// With both exponents known each learning rate still has its own N*.
    @Test func theLawHasAnInterceptForEachOfTheOtherAxes() throws {
        let sweep = try GivenSweep(
            [
                ("dataset.size", [8, 32, 128, 512, 2048]), ("model.scale", [4, 8]), ("training.steps", [128, 512]),
                ("training.learning_rate", [.number(0.001), .number(0.002)]), ("seed", [0, 1, 2, 3]),
            ],
            [
                .of("memorization") { spec in
                    let (scale, steps) = (Double(spec.integer("model.scale")), Double(spec.integer("training.steps")))
                    let rate = spec["training.learning_rate"]?.doubleValue == 0.001 ? 40.0 : 130
                    let middle =
                        log(rate) + 0.3 * log(scale * scale / 16) + 0.5 * log(steps / 128)
                        + [0.1, -0.1, 0.05, -0.05][spec.integer("seed")]
                    return self.copies(1 / (1 + exp(-3 * (middle - log(Double(spec.integer("dataset.size")))))))
                }
            ])
        let law = try BoundaryLaw(try SweepPoints(try sweep.reader, sweep: sweep.name))
        #expect(law.ofParameters != nil && law.ofLength != nil)
        let sizes = law.rows.filter { $0.scale == 4 && $0.length == 128 }.compactMap(law.size(of:))
        #expect(sizes.count == 8)
        #expect(Set(sizes.map { $0 < 70 ? 40 : 130 }).count == 2)
        #expect(sizes.allSatisfy { abs(log($0 / ($0 < 70 ? 40 : 130))) < 0.05 })
    }

    /// Shares that rise with the size are rows as well, and change no exponent.
    @Test func rowsThatRiseAreCounted() throws {
        let rising = try rising()
        #expect(rising.rows.count == 36 && rising.rows.count { $0.boundary == .rises } == 12)
        #expect(abs(try #require(rising.ofLength).value - 0.8) < 0.03)
        let sentence = try #require(rising.sentences.first)
        #expect(sentence.contains("24 of 36 rows") && sentence.contains("in 12 the share copied rises"))
        let table = BoundaryLawFigure(law: rising).table
        #expect(table.rows.count == 36 && table.rows.count { $0.contains(.text("rises")) } == 12)
    }

    private func rising() throws -> BoundaryLaw {
        let sweep = try GivenSweep(
            [
                ("dataset.size", [16, 32, 64, 128, 256]), ("model.scale", [4, 8, 16]),
                ("training.steps", [128, 256, 512]), ("seed", [0, 1, 2, 3]),
            ],
            [
                .of("memorization") { spec in
                    let (size, scale) = (spec.integer("dataset.size"), spec.integer("model.scale"))
                    let middle =
                        log(40 * pow(Double(spec.integer("training.steps")) / 256, 0.8) * pow(Double(scale) / 4, 0.4))
                        + [0.1, -0.1, 0.05, -0.05][spec.integer("seed")]
                    return self.copies(
                        scale == 16 ? (size < 256 ? 0.2 : 0.6) : 1 / (1 + exp(-3 * (middle - log(Double(size))))))
                }
            ])
        return try BoundaryLaw(try SweepPoints(try sweep.reader, sweep: sweep.name))
    }
}
