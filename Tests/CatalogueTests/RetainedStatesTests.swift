import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

@Suite struct RetainedStatesTests {
    let scratch: Scratch
    let catalogue: Catalogue
    /// Both trainings have milestones at 256 and 1024 steps.
    let sweep = Fixture.sweep(sizes: [16, 64], scales: [4])
    var short: Trial { sweep.trials[0] }
    var long: Trial { sweep.trials[1] }

    init() throws {
        scratch = try Scratch()
        catalogue = try Catalogue(path: scratch.catalogue)
        try catalogue.store(sweep)
        try catalogue.commit([.attemptIntended(Fixture.attempt(1, [short, long]))])
    }

    private func milestone(_ trial: Trial, attempt: Int = 1, bits: String = "") -> CatalogueChange {
        .milestone(trial.training, trial.id, AttemptNumber(attempt), Fixture.checkpoint(trial, bits: bits))
    }

    private func point(_ steps: Int, _ state: String, attempt: Int = 1) -> CatalogueChange {
        .recoveryPoint(
            short.training, AttemptNumber(attempt), ResumePoint(steps: steps, state: Fixture.digest(state)), bytes: 1)
    }

    private func state(_ trial: Trial) throws -> Digest { try #require(Fixture.checkpoint(trial).state?.digest) }

    @Test func aLongerStateSupersedesThoseBelow() throws {
        #expect(try catalogue.record([point(100, "a")]).isEmpty)
        #expect(try catalogue.record([point(200, "b")]) == [Fixture.digest("a")])
        #expect(try catalogue.record([milestone(short)]) == [Fixture.digest("b")])
        #expect(try catalogue.record([point(300, "c")]) == [state(short)])
        #expect(
            try catalogue.record([point(600, "d"), milestone(long)])
                == [Fixture.digest("c"), Fixture.digest("d")].sorted())
        #expect(try catalogue.reader.holdings(of: [short.training]).states[short.training]?.state == state(long))
        // Weights always stay.
        #expect(try catalogue.reader.holdings(of: [short.training]).milestones[short.training]?.count == 2)
    }

    @Test func whatIsReportedAgainIsRetiredAgain() throws {
        try catalogue.commit([milestone(short), milestone(long)])
        #expect(try catalogue.record([milestone(short)]) == [state(short)])
        #expect(try catalogue.record([point(300, "late")]) == [Fixture.digest("late")])
        #expect(try catalogue.reader.evidence().isEmpty)
        #expect(try catalogue.reader.rows("SELECT count(state) FROM milestone").rows == [[.integer(1)]])
    }

    /// A milestone that is wanted and missing is trained from the longest state below it.
    @Test func aStateBelowAMissingMilestoneStays() throws {
        #expect(try catalogue.record([point(200, "a")]).isEmpty)
        #expect(try catalogue.record([milestone(long)]).isEmpty)
        #expect(try catalogue.record([milestone(short)]) == [Fixture.digest("a"), state(short)].sorted())
    }

    /// Another attempt may be on its way to a host with the older state.
    @Test func nothingGoesWhileAnotherAttemptIsOpen() throws {
        try catalogue.commit([point(300, "a"), .attemptIntended(Fixture.attempt(2, [long]))])
        #expect(try catalogue.record([point(400, "b")]).isEmpty)
        try catalogue.commit([.attemptEnded(AttemptNumber(2), .paused), milestone(short)])
        #expect(try catalogue.record([point(500, "c")]) == [Fixture.digest("b")])
    }

    @Test func aFileThatARowStillNamesStays() throws {
        try catalogue.commit([
            milestone(short), point(300, "shared"), .attemptIntended(Fixture.attempt(2, [sweep.trials[2]])),
        ])
        let other = sweep.trials[2]
        try catalogue.commit([
            .recoveryPoint(
                other.training, AttemptNumber(2), ResumePoint(steps: 9, state: Fixture.digest("shared")), bytes: 1)
        ])
        #expect(try catalogue.record([point(400, "b")]).isEmpty)
        let weights = try #require(Fixture.checkpoint(short).weights?.digest)
        try catalogue.commit([
            .recoveryPoint(short.training, AttemptNumber(1), ResumePoint(steps: 500, state: weights), bytes: 1)
        ])
        #expect(try catalogue.record([point(600, "c")]).isEmpty)
    }

    @Test func aStateOnAHostIsHeldUntilALongerOneIsHere() throws {
        let kept = ResumePoint(steps: 200, state: Fixture.digest("k"))
        try catalogue.commit([.stateKept(short.training, AttemptNumber(1), kept, bytes: 5)])
        try catalogue.commit([point(100, "a")])
        var holdings = try catalogue.reader.holdings(of: [short.training])
        #expect(holdings.keptStates == [short.training: .init(point: kept, host: "local")])
        #expect(holdings.states[short.training]?.steps == 100)
        try catalogue.commit([milestone(short)])
        holdings = try catalogue.reader.holdings(of: [short.training])
        #expect(holdings.keptStates.isEmpty)
    }

    @Test func storedBytesAreThoseOfTheRows() throws {
        func check() throws {
            let reader = try CatalogueReader(path: scratch.catalogue)
            let counted = try reader.rows("SELECT kind, bytes FROM stored_bytes ORDER BY kind").rows
            let summed = try reader.rows(
                """
                SELECT 'artifacts', (SELECT coalesce(sum(bytes), 0) FROM artifact)
                UNION ALL SELECT 'states', (SELECT coalesce(sum(state_bytes), 0) FROM milestone)
                    + (SELECT coalesce(sum(bytes), 0) FROM recovery_point)
                UNION ALL SELECT 'weights', (SELECT coalesce(sum(weights_bytes), 0) FROM milestone)
                """
            ).rows
            #expect(counted == summed)
        }
        let changes = [
            point(100, "a"), point(200, "b"), milestone(short), point(300, "c"), milestone(long),
            .measured(AttemptNumber(1), Fixture.memorized(short, glScore: 0.2, copied: 0.9)),
        ]
        for change in changes {
            _ = try catalogue.record([change])
            try check()
        }
    }

    /// A milestone is trained by going on to its length: a state of that very length serves it too, one beyond does not.
    @Test func aStateStaysThatAMilestoneOfItsSuccessorsLengthNeeds() throws {
        #expect(try catalogue.record([point(200, "a")]).isEmpty)
        // The longer state stands where the milestone, whose weights are not here, would end.
        #expect(try catalogue.record([point(short.steps, "b")]).isEmpty)
        #expect(try catalogue.record([milestone(short), point(short.steps + 1, "c")]).contains(Fixture.digest("b")))
    }
}
