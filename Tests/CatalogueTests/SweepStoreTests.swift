import Foundation
import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

@Suite struct SweepStoreTests {
    let scratch: Scratch
    let catalogue: Catalogue

    init() throws {
        scratch = try Scratch()
        catalogue = try Catalogue(path: scratch.catalogue)
    }

    private var reader: CatalogueReader { catalogue.reader }

    /// Records everything that the sweep wants of a trial.
    private func complete(_ trial: Trial, attempt: Int, measures: [WorkerEvent.Measured]) throws {
        try catalogue.commit(
            [
                .attemptIntended(Fixture.attempt(attempt, [trial])),
                .milestone(trial.training, trial.id, AttemptNumber(attempt), Fixture.checkpoint(trial)),
            ] + measures.map { .measured(AttemptNumber(attempt), $0) }
                + [.attemptEnded(AttemptNumber(attempt), .succeeded), .trialState(trial.id, .succeeded, reason: nil)])
    }

    @Test func aStoredSweepReadsBack() throws {
        let sweep = Fixture.sweep()
        let stored = try catalogue.store(sweep)
        #expect(stored == StoredRevision(number: 1, isNew: true, newTrials: 8, dropped: 0))
        let back = try #require(try reader.sweep(named: sweep.name))
        #expect(back.about == sweep.about)
        #expect(back.text == sweep.text)
        #expect(back.overrides == sweep.overrides)
        #expect(back.trials.map(\.id) == sweep.trials.map(\.id))
        #expect(back.trials.map(\.training) == sweep.trials.map(\.training))
        #expect(back.trials.map(\.steps) == sweep.trials.map(\.steps))
        #expect(back.trials.map(\.position) == sweep.trials.map(\.position))
        let asked = try RawDatabase.text("SELECT asked FROM sweep_trials ORDER BY position", at: scratch.catalogue)
            .map { try JSONDecoder().decode([String: JSONValue].self, from: Data($0.utf8)) }
        #expect(asked == sweep.trials.map(\.asked))
        #expect(back.trainings.mapValues(\.spec) == sweep.trainings.mapValues(\.spec))
        #expect(back.datasets == sweep.datasets)
        #expect(back.measures == sweep.measures)
        #expect(back.needs == sweep.needs)
        #expect(back.worker == sweep.worker)
        #expect(try reader.sweep(named: "another") == nil)
    }

    @Test func storingTheSameAgainIsNoRevision() throws {
        try catalogue.store(Fixture.sweep())
        #expect(
            try catalogue.store(Fixture.sweep()) == StoredRevision(number: 1, isNew: false, newTrials: 0, dropped: 0))
        #expect(try catalogue.store(Fixture.sweep(text: "name: dataset-size # more")).number == 2)
    }

    @Test func theLastRevisionIsWhatIsWantedAndDroppedTrialsKeepTheirResults() throws {
        let sweep = Fixture.sweep()
        try catalogue.store(sweep)
        let dropped = sweep.trials[7]
        try complete(dropped, attempt: 1, measures: [Fixture.memorized(dropped, glScore: 0.6, copied: 0)])
        let second = try catalogue.store(Fixture.sweep(sizes: [16, 32], text: "second"))
        #expect(second == StoredRevision(number: 2, isNew: true, newTrials: 4, dropped: 4))
        let wanted = try reader.rows("SELECT DISTINCT t.dataset_size FROM sweep_trials JOIN trials t USING (trial_id)")
        #expect(Set(wanted.rows) == [[.integer(16)], [.integer(32)]])
        #expect(try reader.rows("SELECT count(*) FROM trials").rows == [[.integer(12)]])
        let kept = try reader.rows(
            "SELECT value FROM measurements WHERE trial_id = ? AND quantity = 'gl_score'", [.text(dropped.id.hex)])
        #expect(kept.rows == [[.real(0.6)]])
    }

    @Test func newMeasuresReopenSucceededTrialsAndFewerCloseThem() throws {
        let few = Fixture.sweep(measures: [Fixture.memorization])
        try catalogue.store(few)
        let trial = few.trials[0]
        try complete(trial, attempt: 1, measures: [Fixture.memorized(trial, glScore: 0.1, copied: 1)])
        func state() throws -> TrialState? {
            try reader.trialStates(of: few.name).first { $0.trial == trial.id }?.state
        }
        #expect(try state() == .succeeded)
        try catalogue.store(Fixture.sweep(measures: [Fixture.memorization, Fixture.gaussian]))
        #expect(try state() == .waiting)
        try catalogue.store(few)
        #expect(try state() == .succeeded)
    }

    @Test func anotherSweepFindsTheTrialsDone() throws {
        let sweep = Fixture.sweep(measures: [Fixture.memorization])
        try catalogue.store(sweep)
        let trial = sweep.trials[0]
        try complete(trial, attempt: 1, measures: [Fixture.memorized(trial, glScore: 0.1, copied: 1)])
        try catalogue.store(Fixture.sweep(name: "again", measures: [Fixture.memorization]))
        let counts = try reader.sweeps().map { [$0.name: $0.counts] }
        #expect(
            counts == [
                ["dataset-size": [.succeeded: 1, .waiting: 7]], ["again": [.succeeded: 1, .waiting: 7]],
            ])
        // A sweep that wants more has more to wait for; one that has all it wants does not wait with it.
        try catalogue.store(Fixture.sweep(name: "more"))
        #expect(try reader.sweeps().map { $0.counts[.succeeded, default: 0] } == [1, 1, 0])
    }

    @Test func failedAndCancelledTrialsAreLeftAlone() throws {
        let sweep = Fixture.sweep()
        try catalogue.store(sweep)
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, [sweep.trials[0]], host: "far")),
            .attemptEnded(AttemptNumber(1), .jobFault("the loss left the finite numbers")),
            .trialState(sweep.trials[0].id, .failed, reason: "set aside after 3 faults"),
        ])
        try catalogue.cancel([sweep.trials[1].id], of: sweep.name)
        try catalogue.store(Fixture.sweep(text: "again"))
        let holdings = try reader.holdings(of: sweep.trainings.keys)
        #expect(holdings.settled == [sweep.trials[0].id: .failed, sweep.trials[1].id: .cancelled])
        let failures = try reader.failures(of: sweep.name)
        #expect(failures.map(\.trial) == [sweep.trials[0].id])
        #expect(failures.first?.reason == "set aside after 3 faults")
        #expect(failures.first?.host == "far")
        #expect(failures.first?.attempt == AttemptNumber(1))
    }

    @Test func holdingsSayWhetherAnOpenAttemptIsStillWanted() throws {
        let (sizes, scales) = ([16], [4])
        let sweep = Fixture.sweep(sizes: sizes, scales: scales)
        try catalogue.store(sweep)
        let (short, long) = (sweep.trials[0], sweep.trials[1])
        try catalogue.commit([.attemptIntended(Fixture.attempt(1, [short, long]))])
        func wanted() throws -> [TrialID: Bool] {
            try reader.holdings(of: [] as [TrainingID]).openTrials.mapValues(\.isWanted)
        }
        #expect(try wanted() == [short.id: true, long.id: true])
        try catalogue.store(Fixture.sweep(sizes: sizes, scales: scales, steps: [256], text: "shorter"))
        #expect(try wanted() == [short.id: true, long.id: false], "the new revision drops it")
        try catalogue.store(Fixture.sweep(name: "other", sizes: sizes, scales: scales, steps: [1024]))
        #expect(try wanted() == [short.id: true, long.id: true])
        try catalogue.commit([.trialState(long.id, .cancelled, reason: nil)])
        #expect(try wanted() == [short.id: true, long.id: false])
        try catalogue.commit([.attemptEnded(AttemptNumber(1), .cancelled)])
        #expect(try wanted().isEmpty)
    }

    @Test func holdingsNameWhatIsRecorded() throws {
        let sweep = Fixture.sweep()
        try catalogue.store(sweep)
        let (short, long) = (sweep.trials[0], sweep.trials[1])
        #expect(short.training == long.training)
        let open = Fixture.attempt(2, [long], host: "far", kind: .measure)
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, [short, long])),
            .milestone(short.training, short.id, AttemptNumber(1), Fixture.checkpoint(short)),
            .milestone(long.training, long.id, AttemptNumber(1), Fixture.checkpoint(long)),
            .recoveryPoint(
                short.training, AttemptNumber(1), ResumePoint(steps: 512, state: Fixture.digest("r")), bytes: 1),
            .measured(AttemptNumber(1), Fixture.distances(short)),
            .attemptEnded(AttemptNumber(1), .succeeded), .attemptIntended(open),
        ])
        let holdings = try reader.holdings(of: sweep.trainings.keys)
        let weights = try [short, long].map { try #require(Fixture.checkpoint($0).weights?.digest) }
        #expect(
            holdings.milestones == [
                short.training: [
                    .init(steps: 256, weights: weights[0], attempt: AttemptNumber(1)),
                    .init(steps: 1024, weights: weights[1], attempt: AttemptNumber(1)),
                ]
            ])
        let state = try #require(Fixture.checkpoint(long).state?.digest)
        #expect(holdings.states == [short.training: ResumePoint(steps: 1024, state: state)])
        // The request with which the sweep asks finds it, though 80 was stored as a whole number.
        let asked = MeasureRequest(
            measure: "gaussian-distance", version: 1,
            parameters: ["seed": 0, "samples": 256, "sigmas": [.number(80), .number(1.5017), .number(0.002)]])
        #expect(holdings.measured == [.init(trial: short.id, request: asked)])
        #expect(holdings.openAttempts == [open])
        #expect(holdings.openTrials == [long.id: .init(steps: 1024, weights: weights[1], isWanted: true)])
        #expect(holdings.succeeded.isEmpty)
        #expect(try reader.nextAttemptNumber() == AttemptNumber(3))
        #expect(try reader.holdings(of: [] as [TrainingID]).milestones.isEmpty)
    }

    @Test func trialsLeftRunningWaitAgainUnlessTheirAttemptIsOpen() throws {
        let sweep = Fixture.sweep()
        try catalogue.store(sweep)
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, [sweep.trials[0]])),
            .trialState(sweep.trials[0].id, .running, reason: nil),
            .attemptIntended(Fixture.attempt(2, [sweep.trials[2]])),
            .trialState(sweep.trials[2].id, .running, reason: nil),
            .attemptEnded(AttemptNumber(2), .hostFault("silence")),
        ])
        try catalogue.beginGeneration()
        let states = try reader.trialStates(of: sweep.name)
        #expect(states[0].state == .running)
        #expect(states[2].state == .waiting)
    }

    @Test func theTrialsViewSaysWhatRan() throws {
        let sweep = Fixture.sweep(measures: [])
        try catalogue.store(sweep)
        let trial = sweep.trials[1]
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, [trial])), .attemptStarted(AttemptNumber(1), nil),
            .attemptEnded(AttemptNumber(1), .paused),
        ])
        try complete(trial, attempt: 2, measures: [])
        let row = try reader.rows(
            """
            SELECT state, dataset, dataset_size, part, resolution, architecture, model_scale, steps, images, epochs,
                seed, parameters, worker, attempts, host, seconds FROM trials WHERE trial_id = ?
            """, [.text(trial.id.hex)])
        #expect(
            row.rows == [
                [
                    .text("succeeded"), .text("geometric"), .integer(16), .text("0/1"), .integer(16), .text("ddpmpp"),
                    .integer(4), .integer(1024), .integer(32768), .real(2048), .integer(0), .integer(1234),
                    .text("eigensweep-worker/1"), .integer(2), .text("local"), .real(2.5),
                ]
            ])
        let times = try reader.rows("SELECT started_at, ended_at FROM trials WHERE trial_id = ?", [.text(trial.id.hex)])
        for time in times.rows[0] {
            #expect(time.text?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        }
    }

    /// Two sweeps want the same trials, and one of them more of each: trials that a run for the lesser one finishes are
    /// unfinished to the other.
    @Test func aRunOfOneSweepDoesNotFinishAnother() throws {
        let more = Fixture.sweep(name: "more", sizes: [16], scales: [4], steps: [256])
        let less = Fixture.sweep(
            name: "less", sizes: [16], scales: [4], steps: [256], measures: [Fixture.memorization])
        try catalogue.store(more)
        try catalogue.store(less)
        let trial = less.trials[0]
        try complete(trial, attempt: 1, measures: [Fixture.memorized(trial, glScore: 0.1, copied: 1)])
        #expect(try reader.trialStates(of: "less").map(\.state) == [.succeeded])
        #expect(try reader.trialStates(of: "more").map(\.state) == [.waiting])
        #expect(try reader.sweeps().map(\.isUnfinished) == [true, false])
        #expect(try reader.rows("SELECT state, ended_at FROM trials").rows == [[.text("waiting"), .null]])
        // A catalogue of an earlier release says "succeeded" of such trials; the sweep is not misled.
        try RawDatabase.execute("UPDATE trial SET state = 'succeeded'", at: scratch.catalogue)
        #expect(try reader.trialStates(of: "more").map(\.state) == [.waiting])

        try catalogue.commit([
            .measured(AttemptNumber(1), Fixture.distances(trial)), .trialState(trial.id, .succeeded, reason: nil),
        ])
        #expect(try reader.sweeps().map(\.isUnfinished) == [false, false])
        #expect(try reader.rows("SELECT state FROM trials").rows == [[.text("succeeded")]])
    }

    @Test func aFailureShowsOnlyWhereSomethingIsMissing() throws {
        let less = Fixture.sweep(
            name: "less", sizes: [16], scales: [4], steps: [256], measures: [Fixture.memorization])
        try catalogue.store(less)
        let trial = less.trials[0]
        try complete(trial, attempt: 1, measures: [Fixture.memorized(trial, glScore: 0.1, copied: 1)])
        try catalogue.store(Fixture.sweep(name: "more", sizes: [16], scales: [4], steps: [256]))
        for (state, reason) in [(TrialState.failed, "no distance" as String?), (.cancelled, nil)] {
            try catalogue.commit([.trialState(trial.id, state, reason: reason)])
            #expect(try reader.sweeps().map(\.counts) == [[.succeeded: 1], [state: 1]])
            #expect(try reader.failures(of: "less").isEmpty)
            #expect(try reader.failures(of: "more").map(\.reason) == (reason.map { [$0] } ?? []))
        }
    }

    /// A lost file is made again for a sweep that wants the trial, and for nobody else.
    @Test func onlyWhatIsWantedIsMadeAgain() throws {
        let scratch = try Scratch()
        let catalogue = try Catalogue(path: scratch.catalogue)
        let sweep = Fixture.sweep(sizes: [16], scales: [4], measures: [])
        try catalogue.store(sweep)
        let trials = sweep.trials.map(\.id)
        try catalogue.commit([.attemptIntended(Fixture.attempt(1, sweep.trials))])
        for trial in sweep.trials {
            try catalogue.commit([
                .milestone(trial.training, trial.id, AttemptNumber(1), Fixture.checkpoint(trial)),
                .trialState(trial.id, .succeeded, reason: nil),
            ])
        }
        var fewer = sweep
        fewer.trials.removeLast()
        try catalogue.store(fewer)
        #expect(try catalogue.wantAgain(trials, because: "lost") == 1)
        #expect(
            try catalogue.reader.rows("SELECT state FROM trial ORDER BY steps").rows == [
                [.text("waiting")], [.text("succeeded")],
            ])
    }
}
