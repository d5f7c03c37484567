import JobContract
import SweepModel
import Testing

@testable import Reports
@testable import ResultCatalogue
@testable import ResultQueries

@Suite struct SideBySideTests {
    let scratch: Scratch
    let catalogue: Catalogue

    init() throws {
        scratch = try Scratch()
        catalogue = try Catalogue(path: scratch.catalogue)
    }

    /// Two sweeps over sizes and seeds that differ in their scale; `b` has one size more.
    private func sweeps() throws {
        let a = Fixture.sweep(name: "a", sizes: [16, 64], scales: [4], steps: [256], seeds: [0, 1])
        let b = Fixture.sweep(name: "b", sizes: [16, 64, 256], scales: [8], steps: [256], seeds: [0, 1])
        for sweep in [a, b] {
            try catalogue.store(sweep)
            for trial in sweep.trials {
                let spec = try #require(sweep.trainings[trial.training]).spec
                let seed = Double(spec["seed"]?.integerValue ?? 0)
                let number = try catalogue.reader.nextAttemptNumber()
                try catalogue.commit([
                    .attemptIntended(Fixture.attempt(number.value, [trial])),
                    .measured(
                        number,
                        Fixture.memorized(
                            trial, glScore: sweep.name == "a" ? 0.25 : 0.5 + seed / 8, copied: 0.5)),
                ])
            }
        }
    }

    @Test func sweepsArePairedByTheirSharedAxesAndTheSeed() throws {
        try sweeps()
        var request = SideBySide.Request("a", "b")
        request.measures = [MeasureSelection("memorization.gl_score"), MeasureSelection("memorization.copied")]
        let result = try SideBySide(catalogue.reader).run(request)
        #expect(
            result.table.columns == [
                "dataset.size", "measure", "quantity", "a", "b", "difference", "ci95_low", "ci95_high", "pairs",
                "equal",
            ])
        try #require(result.table.rows.count == 4)
        let row = result.table.rows[0]
        #expect(Array(row[0...2]) == [.integer(16), .text("memorization"), .text("gl_score")])
        // The differences are 0.25 and 0.375.
        #expect(Array(row[3...5]) == [.number(0.25), .number(0.5625), .number(0.3125)])
        let interval = try #require(ConfidenceInterval(ofTheMeanOf: [0.25, 0.375]))
        #expect(Array(row[6...]) == [.number(interval.low), .number(interval.high), .integer(2), .integer(0)])
        #expect(result.table.rows[1].last == .integer(2))
        #expect(
            result.notes == [
                "model.scale is 4 in a and 8 in b.", "4 of 12 values of b have no partner.",
            ])
    }

    @Test func workersArePairedOnTrialsEqualButForThem() throws {
        for (index, worker) in ["mine", "theirs"].enumerated() {
            var sweep = Fixture.sweep(name: worker, sizes: [16, 64], scales: [4], steps: [256])
            let pairs = sweep.trainings.values.map { training in
                var spec = training.spec
                spec["worker.name"] = .string(worker)
                return (training.id, Training(id: TrainingID(Fixture.digest(worker + training.id.hex)), spec: spec))
            }
            let renamed = Dictionary(uniqueKeysWithValues: pairs)
            sweep.trials = sweep.trials.map { trial in
                guard let training = renamed[trial.training] else { return trial }
                return Trial(
                    id: Fixture.trialID(training, steps: trial.steps), training: training.id, steps: trial.steps,
                    position: trial.position, asked: trial.asked)
            }
            sweep.datasets = Dictionary(
                uniqueKeysWithValues: sweep.datasets.compactMap { id, dataset in renamed[id].map { ($0.id, dataset) } })
            sweep.trainings = Dictionary(uniqueKeysWithValues: renamed.values.map { ($0.id, $0) })
            try catalogue.store(sweep)
            for (number, trial) in sweep.trials.enumerated() {
                let attempt = try catalogue.reader.nextAttemptNumber()
                try catalogue.commit([
                    .attemptIntended(Fixture.attempt(attempt.value, [trial])),
                    .measured(
                        attempt, Fixture.memorized(trial, glScore: number == 0 ? 0.5 : 0.5 + Double(index), copied: 1)),
                ])
            }
        }
        var request = SideBySide.Request("mine/1", "theirs/1")
        request.measures = [MeasureSelection("memorization.gl_score")]
        let table = try SideBySide(catalogue.reader).run(request).table
        #expect(table.rows.count == 2)
        #expect(table.rows.map { $0[5] } == [.number(0), .number(1)])
        #expect(table.rows.map { $0.last } == [.integer(1), .integer(0)])
    }

    /// Equal shares on both sides are no certainty: 256 samples tell differences of 1 or 2 hundredths at best.
    @Test func differencesOfSharesHaveAWidth() throws {
        try sweeps()
        var request = SideBySide.Request("a", "b")
        request.measures = [MeasureSelection("memorization.copied")]
        let table = try SideBySide(catalogue.reader).run(request).table
        let low = try #require(table.columns.firstIndex(of: "ci95_low"))
        let half = 1.959963984540054 * (4 * 0.25 / 258).squareRoot() / 2
        for row in table.rows {
            #expect(row[low - 1] == .number(0))
            #expect(abs((row[low].number ?? 0) + half) < 1e-6 && abs((row[low + 1].number ?? 0) - half) < 1e-6)
        }
    }

    @Test func unlikeSidesAreRefused() throws {
        try sweeps()
        for (a, b) in [("a", "c"), ("a", "eigensweep-worker/1")] {
            let error = #expect(throws: ReportError.self) {
                try SideBySide(catalogue.reader).run(SideBySide.Request(a, b))
            }
            #expect(error?.message.contains("a, b") == true)
        }
    }
}
