import Foundation
import JobContract
import Reports
import SweepModel
import Testing

@testable import ResultCatalogue

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

    /// Of 0.1, 0.2, 0.3, 0.4: 0.25 ± 3.18245 (t, 3 degrees of freedom) × sqrt(0.05 / 3) / 2.
    @Test func intervalsOfFewValuesAreStudents() throws {
        let table = try query.run(
            request {
                $0.sweep = "dataset-size"
                $0.measures = [MeasureSelection("memorization.gl_score")]
                $0.groupBy = ["dataset.size"]
                $0.statistics = [.ci95, .count]
            })
        #expect(table.columns == ["dataset.size", "measure", "quantity", "ci95_low", "ci95_high", "count"])
        let half = 3.182446305284263 * (0.05 / 3).squareRoot() / 2
        #expect(close(table.rows[0][3], 0.25 - half) && close(table.rows[0][4], 0.25 + half))
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
        #expect(throws: ReportError.self) { try query.run(request { $0.filter = filter }) }
    }

    @Test func sqlOfTheUsersOwn() throws {
        let table = try query.run(sql: "SELECT state, count(*) AS trials FROM trials GROUP BY state")
        #expect(table.columns == ["state", "trials"])
        #expect(table.rows == [[.text("waiting"), .integer(8)]])
        #expect(throws: CatalogueError.self) { try query.run(sql: "DELETE FROM trial") }
    }
}
