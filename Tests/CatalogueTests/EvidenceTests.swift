import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

/// A second result leaves evidence of whatever differs; equal values, and values that were not told, leave none.
@Suite struct EvidenceTests {
    let scratch: Scratch
    let catalogue: Catalogue
    let sweep = Fixture.sweep()
    var trial: Trial { sweep.trials[0] }

    init() throws {
        scratch = try Scratch()
        catalogue = try Catalogue(path: scratch.catalogue)
        try catalogue.store(sweep)
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, [trial])), .attemptIntended(Fixture.attempt(2, [trial])),
        ])
    }

    private func checkpoint(_ weights: String, _ state: String?) -> WorkerEvent.Checkpoint {
        var checkpoint = Fixture.checkpoint(trial)
        checkpoint.weights?.digest = Fixture.digest(weights)
        checkpoint.state = state.map { OutputFile(path: "s", digest: Fixture.digest($0), bytes: 3000) }
        return checkpoint
    }

    struct Second: Sendable {
        var weights: String
        var kept: String?
        var found: String?
        var differs: Bool
    }

    @Test(arguments: [
        Second(weights: "other", kept: nil, found: nil, differs: true),
        Second(weights: "other", kept: "s", found: "s", differs: true),
        Second(weights: "other", kept: "s", found: nil, differs: true),
        Second(weights: "other", kept: nil, found: "s", differs: true),
        Second(weights: "w", kept: "s", found: "t", differs: true),
        Second(weights: "w", kept: "s", found: nil, differs: false),
        Second(weights: "w", kept: nil, found: "s", differs: false),
        Second(weights: "w", kept: "s", found: "s", differs: false),
    ])
    func aSecondCheckpoint(second: Second) throws {
        func commit(_ attempt: Int, _ weights: String, _ state: String?) throws {
            try catalogue.commit([
                .milestone(trial.training, trial.id, AttemptNumber(attempt), checkpoint(weights, state))
            ])
        }
        try commit(1, "w", second.kept)
        try commit(2, second.weights, second.found)
        let evidence = try catalogue.reader.evidence()
        #expect(evidence.map(\.attempt) == (second.differs ? [AttemptNumber(2)] : []))
        if let found = evidence.first {
            #expect(found.kind == .milestone && found.found.contains(Fixture.digest(second.weights).hex))
        }
        #expect(
            try catalogue.reader.rows("SELECT weights FROM milestone").rows == [[.text(Fixture.digest("w").hex)]])
    }

    private static let changes: [(what: String, change: @Sendable (inout WorkerEvent.Measured) -> Void)] = [
        ("another file", { $0.artifacts[0].file.digest = Fixture.digest("other") }),
        ("another name", { $0.artifacts[0].name = "other" }),
        ("no file", { $0.artifacts = [] }), ("a file more", { $0.artifacts.append($0.artifacts[0]) }),
        ("another checkpoint", { $0.checkpoint = Fixture.digest("other") }),
        ("another value", { $0.rows[1].value = $0.rows[1].value?.nextUp }), ("no value", { $0.rows[1].value = nil }),
        ("another n", { $0.rows[1].n = 255 }), ("another error", { $0.rows[0].stderr = 0.02 }),
        ("another level", { $0.rows[1].sigma = 2 }), ("another position", { $0.rows[1].position = 1 }),
        ("another quantity", { $0.rows[1].quantity = "gl_other" }), ("another order", { $0.rows.swapAt(0, 1) }),
        ("a row less", { $0.rows.removeLast() }),
    ]

    @Test(arguments: changes.indices) func aSecondMeasure(change: Int) throws {
        let first = Fixture.memorized(trial, glScore: 0.2, copied: 0.9)
        var second = first
        Self.changes[change].change(&second)
        try catalogue.commit([.measured(AttemptNumber(1), first)])
        let rows = try catalogue.reader.rows("SELECT * FROM measurements").rows
        try catalogue.commit([.measured(AttemptNumber(2), first)])
        #expect(try catalogue.reader.evidence().isEmpty)
        try catalogue.commit([.measured(AttemptNumber(2), second)])
        #expect(try catalogue.reader.evidence().map(\.measure) == ["memorization"], "\(Self.changes[change].what)")
        #expect(try catalogue.reader.rows("SELECT * FROM measurements").rows == rows)
    }

    /// A file that was lost is not asked for again and again where measuring again leaves another.
    @Test func aFileInWhosePlaceAnotherCameIsNotMadeAgain() throws {
        func commit(_ attempt: Int, _ name: String) throws {
            var measured = Fixture.memorized(trial, glScore: 0.2, copied: 0.9)
            measured.artifacts[0].file.digest = Fixture.digest(name)
            try catalogue.commit([
                .milestone(trial.training, trial.id, AttemptNumber(attempt), Fixture.checkpoint(trial)),
                .measured(AttemptNumber(attempt), measured),
            ])
        }
        func artifacts() throws -> [Holdings.MeasuredUnit: [Digest]] {
            try catalogue.reader.holdings(of: [trial.training]).artifacts
        }
        try commit(1, "first")
        try commit(2, "first")
        #expect(Array(try artifacts().values) == [[Fixture.digest("first")]])
        try commit(2, "second")
        #expect(try artifacts().isEmpty)
    }

    /// In whatever order states came, a training goes on from the longest, and the shorter ones are told.
    @Test(arguments: [[0, 1, 2], [2, 1, 0], [1, 2, 0]]) func theLongestStateIsGoneOnFrom(order: [Int]) throws {
        let (short, long) = (sweep.trials[0], sweep.trials[1])
        // Another attempt is under way, so that no state is retired.
        let changes: [CatalogueChange] = [
            .milestone(short.training, short.id, AttemptNumber(1), Fixture.checkpoint(short)),
            .recoveryPoint(
                short.training, AttemptNumber(1), ResumePoint(steps: 500, state: Fixture.digest("middle")), bytes: 9),
            .milestone(long.training, long.id, AttemptNumber(1), Fixture.checkpoint(long)),
        ]
        let points = [
            ResumePoint(steps: short.steps, state: try #require(Fixture.checkpoint(short).state?.digest)),
            ResumePoint(steps: 500, state: Fixture.digest("middle")),
            ResumePoint(steps: long.steps, state: try #require(Fixture.checkpoint(long).state?.digest)),
        ]
        for count in 1...3 {
            try catalogue.commit([changes[order[count - 1]]])
            let there = order.prefix(count).map { points[$0] }.sorted { $0.steps < $1.steps }
            let holdings = try catalogue.reader.holdings(of: [short.training])
            #expect(holdings.states[short.training] == there.last)
            #expect(
                holdings.shorterStates[short.training, default: []].sorted { $0.steps < $1.steps } == there.dropLast())
        }
    }
}
