import Foundation
import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

/// Removing sweeps and trials: what another sweep lists stays whole, and nothing is left of the rest.
@Suite struct RemovalTests {
    private let scratch: Scratch
    private let catalogue: Catalogue
    private let first = Fixture.sweep(name: "first", sizes: [16], scales: [4, 8])
    /// Shares the trials of scale 8.
    private let second = Fixture.sweep(name: "second", sizes: [16], scales: [8, 16])

    init() throws {
        scratch = try Scratch()
        catalogue = try Catalogue(path: scratch.catalogue)
        for sweep in [first, second] { try catalogue.store(sweep) }
        for (place, trial) in (first.trials + second.trials.suffix(2)).enumerated() { try record(trial, place + 1) }
    }

    private var reader: CatalogueReader { catalogue.reader }

    private func record(_ trial: Trial, _ number: Int) throws {
        let attempt = AttemptNumber(number)
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(number, [trial])),
            .milestone(trial.training, trial.id, attempt, Fixture.checkpoint(trial)),
            .measured(attempt, Fixture.memorized(trial, glScore: 0.5, copied: 0.25)),
            .measured(attempt, Fixture.distances(trial)), .attemptEnded(attempt, .succeeded),
            .trialState(trial.id, .succeeded, reason: nil),
        ])
    }

    private func count(_ sql: String) throws -> Int? { try reader.rows(sql).rows.first?.first?.integer }

    /// All that may be seen of a trial.
    private func story(_ trial: TrialID) throws -> [CatalogueRows] {
        try ["trials", "measurements", "artifacts", "sweep_trials"].map {
            try reader.rows("SELECT * FROM \($0) WHERE trial_id = ? ORDER BY 1, 2, 3, 4, 5", [.text(trial.hex)])
        }
    }

    private func isSound() throws {
        #expect(try RawDatabase.text("PRAGMA foreign_key_check", at: scratch.catalogue) == [])
        #expect(try RawDatabase.text("PRAGMA integrity_check", at: scratch.catalogue) == ["ok"])
        #expect(try reader.wrongCounts() == [])
    }

    @Test func whatAnotherSweepListsStays() throws {
        let shared = first.trials.suffix(2).map(\.id)
        let before = try (shared + second.trials.map(\.id)).map(story)
        let foreseen = try catalogue.removal(ofSweeps: ["first"], trials: [])
        #expect(try reader.sweepNames() == ["first", "second"])
        let removal = try catalogue.remove(sweeps: ["first"], trials: [])
        #expect(removal == foreseen)
        #expect((removal.trials, removal.staying, removal.keepers) == (2, 2, ["second"]))
        #expect(removal.openAttempts == 0 && removal.measurements > 0)
        #expect(try reader.sweepNames() == ["second"])
        for trial in first.trials.prefix(2) { #expect(try story(trial.id).allSatisfy(\.rows.isEmpty)) }
        let after = try (shared + second.trials.map(\.id)).map(story)
        // Of the sweeps that list a trial one is gone; all else is as it was.
        #expect(after.map { $0.prefix(3) } == before.map { $0.prefix(3) })
        try isSound()
        // A coordinator that goes on has forgotten what it knew of them.
        try catalogue.commit([.attemptIntended(Fixture.attempt(7, [second.trials[0]]))])
        let gone = [CatalogueChange.attemptIntended(Fixture.attempt(8, [first.trials[0]]))]
        #expect(throws: CatalogueError.self) { try catalogue.commit(gone) }
    }

    @Test func filesAreCountedThatNothingElseNames() throws {
        let removal = try catalogue.removal(ofSweeps: ["first"], trials: [])
        let named = Set(try reader.referencedFiles().map(\.digest))
        try catalogue.remove(sweeps: ["first"], trials: [])
        let left = Set(try reader.referencedFiles().map(\.digest))
        #expect(removal.files == named.subtracting(left).count)
    }

    @Test func aTrialThatOneSweepListsGoesAndComesAgain() throws {
        let trial = first.trials[0]
        let removal = try catalogue.remove(sweeps: [], trials: [trial.id])
        #expect((removal.trials, removal.staying) == (1, 0))
        #expect(try reader.trialStates(of: "first").map(\.trial) == first.trials.dropFirst().map(\.id))
        try isSound()
        // Its longer neighbour of the same training is whole, and the training's identity stands.
        #expect(
            try reader.rows("SELECT * FROM trials WHERE trial_id = ?", [.text(first.trials[1].id.hex)]).rows.count == 1)
        // The same file wants it again.
        let stored = try catalogue.store(first)
        #expect(stored.isNew && stored.newTrials == 1)
        #expect(try reader.trialStates(of: "first").map(\.state) == [.waiting, .succeeded, .succeeded, .succeeded])
    }

    @Test func aTrialThatSeveralSweepsListStays() throws {
        let removal = try catalogue.remove(sweeps: [], trials: [second.trials[0].id])
        #expect((removal.trials, removal.staying, removal.keepers) == (0, 1, ["first", "second"]))
        let both = try catalogue.remove(sweeps: ["first", "second"], trials: [])
        #expect((both.trials, both.staying) == (6, 0))
        #expect(try reader.sweepNames() == [])
        #expect(try count("SELECT count(*) FROM measurement") == 0)
        #expect(try count("SELECT count(*) FROM training") == 1, "that of the last attempt's number")
        try isSound()
    }

    @Test func attemptNumbersAreNotGivenAgain() throws {
        let next = try reader.nextAttemptNumber()
        try catalogue.remove(sweeps: ["first", "second"], trials: [])
        #expect(try reader.nextAttemptNumber() == next)
        try catalogue.store(first)
        #expect(try reader.nextAttemptNumber() == next)
        try record(first.trials[0], next.value)
        try isSound()
    }

    @Test func nothingIsRemovedWhileHostsHaveJobsOfIt() throws {
        try catalogue.commit([.attemptIntended(Fixture.attempt(7, [first.trials[0]]))])
        #expect(try catalogue.removal(ofSweeps: ["first"], trials: []).openAttempts == 1)
        #expect(throws: CatalogueError.self) { try catalogue.remove(sweeps: ["first"], trials: []) }
        #expect(try reader.sweepNames() == ["first", "second"])
        // The second sweep's trials are not among them.
        try catalogue.remove(sweeps: ["second"], trials: [])
        try isSound()
    }

    @Test func comparisonsGoWithTheirMembers() throws {
        let pair = first.trials.prefix(2)
        let request = Fixture.memorization.comparing(with: [pair[1].id])
        var measured = Fixture.memorized(pair[0], glScore: 0.5, copied: 0.25)
        measured.request = request
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(7, Array(pair), kind: .compare)), .measured(AttemptNumber(7), measured),
            .attemptEnded(AttemptNumber(7), .succeeded),
        ])
        #expect(try count("SELECT count(*) FROM measured WHERE members <> ''") == 1)
        try catalogue.remove(sweeps: [], trials: [pair[1].id])
        #expect(try count("SELECT count(*) FROM measured WHERE members <> ''") == 0)
        #expect(
            try count(
                "SELECT count(*) FROM measured d JOIN trial t ON t.key = d.trial WHERE t.trial_id = '\(pair[0].id.hex)'"
            ) == 2)
        try isSound()
    }

    @Test func aLongerTrainingGoesOnFromTheStateOfOneThatGoes() throws {
        let scratch = try Scratch()
        let catalogue = try Catalogue(path: scratch.catalogue)
        let short = Fixture.sweep(name: "short", sizes: [16], scales: [4], steps: [256])
        let long = Fixture.sweep(name: "long", sizes: [16], scales: [4], steps: [1024])
        for sweep in [short, long] { try catalogue.store(sweep) }
        let trial = short.trials[0]
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, [trial])),
            .milestone(trial.training, trial.id, AttemptNumber(1), Fixture.checkpoint(trial)),
            .attemptEnded(AttemptNumber(1), .succeeded),
        ])
        let removal = try catalogue.remove(sweeps: ["short"], trials: [])
        #expect(removal.files == 1, "the weights alone")
        let holdings = try catalogue.reader.holdings(of: long.trainings.keys)
        #expect(holdings.states[trial.training]?.steps == 256)
        #expect(try RawDatabase.text("PRAGMA foreign_key_check", at: scratch.catalogue) == [])
    }

    @Test func whatOnlyTheOtherSweepWantedIsNotWaitedFor() throws {
        let scratch = try Scratch()
        let catalogue = try Catalogue(path: scratch.catalogue)
        let plain = Fixture.sweep(name: "plain", sizes: [16], scales: [4], measures: [])
        try catalogue.store(plain)
        try catalogue.cancel([plain.trials[1].id], of: "plain")
        try catalogue.store(Fixture.sweep(name: "measured", sizes: [16], scales: [4]))
        let trial = plain.trials[0]
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, [trial])),
            .milestone(trial.training, trial.id, AttemptNumber(1), Fixture.checkpoint(trial)),
            .attemptEnded(AttemptNumber(1), .succeeded),
        ])
        func states() throws -> [String?] {
            try catalogue.reader.rows("SELECT state FROM trials ORDER BY steps").rows.map { $0[0].text }
        }
        #expect(try states() == ["waiting", "waiting"])
        try catalogue.remove(sweeps: ["measured"], trials: [])
        #expect(try states() == ["succeeded", "cancelled"])
        #expect(try catalogue.reader.unfinishedSweeps() == [])
    }

    @Test func namesThatAreNotThereAreRefused() throws {
        #expect(throws: CatalogueError.self) { try catalogue.remove(sweeps: ["third"], trials: []) }
        let stranger = TrialID(Fixture.digest("nobody's"))
        #expect(throws: CatalogueError.self) { try catalogue.remove(sweeps: [], trials: [stranger]) }
        #expect(throws: CatalogueError.self) { try catalogue.rename("first", to: "second") }
        #expect(throws: CatalogueError.self) { try catalogue.rename("third", to: "fourth") }
    }

    @Test func aRenamedSweepIsTheSame() throws {
        let before = try reader.trialStates(of: "first").map(\.state)
        try catalogue.rename("first", to: "scales")
        #expect(try reader.trialStates(of: "scales").map(\.state) == before)
        #expect(try reader.sweep(named: "scales")?.trials.map(\.id) == first.trials.map(\.id))
        #expect(try reader.sweep(named: "first") == nil)
    }

    // MARK: Notes and tags

    @Test func notesAndTagsGoWithWhatTheyAreAbout() throws {
        let trial = first.trials[0].id
        #expect(try catalogue.write("odd", about: .trial(trial)))
        #expect(try catalogue.write("very odd", about: .trial(trial)))
        #expect(try !catalogue.write("very odd", about: .trial(trial)))
        #expect(try catalogue.write("of March", about: .sweep("first")))
        for tag in ["b", "a", "b"] { try catalogue.setTag(tag, true, on: .trial(trial)) }
        #expect(try reader.note(about: .trial(trial)) == "very odd")
        #expect(try reader.tags(of: .trial(trial)) == ["a", "b"])
        let remarks = try reader.trialRemarks()
        #expect(remarks.has(["a", "b"], note: "VERY", trial.hex) && !remarks.has(["c"], note: nil, trial.hex))
        // A sweep's are all its trials'.
        try catalogue.setTag("paper", true, on: .sweep("first"))
        let ofFirst = try reader.trialRemarks(of: "first")
        #expect(ofFirst.has(["paper"], note: "march", first.trials[1].id.hex))
        #expect(try !reader.trialRemarks(of: "second").has(["paper"], note: nil, trial.hex))
        #expect(try catalogue.setTag("b", false, on: .trial(trial)))
        #expect(try reader.tags(of: .trial(trial)) == ["a"])
        try catalogue.remove(sweeps: ["first"], trials: [])
        #expect(try count("SELECT count(*) FROM notes") == 0)
        #expect(try count("SELECT count(*) FROM tags") == 0)
        #expect(try reader.note(about: .sweep("second")) == nil)
    }
}
