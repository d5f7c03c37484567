import Foundation
import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue
@testable import ResultQueries

@Suite struct QueryTests {
    let scratch: Scratch
    let query: Query

    /// Sizes 16 and 64, one scale, one length, seeds 0 to 3; GL scores 0.1 … 0.4 and 0.5, 0.6, 0.7 and NULL.
    init() throws {
        scratch = try Scratch()
        let catalogue = try Catalogue(path: scratch.catalogue)
        let sweep = Fixture.sweep(scales: [4], steps: [256], seeds: [0, 1, 2, 3])
        try catalogue.store(sweep)
        try catalogue.store(Fixture.sweep(name: "small", sizes: [16], scales: [4], steps: [256], seeds: [0]))
        for (index, trial) in sweep.trials.enumerated() {
            try catalogue.commit([
                .attemptIntended(Fixture.attempt(index + 1, [trial])),
                .measured(
                    AttemptNumber(index + 1),
                    Fixture.memorized(
                        trial, glScore: index == 7 ? .nan : Double(index + 1) / 10, copied: index < 4 ? 0.9 : 0)),
                .measured(AttemptNumber(index + 1), Fixture.distances(trial, scale: Double(index + 1))),
            ])
        }
        query = Query(try CatalogueReader(path: scratch.catalogue))
    }

    private func request(_ change: (inout QueryRequest) -> Void) -> QueryRequest {
        var request = QueryRequest()
        change(&request)
        return request
    }

    private func close(_ cell: ResultTable.Cell, _ value: Double) -> Bool {
        if case .number(let number) = cell { abs(number - value) < 1e-12 } else { false }
    }

    @Test func statisticsOfGroups() throws {
        let table = try query.run(
            request {
                $0.sweep = "dataset-size"
                $0.measures = [MeasureSelection("memorization.gl_score")]
                $0.groupBy = ["dataset.size"]
                $0.statistics = [.mean, .median, .sd, .min, .max, .count]
            })
        #expect(
            table.columns == ["dataset.size", "measure", "quantity", "mean", "median", "sd", "min", "max", "count"])
        try #require(table.rows.count == 2)
        // 0.1, 0.2, 0.3, 0.4: the sum of squares about 0.25 is 0.05, over 3.
        let first = table.rows[0]
        #expect(first[0] == .integer(16))
        for (cell, value) in zip(first[3...], [0.25, 0.25, (0.05 / 3).squareRoot(), 0.1, 0.4]) {
            #expect(close(cell, value))
        }
        #expect(first.last == .integer(4))
        // 0.5, 0.6, 0.7 and a NULL that does not count: squares about 0.6 sum to 0.02, over 2.
        let second = table.rows[1]
        #expect(second[0] == .integer(64))
        for (cell, value) in zip(second[3...], [0.6, 0.6, 0.1, 0.5, 0.7]) { #expect(close(cell, value)) }
        #expect(second.last == .integer(3))
    }

    @Test func filtersAndTheDefaultStatistics() throws {
        let table = try query.run(
            request {
                $0.measures = [MeasureSelection("memorization.copied")]
                $0.groupBy = ["training.images"]
                $0.filter = try? WhereExpression("dataset.size >= 64 and seed in (0, 1, 2)")
            })
        #expect(table.columns == ["training.images", "measure", "quantity", "mean", "count"])
        #expect(table.rows == [[.integer(8192), .text("memorization"), .text("copied"), .number(0), .integer(3)]])
    }

    @Test func aKeyMayBeGroupedByAndInTheCondition() throws {
        let table = try query.run(
            request {
                $0.measures = [MeasureSelection("memorization.copied")]
                $0.groupBy = ["dataset.size", "seed", "dataset.size"]
                $0.filter = try? WhereExpression("dataset.size = 16 and seed < 2 and dataset.size < 17")
                $0.statistics = [.count]
            })
        #expect(
            table.rows.map { Array($0[..<3]) } == [
                [.integer(16), .integer(0), .integer(16)], [.integer(16), .integer(1), .integer(16)],
            ])
    }

    /// Of 0.1, 0.2, 0.3, 0.4: 0.25 ± 3.18245 (t, 3 degrees of freedom) × sqrt(0.05 / 3) / 2.
    @Test func intervalsOfFewValuesAreStudents() throws {
        let table = try query.run(
            request {
                $0.sweep = "dataset-size"
                $0.measures = [MeasureSelection("memorization.gl_score")]
                $0.groupBy = ["dataset.size"]
                $0.statistics = [.ci95, .count]
            })
        #expect(table.columns == ["dataset.size", "measure", "quantity", "ci95_low", "ci95_high", "ci95_of", "count"])
        let half = 3.182446305284263 * (0.05 / 3).squareRoot() / 2
        #expect(close(table.rows[0][3], 0.25 - half) && close(table.rows[0][4], 0.25 + half))
    }

    @Test func sweepsAddUpAndATrialOfBothCountsOnce() throws {
        func values(_ sweep: String?, _ others: [String] = []) throws -> Set<[ResultTable.Cell]> {
            let table = try query.run(
                request {
                    $0.sweep = sweep
                    $0.otherSweeps = others
                    $0.measures = [
                        MeasureSelection("memorization.gl_score"), MeasureSelection("gaussian-distance.rmse"),
                    ]
                })
            let shown = table.rows.map { row in [row[0]] + row.suffix(3) }
            #expect(Set(shown).count == shown.count, "nothing is listed twice")
            return Set(shown)
        }
        let (one, other) = (try values("dataset-size"), try values("small"))
        #expect(!one.isEmpty && !other.isEmpty)
        #expect(try values("dataset-size", ["small"]) == one.union(other))
        #expect(try values("dataset-size", ["dataset-size"]) == one)
        #expect(throws: ReportError.self) { try values("dataset-size", ["none"]) }
    }

    @Test func theNearestNoiseLevelIsTaken() throws {
        let table = try query.run(
            request {
                $0.sweep = "small"
                $0.measures = [MeasureSelection("gaussian-distance.rmse")]
                $0.sigmas = [1.5, 79]
            })
        #expect(table.columns == ["trial_id", "measure", "quantity", "sigma", "value", "n", "stderr"])
        #expect(table.rows.map { Array($0[3...4]) } == [[.number(80), .number(1)], [.number(1.5017), .number(2)]])
        let error = #expect(throws: ReportError.self) {
            try query.run(
                request {
                    $0.measures = [MeasureSelection("gaussian-distance.rmse")]
                    $0.sigmas = [1.4]
                })
        }
        #expect(error?.message.contains("0.002, 1.5017, 80.0") == true)
    }

    @Test func listsHaveARowPerMeasurementAndItsAxes() throws {
        let table = try query.run(
            request {
                $0.sweep = "dataset-size"
                $0.measures = [MeasureSelection("memorization.gl_score"), MeasureSelection("memorization.copied")]
            })
        #expect(
            table.columns == ["trial_id", "dataset.size", "seed", "measure", "quantity", "value", "n", "stderr"])
        #expect(table.rows.count == 16)
        #expect(
            Array(table.rows[0][1...]) == [
                .integer(16), .integer(0), .text("memorization"), .text("gl_score"), .number(0.1), .integer(256),
                .number(0.01),
            ])
        #expect(table.rows[14][5] == .null)
    }

    @Test func groupsNeverMixParameters() throws {
        let catalogue = try Catalogue(path: scratch.catalogue)
        let trial = Fixture.sweep(scales: [4], steps: [256], seeds: [0]).trials[0]
        var other = Fixture.memorized(trial, glScore: 0.9, copied: 1)
        other.request.parameters["samples"] = 64
        try catalogue.commit([.measured(AttemptNumber(1), other)])
        let table = try query.run(
            request {
                $0.measures = [MeasureSelection("memorization.gl_score")]
                $0.statistics = [.count]
            })
        #expect(table.columns == ["measure", "version", "parameters", "quantity", "count"])
        #expect(
            table.rows.map(\.last) == [.integer(7), .integer(1)]
                || table.rows.map(\.last) == [.integer(1), .integer(7)])
    }

    @Test(arguments: [
        ("nothing", "", "", "dataset-size, small"), ("", "linearity", "", "gaussian-distance, memorization"),
        ("", "memorization.gl", "", "copied, copy_auc, gl_held_out"), ("", "", "dataset.sise", "dataset.size"),
    ])
    func unknownNamesAreAnsweredWithTheKnown(_ sweep: String, _ measure: String, _ key: String, _ answer: String) {
        let asked = request {
            $0.sweep = sweep.isEmpty ? nil : sweep
            $0.measures = measure.isEmpty ? [] : [MeasureSelection(measure)]
            $0.groupBy = key.isEmpty ? [] : [key]
        }
        let error = #expect(throws: ReportError.self) { try query.run(asked) }
        #expect(error?.message.contains(answer) == true)
    }

    @Test func filtersOverUnknownKeysAreRefused() throws {
        let filter = try WhereExpression("dataset.sise > 3")
        let error = #expect(throws: WhereExpression.Failure.self) { try query.run(request { $0.filter = filter }) }
        #expect(error?.position == 0 && error?.message.contains("dataset.size") == true)
    }

    /// Four times 0.9 of 256 samples, and four times none.
    @Test func intervalsOfSharesAreThoseOfAverages() throws {
        let table = try query.run(
            request {
                $0.sweep = "dataset-size"
                $0.measures = [MeasureSelection("memorization.copied")]
                $0.groupBy = ["dataset.size"]
                $0.statistics = [.ci95]
            })
        #expect(
            table.columns == [
                "dataset.size", "measure", "quantity", "ci95_low", "ci95_high", "ci95_of", "count", "samples",
            ])
        for (row, share) in zip(table.rows, [0.9, 0]) {
            let replicates = [Replicate](repeating: Replicate(share, n: 256), count: 4)
            let average = try #require(Average([replicates], areShares: true))
            #expect(Array(row[3...]) == average.intervalCells + [.integer(4), .integer(1024)])
        }
    }

    /// Trial 0 has 0.01 · (1, 2, 3) at σ = 80, 1.5017 and 0.002: half way between the last two over ln σ it is 0.025.
    @Test func betweenLevelsALineOverTheLogarithm() throws {
        let middle = (1.5017 * 0.002).squareRoot()
        let asked = request {
            $0.sweep = "small"
            $0.measures = [MeasureSelection("gaussian-distance.rmse")]
            $0.sigmas = [middle, 80]
            $0.interpolates = true
        }
        let table = try query.run(asked)
        #expect(table.rows.map { $0[3] } == [.number(80), .number(middle)])
        #expect(close(table.rows[0][4], 1) && close(table.rows[1][4], 2.5))
        var outside = asked
        outside.sigmas = [100]
        #expect(throws: ReportError.self) { try query.run(outside) }
        outside.sigmas = [middle]
        outside.interpolates = false
        let error = #expect(throws: ReportError.self) { try query.run(outside) }
        #expect(error?.message.contains("--interpolate") == true)
    }

    @Test func anAxisBecomesColumns() throws {
        var asked = request {
            $0.sweep = "dataset-size"
            $0.measures = [MeasureSelection("memorization.copied"), MeasureSelection("memorization.copy_auc")]
            $0.columnsBy = "dataset.size"
            $0.statistics = [.mean]
        }
        let table = try query.run(asked)
        #expect(table.columns == ["measure", "quantity", "dataset.size=16", "dataset.size=64", "least_count"])
        #expect(
            table.rows == [
                [.text("memorization"), .text("copied"), .number(0.9), .number(0), .integer(4)],
                [.text("memorization"), .text("copy_auc"), .number(0.5), .number(0.5), .integer(4)],
            ])
        asked.statistics = [.min, .max]
        #expect(try query.run(asked).columns[2...3] == ["min dataset.size=16", "min dataset.size=64"])
        asked.columnsBy = "dataset.sise"
        #expect(throws: ReportError.self) { try query.run(asked) }
    }

    @Test func sortedAndCutOff() throws {
        var asked = request {
            $0.sweep = "dataset-size"
            $0.measures = [MeasureSelection("memorization.gl_score")]
            $0.sort = [SortColumn("dataset.size"), SortColumn("value:desc")]
            $0.limit = 5
        }
        let values = try query.run(asked).rows.map { $0[5] }
        #expect(values == [.number(0.4), .number(0.3), .number(0.2), .number(0.1), .number(0.7)])
        asked.limit = nil
        #expect(try query.run(asked).rows.last?[5] == .null)
        asked.sort = [SortColumn("valu")]
        let error = #expect(throws: ReportError.self) { try query.run(asked) }
        #expect(error?.message.contains("value") == true)
        asked.sort = []
        asked.limit = 3
        #expect(try query.run(asked).rows.count == 3)
    }

    /// Written row by row, the table is as it is when written at once, except that no column is left out.
    @Test(arguments: [OutputFormat.csv, .json, .ndjson])
    func listsAreWrittenAsTheyAreRead(_ format: OutputFormat) throws {
        let asked = request { $0.sweep = "dataset-size" }
        var written = [UInt8]()
        _ = try query.write(asked, format) { written.append(contentsOf: $0) }
        let table = try query.run(asked)
        let text = String(decoding: written, as: UTF8.self)
        #expect(!table.columns.contains("position"))
        if format == .csv {
            #expect(text.split(separator: "\n").count == table.rows.count + 1)
            #expect(text.hasPrefix("trial_id,dataset.size,seed,measure,quantity,sigma,position,value,n,stderr\n"))
            #expect(text.contains(",16,0,memorization,gl_score,,,0.1,256,0.01\n"))
        } else if format == .ndjson {
            let whole = table.render(.ndjson).split(separator: "\n")
            let lines = text.replacing("\"position\":null,", with: "").split(separator: "\n")
            #expect(lines == whole)
        } else {
            let value = try JSONDecoder().decode(JSONValue.self, from: Data(written))
            #expect(value.objectValue?["rows"]?.arrayValue?.count == table.rows.count)
        }
    }

    @Test func sqlIsWrittenAsItIsReadAndHasATimeLimit() throws {
        var written = [UInt8]()
        try query.write(sql: "SELECT 1 AS a, 'x,y' AS b, NULL, 0.5, x'00'", seconds: 60, .csv) {
            written.append(contentsOf: $0)
        }
        #expect(String(decoding: written, as: UTF8.self) == "a,b,NULL,0.5,x'00'\n1,\"x,y\",,0.5,1 bytes\n")
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        let error = #expect(throws: CatalogueError.self) { try query.run(sql: endless, seconds: 0.05) }
        #expect(error?.kind == .query && error?.message.contains("--time-limit") == true)
        #expect(try query.run(sql: "SELECT 1", seconds: 60).rows == [[.integer(1)]])
    }

    @Test func faultsInSQLAreShownAtTheirPlace() throws {
        let error = #expect(throws: CatalogueError.self) {
            try query.run(sql: "SELECT trial_id,\n  valu FROM measurements", seconds: 60)
        }
        #expect(error?.message.hasSuffix("no such column: valu\n    valu FROM measurements\n    ^") == true)
    }

    @Test func sqlOfTheUsersOwn() throws {
        let table = try query.run(
            sql: "SELECT state, count(*) AS trials FROM trials GROUP BY state", seconds: 60)
        #expect(table.columns == ["state", "trials"])
        #expect(table.rows == [[.text("waiting"), .integer(8)]])
        #expect(throws: CatalogueError.self) { try query.run(sql: "DELETE FROM trial", seconds: 60) }
    }
}
