import Foundation
import JobContract
import ResultCatalogue
import SweepModel
import Testing

@testable import ResultQueries

/// Places of trials, and lists of them.
@Suite struct TrialListTests {
    @Test func aPlaceTellsWhatVaries() {
        let asked: [[String: JSONValue]] = [16, 256].flatMap { size in
            [8192, 65536].flatMap { images in
                [0, 1].map { seed in
                    [
                        "dataset.size": .integer(Int64(size)), "training.images": .integer(Int64(images)),
                        "seed": .integer(Int64(seed)), "model.scale": 8, "training.learning_rate": .number(0.001),
                    ]
                }
            }
        }
        let axes = PointAxes(asked)
        #expect(axes.text(asked[2]) == "N=16 65.5k images seed=0")
        #expect(axes.text(asked[2], withLength: false) == "N=16 seed=0")
        #expect(PointAxes(asked[..<1]).text(asked[0]) == "N=16 scale=8 learning_rate=0.001 8.19k images seed=0")
    }

    @Test func placesThatDifferLookDifferent() {
        let asked: [[String: JSONValue]] = [
            ["training.images": 65536, "dataset.part": ["index": 0, "of": 2]],
            ["training.images": 65540, "dataset.part": ["index": 1, "of": 2]],
            ["training.images": 1, "model.dropout": 0.1],
        ]
        let axes = PointAxes(asked)
        #expect(
            asked.map { axes.text($0) } == ["part=0/2 65536 images", "part=1/2 65540 images", "dropout=0.1 1 image"])
        let twice = PointAxes([["a.rate": 1, "b.rate": 2], ["a.rate": 2, "b.rate": 3]])
        #expect(twice.text(["a.rate": 1, "b.rate": 2]) == "a.rate=1 b.rate=2")
    }

    /// No axis hides from the places that are looked at, whatever the lengths of the axes.
    @Test func everyAxisOfALargeGridIsMet() {
        for (first, second, third) in [(1000, 100, 10), (2, 5000, 100), (1_000_000, 1, 1), (64, 125, 125)] {
            let places = CatalogueReader.spread(over: first * second * third - 1, most: 4096)
            #expect(places.allSatisfy { (0..<(first * second * third)).contains($0) })
            for (step, length) in [(second * third, first), (third, second), (1, third)] where length > 1 {
                #expect(Set(places.map { $0 / step % length }).count > 1)
            }
        }
    }

    /// More trials than are read at once. The last three have not been measured; of odd seeds half is copied.
    private func sweep() throws -> GivenSweep {
        try GivenSweep(
            [("dataset.size", [16, 64]), ("seed", (0..<160).map { .integer($0) })],
            [
                .of("memorization") { spec in
                    let seed = spec.integer("seed")
                    return [
                        MeasureRow(quantity: "copied", value: seed % 2 == 0 ? 0 : 0.5, n: 256),
                        MeasureRow(
                            quantity: "gl_score", value: Double(spec.integer("dataset.size")) + Double(seed) / 1000),
                    ]
                },
                .of("denoising") { spec in
                    [(0.502377, 1.0), (1.49979, -1.0)].map {
                        MeasureRow(
                            quantity: "wiener_gain_db", sigma: $0.0, value: $0.1 * Double(spec.integer("seed")), n: 4)
                    }
                },
            ])
    }

    @Test func conditionsGoByKeysMeasurementsAndStates() throws {
        let sweep = try sweep()
        func count(_ filter: String) throws -> Int {
            try list(sweep) { $0.filter = try WhereExpression(filter) }.count
        }
        #expect(try list(sweep) { _ in }.count == 320)
        #expect(try count("memorization.copied > 0.1") == 160)
        #expect(try count("memorization.copied > 0.1 && dataset.size = 64 && seed >= 158") == 1)
        #expect(try count("denoising.wiener_gain_db@0.5 > 100 or seed = 3") == 2 * 60)
        #expect(try count("state = succeeded") == 320)
        for wrong in [
            "nonsense = 1", "denoising.wiener_gain_db@7 > 0", "denoising.wiener_gain_db > 0", "state != bogus",
        ] {
            #expect(throws: WhereExpression.Failure.self) { try count(wrong) }
        }
    }

    @Test func columnsAreAddedAndSortedBy() throws {
        let sweep = try sweep()
        let best = try list(sweep) { request in
            request.shown = ["memorization.copied", "denoising.wiener_gain_db@0.5"]
            request.sort = [SortColumn("memorization.gl_score:desc")]
            request.limit = 2
        }
        #expect(
            best.map { $0.split(separator: ",").suffix(3).joined(separator: " ") } == [
                "0.5 159.0 64.159", "0.0 158.0 64.158",
            ])
        let whole = try list(sweep) { $0.shown = ["memorization"] }
        #expect(whole[1].hasSuffix(",16,1,0.5,16.001"), "a measure's quantities are columns: \(whole[1])")
        #expect(throws: ReportError.self) { try list(sweep) { $0.shown = ["denoising.wiener_gain_db"] } }
        #expect(throws: ReportError.self) { try list(sweep) { $0.shown = ["memorization.copid"] } }
    }

    @Test func aLimitReadsNoMoreThanItShows() throws {
        let first = try list(try sweep()) { $0.limit = 3 }
        #expect(first.count == 3)
        #expect(first[2].split(separator: ",")[1] == "N=16 seed=2")
        #expect(try list(try sweep()) { $0.limit = 0 }.isEmpty)
    }

    private func list(_ sweep: GivenSweep, _ make: (inout TrialListRequest) throws -> Void) throws -> [String] {
        var request = TrialListRequest(sweep: sweep.name)
        try make(&request)
        var bytes = [UInt8]()
        try TrialList(try sweep.reader, request).write(.csv) { bytes += $0 }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst().map(String.init)
    }
}
