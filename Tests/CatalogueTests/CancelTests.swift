import Foundation
import JobContract
import ResultQueries
import SweepModel
import Testing

@testable import ResultCatalogue

/// Cancelling takes one sweep's wish back; retrying wants it again.
@Suite struct CancelTests {
    let scratch: Scratch
    let catalogue: Catalogue
    let sweep = Fixture.sweep(name: "first", sizes: [16], scales: [4])

    init() throws {
        scratch = try Scratch()
        catalogue = try Catalogue(path: scratch.catalogue)
        try catalogue.store(sweep)
    }

    private var reader: CatalogueReader { catalogue.reader }
    private var all: [TrialID] { sweep.trials.map(\.id) }

    /// The state of every trial as the sweep sees it.
    private func states(_ name: String = "first") throws -> [TrialState] {
        try reader.trialStates(of: name).map(\.state)
    }

    private func overall(_ trial: TrialID) throws -> String? {
        try reader.rows("SELECT state FROM trials WHERE trial_id = ?", [.text(trial.hex)]).rows.first?[0].text
    }

    /// Records the trial's milestone and measures under an attempt of its own.
    private func record(_ trial: Trial, attempt: Int, _ measures: [WorkerEvent.Measured]) throws {
        try catalogue.commit(
            [
                .attemptIntended(Fixture.attempt(attempt, [trial])),
                .milestone(trial.training, trial.id, AttemptNumber(attempt), Fixture.checkpoint(trial)),
            ] + measures.map { .measured(AttemptNumber(attempt), $0) })
    }

    @Test func aCancelledTrialIsLeftAloneUntilRetried() throws {
        #expect(try catalogue.cancel([all[1]], of: "first") == 1)
        #expect(try states() == [.waiting, .cancelled])
        #expect(try overall(all[1]) == "cancelled")
        #expect(try catalogue.cancel(all, of: "first") == 1, "what is cancelled is not cancelled again")
        #expect(try reader.sweeps().first?.isUnfinished == false)
        try catalogue.store(Fixture.sweep(name: "first", sizes: [16], scales: [4], text: "launched again"))
        #expect(try states() == [.cancelled, .cancelled])
        #expect(try catalogue.retry(all, of: "first") == 2)
        #expect(try states() == [.waiting, .waiting])
        #expect(try overall(all[1]) == "waiting")
        #expect(try catalogue.retry(all, of: "first") == 0)
    }

    @Test func whatAnotherSweepWantsGoesOn() throws {
        try catalogue.store(Fixture.sweep(name: "second", sizes: [16], scales: [4]))
        try catalogue.cancel(all, of: "first")
        #expect(try states() == [.cancelled, .cancelled])
        #expect(try states("second") == [.waiting, .waiting])
        #expect(try overall(all[0]) == "waiting")
        let holdings = try reader.holdings(of: sweep.trainings.keys)
        #expect(holdings.settled.isEmpty)
        #expect(holdings.takenBack == ["first": Set(all)])
        try catalogue.cancel(all, of: "second")
        #expect(try overall(all[0]) == "cancelled")
        try catalogue.retry([all[0]], of: "second")
        #expect(try states() == [.cancelled, .cancelled])
        #expect(try states("second") == [.waiting, .cancelled])
    }

    @Test func aSweepLaunchedLaterWantsWhatAnotherCancelled() throws {
        try catalogue.cancel(all, of: "first")
        try catalogue.store(Fixture.sweep(name: "second", sizes: [16], scales: [4]))
        #expect(try states("second") == [.waiting, .waiting])
        #expect(try states() == [.cancelled, .cancelled])
    }

    @Test func onlyWhatTheOthersWantIsMissingThen() throws {
        let trial = sweep.trials[0]
        let less = Fixture.sweep(name: "less", sizes: [16], scales: [4], measures: [Fixture.memorization])
        try catalogue.store(less)
        try record(trial, attempt: 1, [Fixture.memorized(trial, glScore: 0.1, copied: 1)])
        #expect(try states("less").first == .succeeded)
        #expect(try overall(trial.id) == "waiting", "the first sweep wants the distance too")
        try catalogue.cancel([trial.id], of: "first")
        #expect(try overall(trial.id) == "succeeded")
        #expect(try states().first == .cancelled)
        try catalogue.retry([trial.id], of: "first")
        #expect(try overall(trial.id) == "waiting")
    }

    @Test func whatHasItsResultsCannotBeCancelled() throws {
        let trial = sweep.trials[0]
        try record(trial, attempt: 1, [Fixture.memorized(trial, glScore: 0.1, copied: 1), Fixture.distances(trial)])
        try catalogue.commit([.trialState(trial.id, .succeeded, reason: nil)])
        #expect(try catalogue.cancel(all, of: "first") == 1)
        #expect(try states() == [.succeeded, .cancelled])
    }

    @Test func aFailedTrialWaitsAgainAfterRetry() throws {
        try catalogue.commit([.trialState(all[0], .failed, reason: "it diverged")])
        #expect(try catalogue.cancel([all[0]], of: "first") == 0, "what has failed cannot be cancelled")
        #expect(try catalogue.retry([all[0]], of: "first") == 1)
        #expect(try states() == [.waiting, .waiting])
        #expect(try reader.failures(of: "first").isEmpty)
        #expect(try reader.holdings(of: sweep.trainings.keys).settled.isEmpty)
    }

    @Test func anOpenAttemptOfACancelledTrialIsWantedByNobody() throws {
        try catalogue.commit([.attemptIntended(Fixture.attempt(1, [sweep.trials[0]]))])
        try catalogue.commit([.trialState(all[0], .running, reason: nil)])
        try catalogue.cancel([all[0]], of: "first")
        let holdings = try reader.holdings(of: sweep.trainings.keys)
        #expect(holdings.openTrials[all[0]]?.isWanted == false)
        let graph = JobGraph(sweeps: [sweep], holdings: holdings)
        #expect(graph.settled == [all[0]: .cancelled])
        #expect(graph.trials.ids == [all[1]])
    }

    @Test func unknownSweepsAreRefused() throws {
        #expect(throws: CatalogueError.self) { try catalogue.cancel(all, of: "none") }
    }

    @Test func conditionsSelectTrials() throws {
        let selection = TrialSelection(reader)
        #expect(try selection.trials(of: "first", where: nil) == all)
        #expect(try selection.trials(of: "first", where: WhereExpression("training.steps > 256")) == [all[1]])
        try catalogue.commit([.trialState(all[0], .failed, reason: "it diverged")])
        #expect(try selection.trials(of: "first", where: WhereExpression("state = failed")) == [all[0]])
        #expect(throws: WhereExpression.Failure.self) {
            try selection.trials(of: "first", where: WhereExpression("model.scal = 4"))
        }
    }

    @Test func drainedHostsAreRemembered() throws {
        #expect(try catalogue.drain("far", reason: "its disk is slow"))
        #expect(try !catalogue.drain("far", reason: "another reason"))
        #expect(try reader.drainedHosts().map { [$0.name, $0.reason] } == [["far", "its disk is slow"]])
        #expect(try catalogue.undrain("far"))
        #expect(try !catalogue.undrain("far"))
        #expect(try reader.drainedHosts().isEmpty)
    }
}
