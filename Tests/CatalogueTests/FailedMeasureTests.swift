import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

/// What the catalogue says of a trial that lacks a measure, and what is left to do.
@Suite struct FailedMeasureTests {
    let scratch: Scratch
    let catalogue: Catalogue
    let sweep = Fixture.sweep(sizes: [16], scales: [4], steps: [256])
    var trial: Trial { sweep.trials[0] }

    init() throws {
        scratch = try Scratch()
        catalogue = try Catalogue(path: scratch.catalogue)
        try catalogue.store(sweep)
        let attempts = [AttemptNumber(1), AttemptNumber(2)]
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, [trial])),
            .milestone(trial.training, trial.id, attempts[0], Fixture.checkpoint(trial)),
            .attemptEnded(attempts[0], .succeeded),
            .attemptIntended(Fixture.attempt(2, [trial], kind: .measure)),
            .measured(attempts[1], Fixture.memorized(trial, glScore: 0.5, copied: 0)),
            .measureFailed(trial.id, Fixture.gaussian, reason: "no held-out images"),
            .attemptEnded(attempts[1], .succeeded),
            .trialState(trial.id, .failed, reason: nil),
        ])
    }

    private var state: [String] {
        get throws {
            try RawDatabase.text("SELECT state || ' ' || coalesce(reason, '') FROM trials", at: scratch.catalogue)
        }
    }

    private func seen(by sweep: String) throws -> TrialState? {
        try catalogue.reader.trialStates(of: sweep).first { $0.trial == trial.id }?.state
    }

    private func graph(_ sweep: ExpandedSweep) throws -> JobGraph {
        JobGraph(sweeps: [sweep], holdings: try catalogue.reader.holdings(of: sweep.trainings.keys))
    }

    private func measures(_ graph: JobGraph) -> [String] {
        graph.jobs.flatMap { job in
            if case .measure(_, _, let measures) = job.work { measures.map(\.measure) } else { ["train"] }
        }
    }

    @Test func whatIsMissingIsSaid() throws {
        #expect(try state == ["failed gaussian-distance is missing: no held-out images"])
        #expect(
            try RawDatabase.text("SELECT measure || ': ' || reason FROM missing_measures", at: scratch.catalogue)
                == ["gaussian-distance: no held-out images"])
        #expect(
            try catalogue.reader.failures(of: sweep.name).map(\.reason)
                == ["gaussian-distance is missing: no held-out images"])
        let graph = try graph(sweep)
        #expect(graph.jobs.isEmpty && graph.settled.isEmpty)
        #expect(graph.failedMeasures[trial.id] == [Fixture.gaussian: "no held-out images"])
    }

    @Test func retryTakesItAlone() throws {
        #expect(try catalogue.retry([trial.id], of: sweep.name) == 1)
        #expect(try state == ["waiting "])
        #expect(measures(try graph(sweep)) == ["gaussian-distance"])
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(3, [trial], kind: .measure)),
            .measured(AttemptNumber(3), Fixture.distances(trial)),
            .trialState(trial.id, .succeeded, reason: nil),
        ])
        #expect(try state == ["succeeded "])
        #expect(try seen(by: sweep.name) == .succeeded)
    }

    /// A run that has not heard of it yet says once more that the trial has failed.
    @Test func retryStandsAgainstARunThatDoesNotKnowOfIt() throws {
        #expect(try catalogue.retry([trial.id], of: sweep.name) == 1)
        try catalogue.commit([.trialState(trial.id, .failed, reason: nil)])
        #expect(try state == ["waiting "])
        #expect(measures(try graph(sweep)) == ["gaussian-distance"])
    }

    /// Recording the failure again, or after the result, changes nothing.
    @Test func itIsKeptOnceAndNeverBesideItsResult() throws {
        try catalogue.commit([.measureFailed(trial.id, Fixture.gaussian, reason: "another word")])
        try catalogue.commit([.measureFailed(trial.id, Fixture.memorization, reason: "late")])
        #expect(
            try RawDatabase.text("SELECT measure || ': ' || reason FROM missing_measures", at: scratch.catalogue)
                == ["gaussian-distance: no held-out images"])
        try catalogue.commit([.measured(AttemptNumber(2), Fixture.distances(trial))])
        #expect(try RawDatabase.text("SELECT measure FROM missing_measures", at: scratch.catalogue) == [])
    }

    /// The trial's sweep may no longer want the measure, or want more, and another sweep may never have wanted it.
    @Test func otherWishesGoOn() throws {
        let other = MeasureRequest(measure: "posterior", version: 1, parameters: [:])
        let more = Fixture.sweep(
            name: "more", sizes: [16], scales: [4], steps: [256], measures: [Fixture.memorization, other])
        try catalogue.store(more)
        #expect(try state == ["waiting "], "another sweep wants more")
        #expect(measures(try graph(more)) == ["posterior"])
        let late = WorkerEvent.Measured(
            trial: trial.id, request: other, checkpoint: Fixture.digest("weights \(trial.id.hex) "),
            rows: [MeasureRow(quantity: "coincidence", value: 1, n: 1)], artifacts: [], seconds: 1)
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(3, [trial], kind: .measure)), .measured(AttemptNumber(3), late),
            .trialState(trial.id, .succeeded, reason: nil),
        ])
        #expect(try state == ["failed gaussian-distance is missing: no held-out images"], "the first misses its own")
        #expect(try seen(by: "more") == .succeeded)
        #expect(try seen(by: sweep.name) == .failed)
        let less = Fixture.sweep(
            sizes: [16], scales: [4], steps: [256], measures: [Fixture.memorization], text: "name: dataset-size\n")
        try catalogue.store(less)
        #expect(try state == ["succeeded "], "nobody wants it any more")
    }

    /// A training that failed is another matter: it stays set aside.
    @Test func aTrainingThatFailedStaysSettled() throws {
        let sweep = Fixture.sweep(name: "b", sizes: [64], scales: [4], steps: [256])
        try catalogue.store(sweep)
        try catalogue.commit([.trialState(sweep.trials[0].id, .failed, reason: "diverged")])
        #expect(try graph(sweep).settled == [sweep.trials[0].id: .failed])
    }
}
