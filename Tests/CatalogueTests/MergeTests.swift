import Foundation
import GRDB
import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

@Suite struct MergeTests {
    let scratch: Scratch
    let ours: Catalogue
    let theirs: Catalogue
    let sweep = Fixture.sweep(name: "both", scales: [4], steps: [256], seeds: [0, 1])

    init() throws {
        scratch = try Scratch()
        ours = try Catalogue(path: scratch.catalogue)
        theirs = try Catalogue(path: scratch.path + "/other.sqlite")
    }

    /// Records a checkpoint and a memorization measure of `trials`, numbered from `first`.
    private func record(
        _ trials: [Trial], in catalogue: Catalogue, first: Int = 1, host: String = "local", glScore: Double = 0.5
    ) throws {
        for (index, trial) in trials.enumerated() {
            let number = AttemptNumber(first + index)
            try catalogue.commit([
                .attemptIntended(Fixture.attempt(number.value, [trial], host: host)),
                .milestone(trial.training, trial.id, number, Fixture.checkpoint(trial)),
                .measured(number, Fixture.memorized(trial, glScore: glScore, copied: 0.25)),
                .measured(number, Fixture.distances(trial)),
                .trialState(trial.id, .succeeded, reason: nil), .attemptEnded(number, .succeeded),
            ])
        }
    }

    private func merge() throws -> MergeOutcome {
        try ours.merge(try CatalogueReader(path: scratch.path + "/other.sqlite"), states: false)
    }

    private func contents(_ catalogue: Catalogue) throws -> [CatalogueRows] {
        try [
            "SELECT trial_id, measure, parameters, quantity, sigma, position, value, n FROM measurements ORDER BY 1,2,3,4,5",
            "SELECT trial_id, parameters, state, seconds FROM trials ORDER BY 1",
            "SELECT * FROM artifacts ORDER BY 1, 2",
            "SELECT sweep, trial_id, position, asked, state FROM sweep_trials ORDER BY 1, 3",
        ].map { try catalogue.reader.rows($0) }
    }

    @Test func resultsOfHalvesBecomeTheWhole() throws {
        try ours.store(sweep)
        try theirs.store(sweep)
        try record(Array(sweep.trials[..<2]), in: ours)
        try record(Array(sweep.trials[2...]), in: theirs, host: "far")
        let outcome = try merge()
        #expect(outcome.trials == 0 && outcome.checkpoints == 2 && outcome.measures == 4 && outcome.conflicts.isEmpty)
        let whole = try Catalogue(path: scratch.path + "/whole.sqlite")
        try whole.store(sweep)
        try record(sweep.trials, in: whole)
        #expect(try contents(ours) == contents(whole))
        #expect(try ours.reader.sweeps().map(\.counts) == [[.succeeded: 4]])
        #expect(try ours.reader.wrongCounts() == [])
        #expect(
            try ours.reader.rows("SELECT number, host FROM attempt ORDER BY number").rows.map { $0[1].text } == [
                "local", "local", "far", "far",
            ])
        // The catalogue knows where results came from, and new attempts get new numbers.
        #expect(
            try ours.reader.rows("SELECT catalogue, number, attempt FROM merged_attempt ORDER BY 2").rows == [
                [.text(theirs.id), .integer(1), .integer(3)], [.text(theirs.id), .integer(2), .integer(4)],
            ])
        #expect(try ours.reader.nextAttemptNumber() == AttemptNumber(5))
        #expect(try RawDatabase.text("PRAGMA foreign_key_check", at: scratch.catalogue).isEmpty)
    }

    /// Files that are brought later are named then: what no row names is cleaned away.
    @Test func statesComeWithALaterMergeToo() throws {
        try theirs.store(sweep)
        try record(Array(sweep.trials[..<3]), in: theirs)
        let states = "SELECT state FROM milestone WHERE state NOT NULL ORDER BY 1"
        let given = try theirs.reader.rows(states).rows
        #expect(given.count == 3)
        _ = try merge()
        #expect(try ours.reader.rows(states).rows.isEmpty)
        let other = try CatalogueReader(path: scratch.path + "/other.sqlite")
        let later = try ours.merge(other, states: true)
        #expect(later.checkpoints == 0 && later.conflicts.isEmpty)
        #expect(try ours.reader.rows(states).rows == given && ours.reader.wrongCounts() == [])
        let whole = try contents(ours)
        _ = try ours.merge(other, states: true)
        #expect(try contents(ours) == whole && ours.reader.rows(states).rows == given)
    }

    @Test func aSecondMergeChangesNothing() throws {
        try theirs.store(sweep)
        try record(Array(sweep.trials[..<3]), in: theirs)
        #expect(try merge().sweeps == ["both"])
        let before = try contents(ours)
        let tables = [
            "attempt", "attempt_trial", "measured", "measurement", "artifact", "evidence", "wish", "revision",
        ]
        func counts() throws -> [CatalogueRows] {
            try tables.map { try ours.reader.rows("SELECT count(*) FROM \($0)") }
        }
        let rows = try counts()
        let again = try merge()
        #expect(again == MergeOutcome())
        #expect(try contents(ours) == before)
        #expect(try counts() == rows)
        // On the way back the other catalogue knows its own results.
        let back = try theirs.merge(try CatalogueReader(path: scratch.catalogue), states: false)
        #expect(back == MergeOutcome())
        #expect(try theirs.reader.rows("SELECT count(*) FROM attempt").rows == [[.integer(3)]])
    }

    /// Work that the other catalogue had not done does not begin here unasked, and can be asked for.
    @Test func unfinishedTrialsComeCancelled() throws {
        try theirs.store(sweep)
        try record(Array(sweep.trials[..<3]), in: theirs)
        let outcome = try merge()
        #expect(outcome.trials == 4 && outcome.sweeps == ["both"])
        #expect(try ours.reader.sweeps().map(\.counts) == [[.succeeded: 3, .cancelled: 1]])
        #expect(try ours.reader.wrongCounts() == [])
        #expect(try ours.reader.unfinishedSweeps().isEmpty)
    }

    private func worker() -> WorkerDescription {
        WorkerDescription(
            contract: 2, name: "eigensweep-worker", numerics: 1, deterministic: true, jobKinds: [],
            architectures: [], measures: [], build: "", cpu: "", kernels: "", check: "")
    }

    private func changed(_ text: String) throws -> [String] {
        try ours.reader.changedFiles(["net.py": Fixture.digest(text)], of: worker())
    }

    /// Results come with the files that made them.
    @Test func anEditedWorkerIsNoticedAfterAMerge() throws {
        try theirs.store(sweep, worker: worker(), files: ["net.py": Fixture.digest("theirs")])
        try record([sweep.trials[0]], in: theirs)
        // Nothing came of it here.
        try ours.store(sweep, worker: worker(), files: ["net.py": Fixture.digest("never used")])
        #expect(try merge().otherFiles.isEmpty)
        #expect(try changed("theirs").isEmpty)
        #expect(try changed("never used") == ["net.py"] && changed("edited") == ["net.py"])
        #expect(try merge() == MergeOutcome())
    }

    @Test func resultsOfOtherFilesAreTold() throws {
        for (catalogue, name, trial) in [(ours, "ours", 0), (theirs, "theirs", 1)] {
            try catalogue.store(sweep, worker: worker(), files: ["net.py": Fixture.digest(name)])
            try record([sweep.trials[trial]], in: catalogue)
        }
        #expect(try merge().otherFiles == [.init(worker: "eigensweep-worker/1", files: ["net.py"])])
        #expect(try changed("ours").isEmpty && changed("theirs").isEmpty)
        #expect(try changed("edited") == ["net.py"])
        #expect(try merge() == MergeOutcome())
    }

    /// Who takes the measures of a sweep comes with it.
    @Test func aSweepKeepsWhoMeasuresIt() throws {
        var sweep = sweep
        sweep.worker = WorkerCommand(
            command: ["python3", "net.py"], upload: ["/f/net.py"], measures: "eigensweep-worker")
        try theirs.store(sweep)
        #expect(try merge().sweeps == ["both"])
        #expect(try ours.reader.worker(of: "both") == sweep.worker)
    }

    @Test func otherValuesAreReportedAndOursStand() throws {
        try ours.store(sweep)
        try theirs.store(sweep)
        try record([sweep.trials[0]], in: ours, glScore: 0.5)
        try record([sweep.trials[0]], in: theirs, glScore: 0.75)
        let before = try contents(ours)
        for _ in 0..<2 {
            let outcome = try merge()
            #expect(
                outcome.conflicts == [.init(trial: sweep.trials[0].id.hex, about: "memorization")])
            #expect(outcome.measures == 0)
        }
        #expect(try contents(ours) == before)
        let evidence = try ours.reader.rows("SELECT kind, kept, found FROM evidence").rows
        #expect(evidence.count == 1)
        #expect(evidence.first?[1].text?.contains("0.5") == true && evidence.first?[2].text?.contains("0.75") == true)
    }

    /// Their checkpoint is another one, so their measures of it are no measures of ours.
    @Test(arguments: [false, true]) func whatIsOfOtherWeightsIsEvidenceOnly(compared: Bool) throws {
        try ours.store(sweep)
        try theirs.store(sweep)
        let (first, second) = (sweep.trials[0], sweep.trials[1])
        func leave(_ trial: Trial, _ weights: Digest?, in catalogue: Catalogue, as number: Int) throws -> Digest? {
            var checkpoint = Fixture.checkpoint(trial)
            if let weights { checkpoint.weights?.digest = weights }
            try catalogue.commit([
                .attemptIntended(Fixture.attempt(number, [trial])),
                .milestone(trial.training, trial.id, AttemptNumber(number), checkpoint),
            ])
            return checkpoint.weights?.digest
        }
        for (index, trial) in [first, second].enumerated() {
            _ = try leave(trial, nil, in: ours, as: index + 1)
        }
        let other = Digest(of: "other weights".utf8)
        let pair = [first, second].sorted { $0.id < $1.id }
        // In a comparison the other trial's checkpoint differs.
        let (measuredOf, differing) = compared ? (pair[0], pair[1]) : (first, first)
        for (index, trial) in [first, second].enumerated() {
            _ = try leave(trial, trial.id == differing.id ? other : nil, in: theirs, as: index + 1)
        }
        var measured = Fixture.distances(measuredOf)
        if compared { measured.request = measured.request.comparing(with: [pair[1].id]) }
        let standing = Fixture.checkpoint(measuredOf).weights?.digest
        measured.checkpoint = try #require(compared ? standing : other)
        try theirs.commit([.measured(AttemptNumber(measuredOf.id == first.id ? 1 : 2), measured)])
        for _ in 0..<2 {
            let outcome = try merge()
            #expect(outcome.measures == 0)
            #expect(
                outcome.conflicts == [
                    .init(trial: differing.id.hex, about: "checkpoint"),
                    .init(trial: measuredOf.id.hex, about: measured.request.measure),
                ])
        }
        #expect(try ours.reader.rows("SELECT count(*) FROM measured").rows == [[.integer(0)]])
        #expect(try ours.reader.evidence().map(\.kind.rawValue).sorted() == ["measure", "milestone"])
        #expect(
            try ours.reader.evidence().contains { $0.kind == .measure && $0.found.contains(measured.checkpoint.hex) })
    }

    /// The milestone's attempt has a larger number than one here that has not got so far.
    @Test func aMilestoneOfElsewhereSaysNothingOfAttemptsHere() throws {
        try ours.store(sweep)
        try theirs.store(sweep)
        let trial = sweep.trials[0]
        try ours.commit([.attemptIntended(Fixture.attempt(1, [trial]))])
        try record([trial], in: theirs)
        _ = try merge()
        let holdings = try ours.reader.holdings(of: [trial.training])
        #expect(holdings.milestones[trial.training]?.map(\.attempt) == [nil])
        #expect(holdings.openAttempts.map(\.attempt) == [AttemptNumber(1)])
        let left = holdings.less({ _ in true }, for: [sweep])
        #expect(left.openAttempts.map(\.trials) == [[trial.id]])
    }

    @Test func aSweepOfTheSameNameButOtherTrialsStaysOurs() throws {
        try ours.store(Fixture.sweep(name: "both", sizes: [16], scales: [4], steps: [256]))
        try theirs.store(sweep)
        try record(sweep.trials, in: theirs)
        let outcome = try merge()
        #expect(outcome.otherSweeps == ["both"] && outcome.sweeps.isEmpty && outcome.trials == 3)
        #expect(try ours.reader.sweeps().map(\.counts) == [[.succeeded: 1]])
        #expect(try ours.reader.rows("SELECT count(*) FROM measurements").rows == [[.integer(4 * 11)]])
    }

    @Test func notesAndTagsComeAlongAndOursStand() throws {
        try theirs.store(sweep)
        try record(sweep.trials, in: theirs)
        let trials = sweep.trials.map { RemarkSubject.trial($0.id) }
        for subject in [.sweep("both"), trials[0], trials[1]] { try theirs.write("seen there", about: subject) }
        try theirs.setTag("figure-2", true, on: trials[0])
        try theirs.setTag("figure-2", true, on: .sweep("both"))
        let first = try merge()
        #expect(first.remarks == 5 && first.otherNotes == 0 && first.refused.isEmpty)
        #expect(try ours.reader.note(about: .sweep("both")) == "seen there")
        #expect(try ours.reader.tags(of: trials[0]) == ["figure-2"])

        try ours.write("seen here", about: trials[1])
        let second = try merge()
        #expect(second.remarks == 0 && second.otherNotes == 1)
        #expect(try ours.reader.note(about: trials[1]) == "seen here")
    }

    /// A sweep of the same name and other trials is another one: what was noted of it is not said of ours.
    @Test func notesOfAnotherSweepOfTheNameStayThere() throws {
        try ours.store(Fixture.sweep(name: "both", scales: [8], steps: [256], seeds: [0]))
        try theirs.store(sweep)
        try record(sweep.trials, in: theirs)
        try theirs.write("seen there", about: .sweep("both"))
        let outcome = try merge()
        #expect(outcome.otherSweeps == ["both"] && outcome.remarks == 0)
        #expect(try ours.reader.note(about: .sweep("both")) == nil)
    }

    @Test func notesThatAreNoneAreRefused() throws {
        try theirs.store(sweep)
        try record(sweep.trials, in: theirs)
        let trial = RemarkSubject.trial(sweep.trials[0].id)
        try theirs.setTag("two words", true, on: trial)
        try theirs.write(String(repeating: "x", count: (1 << 20) + 1), about: trial)
        let outcome = try merge()
        #expect(outcome.remarks == 0)
        #expect(outcome.refused.map(\.what) == ["notes of trials: 1", "tags of trials: 1"])
    }

    @Test func otherSchemasAndItselfAreRefused() throws {
        #expect(throws: CatalogueError.self) {
            try ours.merge(try CatalogueReader(path: scratch.catalogue), states: false)
        }
        let early = scratch.path + "/early.sqlite"
        let queue = try DatabaseQueue(path: early)
        try Schema.migrate(queue, through: 11)
        try queue.close()
        let error = #expect(throws: CatalogueError.self) { _ = try CatalogueReader(path: early) }
        #expect(error?.message.contains("schema 11") == true)
    }
}
