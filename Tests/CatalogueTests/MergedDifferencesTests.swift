import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

/// Two catalogues' results of one trial are one result only where all of it is the same.
@Suite struct MergedDifferencesTests {
    let scratch: Scratch
    let ours: Catalogue
    let theirs: Catalogue
    let sweep = Fixture.sweep(name: "both", scales: [4], steps: [256])
    var first: Trial { sweep.trials[0] }

    init() throws {
        scratch = try Scratch()
        ours = try Catalogue(path: scratch.catalogue)
        theirs = try Catalogue(path: scratch.path + "/other.sqlite")
        for catalogue in [ours, theirs] {
            try catalogue.store(sweep)
            try catalogue.commit([.attemptIntended(Fixture.attempt(1, [first]))])
        }
    }

    private func merge(states: Bool = false) throws -> MergeOutcome {
        try ours.merge(try CatalogueReader(path: scratch.path + "/other.sqlite"), states: states)
    }

    private func checkpoint(_ bits: String, state: Bool, in catalogue: Catalogue) throws {
        try catalogue.commit([
            .milestone(
                first.training, first.id, AttemptNumber(1), Fixture.checkpoint(first, bits: bits, state: state))
        ])
    }

    /// Both with states, and from a catalogue that keeps none.
    @Test(arguments: [true, false]) func otherWeightsAreReported(state: Bool) throws {
        try checkpoint("", state: state, in: ours)
        try checkpoint("other", state: state, in: theirs)
        for _ in 0..<2 {
            let outcome = try merge()
            #expect(outcome.conflicts == [.init(trial: first.id.hex, about: "checkpoint")])
            #expect(outcome.checkpoints == 0)
        }
        let evidence = try ours.reader.evidence()
        let (kept, found) = (Fixture.checkpoint(first), Fixture.checkpoint(first, bits: "other"))
        #expect(evidence.count == 1 && evidence.first?.kind == .milestone)
        #expect(evidence.first?.found.contains(try #require(found.weights?.digest.hex)) == true)
        #expect(
            try ours.reader.rows("SELECT weights FROM milestone").rows == [
                [.text(try #require(kept.weights?.digest.hex))]
            ])
    }

    @Test func theSameWeightsAreNone() throws {
        try checkpoint("", state: true, in: ours)
        try checkpoint("", state: false, in: theirs)
        #expect(try merge().conflicts.isEmpty)
        #expect(try ours.reader.evidence().isEmpty)
    }

    /// A pair that was compared there and not here is new, with whomever else the first was compared.
    @Test func comparisonsWithOtherTrialsAreTaken() throws {
        let request = MeasureRequest(measure: "agreement", version: 1, parameters: ["samples": 8])
        func compared(_ other: String, _ value: Double) -> WorkerEvent.Measured {
            WorkerEvent.Measured(
                trial: first.id, request: request.comparing(with: [TrialID(Fixture.digest(other))]),
                checkpoint: Fixture.digest("w"), rows: [MeasureRow(quantity: "cosine", value: value, n: 8)],
                artifacts: [], seconds: 1)
        }
        try ours.commit([.measured(AttemptNumber(1), compared("a", 0.25))])
        try theirs.commit([
            .measured(AttemptNumber(1), compared("b", 0.5)), .measured(AttemptNumber(1), compared("a", 0.25)),
            .measured(AttemptNumber(1), compared("c", 0.75)),
        ])
        let outcome = try merge()
        #expect(outcome.measures == 2 && outcome.conflicts.isEmpty)
        let values = try ours.reader.rows(
            "SELECT d.members, v.value FROM measured d JOIN measurement v ON v.measured = d.key ORDER BY v.value"
        ).rows
        #expect(values.map { $0[1] } == [.real(0.25), .real(0.5), .real(0.75)])
        for (row, other) in zip(values, ["a", "b", "c"]) {
            #expect(row[0].text?.contains(Fixture.digest(other).hex) == true)
        }
        #expect(try merge().measures == 0)
    }

    /// An attempt that still ran there is none for us to wait for.
    @Test func whatRanThereIsNotOpenHere() throws {
        try ours.commit([.attemptEnded(AttemptNumber(1), .succeeded)])
        try checkpoint("", state: false, in: theirs)
        #expect(try theirs.reader.openAttempts().map(\.attempt) == [AttemptNumber(1)])
        #expect(try merge().checkpoints == 1)
        #expect(try ours.reader.openAttempts().isEmpty)
        #expect(
            try ours.reader.rows("SELECT outcome FROM attempt ORDER BY number").rows == [
                [.text("succeeded")], [.text("paused")],
            ])
    }
}
