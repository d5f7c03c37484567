import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

/// Measures over several trials in the catalogue.
@Suite struct SeveralTrialsTests {
    let scratch: Scratch
    let catalogue: Catalogue
    let sweep: ExpandedSweep
    let comparison: Comparison

    init() throws {
        scratch = try Scratch()
        catalogue = try Catalogue(path: scratch.catalogue)
        var sweep = Fixture.sweep(scales: [4], steps: [256], measures: [])
        let members = sweep.trials.map(\.id).sorted()
        let agreement = MeasureRequest(measure: "agreement", version: 1, parameters: ["samples": 8, "with": []])
        comparison = Comparison(trial: members[0], request: agreement.comparing(with: members.dropFirst()))
        sweep.comparisons = [comparison]
        self.sweep = sweep
        try catalogue.store(sweep)
    }

    private var reader: CatalogueReader { catalogue.reader }

    private var state: [String] {
        get throws { try RawDatabase.text("SELECT state FROM comparisons", at: scratch.catalogue) }
    }

    private func train() throws {
        for (number, trial) in sweep.trials.enumerated() {
            let attempt = AttemptNumber(number + 1)
            try catalogue.commit([
                .attemptIntended(Fixture.attempt(number + 1, [trial])),
                .milestone(trial.training, trial.id, attempt, Fixture.checkpoint(trial)),
                .attemptEnded(attempt, .succeeded), .trialState(trial.id, .succeeded, reason: nil),
            ])
        }
    }

    private func holdings() throws -> Holdings { try reader.holdings(of: sweep.trainings.keys) }

    @Test func itReadsBackAndKeepsItsSweepUnfinished() throws {
        #expect(try reader.sweep(named: sweep.name)?.comparisons == [comparison])
        try train()
        #expect(try state == ["waiting"])
        #expect(try reader.unfinishedSweeps() == [sweep.name])
        let graph = JobGraph(sweeps: [sweep], holdings: try holdings())
        #expect(graph.jobs.map(\.work.kind) == [.compare])
    }

    @Test func itIsRecordedOnceOfTheSmallestTrialWithItsMembers() throws {
        try train()
        let trial = try #require(sweep.trials.first { $0.id == comparison.trial })
        let measured = WorkerEvent.Measured(
            trial: trial.id, request: comparison.request, checkpoint: Fixture.digest("weights \(trial.id.hex) "),
            rows: [MeasureRow(quantity: "cosine", value: 0.5, n: 8)], artifacts: [], seconds: 1)
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(9, [trial], kind: .compare)), .measured(AttemptNumber(9), measured),
            .attemptEnded(AttemptNumber(9), .succeeded),
        ])
        #expect(try state == ["succeeded"])
        #expect(try reader.unfinishedSweeps() == [])
        #expect(JobGraph(sweeps: [sweep], holdings: try holdings()).jobs.isEmpty)
        let members = ([comparison.trial] + comparison.request.others).map { "\"\($0.hex)\"" }.joined(separator: ",")
        for view in ["measurements", "comparisons"] {
            #expect(
                try RawDatabase.text("SELECT members || parameters FROM \(view)", at: scratch.catalogue)
                    == ["[\(members)]{\"samples\":8}"])
        }
    }

    @Test func aFailedOneIsLeftAloneUntilItIsRetried() throws {
        try train()
        try catalogue.commit([.measureFailed(comparison.trial, comparison.request, reason: "other shapes")])
        #expect(try state == ["failed"])
        #expect(try reader.unfinishedSweeps() == [])
        let graph = JobGraph(sweeps: [sweep], holdings: try holdings())
        #expect(graph.jobs.isEmpty && graph.failedComparisons.count == 1)
        #expect(try catalogue.retry(sweep.trials.map(\.id), of: sweep.name) == 1)
        #expect(try state == ["waiting"])
    }

    @Test func nothingIsComparedWithATrialThatFailed() throws {
        try train()
        try catalogue.commit([.trialState(comparison.request.others[0], .failed, reason: "exit 1")])
        #expect(try state == ["cancelled"])
        #expect(JobGraph(sweeps: [sweep], holdings: try holdings()).jobs.isEmpty)
    }
}
