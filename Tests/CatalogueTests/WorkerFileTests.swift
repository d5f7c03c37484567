import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

/// A worker whose files changed is told from the one that made the results.
@Suite struct WorkerFileTests {
    let scratch: Scratch
    let catalogue: Catalogue
    let sweep = Fixture.sweep(sizes: [16], scales: [4])
    private let first = ["net.py": Fixture.digest("one"), "more.py": Fixture.digest("more")]
    private let edited = ["net.py": Fixture.digest("two"), "more.py": Fixture.digest("more")]

    init() throws {
        scratch = try Scratch()
        catalogue = try Catalogue(path: scratch.catalogue)
    }

    private func worker(numerics: Int = 1) -> WorkerDescription {
        // The fixture's trainings name it so.
        WorkerDescription(
            contract: 2, name: "eigensweep-worker", numerics: numerics, deterministic: true, jobKinds: [],
            architectures: [], measures: [], build: "", cpu: "", kernels: "", check: "")
    }

    private func changed(_ files: [String: Digest], numerics: Int = 1) throws -> [String] {
        try catalogue.reader.changedFiles(files, of: worker(numerics: numerics))
    }

    private func recordResult() throws {
        let trial = sweep.trials[0]
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, [trial])),
            .milestone(trial.training, trial.id, AttemptNumber(1), Fixture.checkpoint(trial)),
        ])
    }

    @Test func filesMayChangeUntilThereAreResults() throws {
        try catalogue.store(sweep, worker: worker(), files: first)
        #expect(try changed(edited).isEmpty)
        try catalogue.store(sweep, worker: worker(), files: edited)
        try recordResult()
        // What was never used is not remembered.
        #expect(try changed(first) == ["net.py"])
        #expect(try changed(edited).isEmpty)
    }

    @Test func resultsAreOfTheirFiles() throws {
        try catalogue.store(sweep, worker: worker(), files: first)
        try recordResult()
        #expect(try changed(first).isEmpty)
        #expect(try changed(edited) == ["net.py"])
        #expect(try changed(["net.py": Fixture.digest("one")]) == ["more.py"])
        #expect(try changed(first.merging(["new.py": Fixture.digest("new")]) { a, _ in a }) == ["new.py"])
        #expect(try changed([:]).isEmpty, "a worker without uploads")
        #expect(try changed(edited, numerics: 2).isEmpty)
        // A yes to the new ones holds for both.
        try catalogue.store(sweep, worker: worker(), files: edited)
        #expect(try changed(edited).isEmpty && changed(first).isEmpty)
        #expect(try changed(["net.py": Fixture.digest("three"), "more.py": Fixture.digest("more")]) == ["net.py"])
    }

    @Test func aStateToGoOnFromIsAResult() throws {
        try catalogue.store(sweep, worker: worker(), files: first)
        let trial = sweep.trials[0]
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, [trial])),
            .recoveryPoint(
                trial.training, AttemptNumber(1), ResumePoint(steps: 10, state: Fixture.digest("s")), bytes: 1),
        ])
        #expect(try changed(edited) == ["net.py"])
    }

    /// What a training leaves that runs may be recorded at any time.
    @Test func filesOfATrainingThatRunsMayNotChange() throws {
        try catalogue.store(sweep, worker: worker(), files: first)
        try catalogue.commit([.attemptIntended(Fixture.attempt(1, [sweep.trials[0]]))])
        #expect(try changed(first).isEmpty)
        #expect(try changed(edited) == ["net.py"])
        // What it began with is not forgotten for the other.
        try catalogue.store(sweep, worker: worker(), files: edited)
        #expect(try changed(first).isEmpty && changed(edited).isEmpty)
        try catalogue.commit([.attemptEnded(AttemptNumber(1), .cancelled)])
        #expect(try changed(["net.py": Fixture.digest("three")]).isEmpty, "it left nothing")
    }

    /// Of results of an earlier release nobody knows the files.
    @Test func whatNobodyRecordedIsNotMissed() throws {
        try catalogue.store(sweep)
        try recordResult()
        #expect(try changed(edited).isEmpty)
    }

    @Test func trialsTellTheirWeights() throws {
        try catalogue.store(sweep)
        try recordResult()
        let weights = try #require(Fixture.checkpoint(sweep.trials[0]).weights?.digest.hex)
        let rows = try catalogue.reader.rows("SELECT weights FROM trials ORDER BY steps").rows
        #expect(rows == [[.text(weights)], [.null]])
    }
}
