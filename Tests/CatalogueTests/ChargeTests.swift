import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

/// What one coordinator leaves to the next about jobs and hosts.
@Suite struct ChargeTests {
    let scratch: Scratch
    let catalogue: Catalogue
    let sweep = Fixture.sweep()

    init() throws {
        scratch = try Scratch()
        catalogue = try Catalogue(path: scratch.catalogue)
        try catalogue.store(sweep)
    }

    private func holdings() throws -> Holdings { try catalogue.reader.holdings(of: sweep.trainings.keys) }

    private func end(_ number: Int, _ trials: [Trial], _ outcome: AttemptOutcome, kind: AttemptKind = .train) throws {
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(number, trials, kind: kind)),
            .attemptEnded(AttemptNumber(number), outcome),
        ])
    }

    @Test func faultsOfTrialsThatStillWaitAreKept() throws {
        let trials = [sweep.trials[0], sweep.trials[1]]
        try end(1, trials, .jobFault("exit 1"))
        try end(2, trials, .killed("signal 9"))
        try end(3, trials, .paused)
        try end(4, trials, .hostFault("rebooted"))
        try end(5, trials, .succeeded)
        #expect(try holdings().faults.map(\.attempt.value) == [1, 2, 4])
        #expect(
            try holdings().faults.map(\.outcome) == [.jobFault("exit 1"), .killed("signal 9"), .hostFault("rebooted")])
        #expect(try holdings().faults.first?.trials == trials.map(\.id))
        try catalogue.commit([
            .trialState(trials[0].id, .succeeded, reason: nil), .trialState(trials[1].id, .failed, reason: "x"),
        ])
        #expect(
            try holdings().faults.map(\.trials) == Array(repeating: [trials[0].id], count: 3), "it lacks its results")
    }

    @Test func aRetryForgives() throws {
        let trial = sweep.trials[0]
        try end(1, [trial], .jobFault("exit 1"))
        try catalogue.commit([.trialState(trial.id, .failed, reason: "exit 1")])
        try catalogue.retry([trial.id], of: sweep.name)
        #expect(try holdings().faults.isEmpty)
        try end(2, [trial], .jobFault("exit 1"))
        #expect(try holdings().faults.map(\.attempt.value) == [2])
    }

    @Test func aHostsFaultCountsUntilTheTrainingGetsFurther() throws {
        let trial = sweep.trials[0]
        try end(1, [trial], .hostFault("rebooted"))
        try end(2, [trial], .jobFault("exit 1"))
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(3, [trial])),
            .recoveryPoint(
                trial.training, AttemptNumber(3), ResumePoint(steps: 10, state: Fixture.digest("r")), bytes: 3),
        ])
        try end(4, [trial], .hostFault("rebooted"))
        #expect(try holdings().faults.map(\.attempt.value) == [2, 4])
    }

    @Test func anExcusedFaultIsTheHosts() throws {
        try end(1, [sweep.trials[0]], .jobFault("exit 127"))
        try end(2, [sweep.trials[0]], .succeeded)
        for _ in 0..<2 {
            try catalogue.commit([
                .attemptExcused(AttemptNumber(1), reason: "the host is broken"),
                .attemptExcused(AttemptNumber(2), reason: "the host is broken"),
            ])
        }
        #expect(try holdings().faults.map(\.outcome) == [.hostFault("the host is broken")])
    }

    @Test func whatAnOpenAttemptWasAskedIsKept() throws {
        var train = Fixture.attempt(1, [sweep.trials[0]])
        train.task = .train(
            TrainTask(
                milestones: [256], resume: ResumePoint(steps: 10, state: Fixture.digest("r")), checkpointSeconds: 60.5))
        var measure = Fixture.attempt(2, [sweep.trials[1]], kind: .measure)
        measure.task = .measure(
            MeasureTask(
                trial: sweep.trials[1].id, steps: 1024, checkpoint: Fixture.digest("w"), measures: [Fixture.gaussian]))
        try catalogue.commit([
            .attemptIntended(train), .attemptIntended(measure),
            .attemptStarted(
                AttemptNumber(2),
                WorkerEvent.Started(contract: 1, worker: "w", numerics: 1, build: "b", cpu: "c", kernels: "avx2")),
        ])
        #expect(try holdings().openAttempts == [train, measure])
        #expect(try holdings().startedAttempts == [AttemptNumber(2)])
        try catalogue.commit([.attemptEnded(AttemptNumber(1), .paused)])
        #expect(try catalogue.reader.rows("SELECT task FROM attempt WHERE number = 1").rows == [[.null]])
    }

    @Test func silenceLastsUntilTheHostIsSeen() throws {
        let facts = HostFacts(machine: "m", boot: "b", cores: 2, memory: 4, cpu: "zen", free: 1)
        try catalogue.commit([.hostSeen("a", facts), .hostPace("a", 2.5), .hostSilent("a", seconds: 600)])
        #expect(try holdings().hosts == ["a": .init(facts: facts, silentSeconds: 600, pace: 2.5)])
        try catalogue.commit([.hostSeen("a", facts)])
        #expect(try holdings().hosts == ["a": .init(facts: facts, pace: 2.5)])
    }

    @Test func howLongAMeasureTakesIsKnown() throws {
        let trial = sweep.trials[0]
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, [trial])),
            .milestone(trial.training, trial.id, AttemptNumber(1), Fixture.checkpoint(trial)),
            .measured(AttemptNumber(1), Fixture.memorized(trial, glScore: 0.2, copied: 0.9)),
        ])
        #expect(try holdings().measureSeconds == ["memorization": 1])
    }
}
