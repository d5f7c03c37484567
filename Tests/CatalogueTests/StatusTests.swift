import JobContract
import Reports
import SweepModel
import Testing

@testable import ResultCatalogue

@Suite struct StatusTests {
    @Test func statusShowsSweepsHostsAttemptsFailuresAndDisagreements() throws {
        let scratch = try Scratch()
        let catalogue = try Catalogue(path: scratch.catalogue)
        let sweep = Fixture.sweep()
        try catalogue.store(sweep)
        try catalogue.store(Fixture.sweep(name: "other", sizes: [256]))
        let report = StatusReport(try CatalogueReader(path: scratch.catalogue))
        #expect(try report.tables().map(\.name) == ["sweeps", "running", "hosts"])

        let trial = sweep.trials[0]
        let facts = HostFacts(machine: "m", boot: "b", cores: 4, memory: 8 << 30, cpu: "zen", free: 1 << 30)
        try catalogue.commit([
            .hostSeen("far", facts), .attemptIntended(Fixture.attempt(1, [trial], host: "far")),
            .attemptEnded(AttemptNumber(1), .jobFault("diverged")),
            .attemptIntended(Fixture.attempt(2, [sweep.trials[2]], host: "far")),
            .attemptStarted(AttemptNumber(2), nil), .trialState(trial.id, .failed, reason: "diverged thrice"),
            .trialState(sweep.trials[2].id, .running, reason: nil),
            .measured(AttemptNumber(2), Fixture.distances(sweep.trials[2])),
            .measured(AttemptNumber(2), Fixture.distances(sweep.trials[2], scale: 7)),
        ])
        let tables = Dictionary(uniqueKeysWithValues: try report.tables().map { ($0.name, $0) })
        let sweeps = try #require(tables["sweeps"])
        #expect(
            sweeps.columns == [
                "sweep", "revision", "trials", "waiting", "running", "succeeded", "failed", "cancelled", "stored_at",
            ])
        #expect(
            sweeps.rows.map { Array($0.prefix(8)) } == [
                [.text("dataset-size")] + [1, 8, 6, 1, 0, 1, 0].map { .integer($0) },
                [.text("other")] + [1, 4, 4, 0, 0, 0, 0].map { .integer($0) },
            ])
        #expect(tables["running"]?.rows.map { $0[0] } == [.integer(2)])
        #expect(tables["hosts"]?.rows.map { Array($0[5...9]) } == [[2, 1, 0, 1, 0].map { .integer($0) }])
        #expect(
            tables["failures"]?.rows == [
                [
                    .text("dataset-size"), .text(trial.id.hex), .text("far"), .integer(1), .text("diverged thrice"),
                ]
            ])
        #expect(tables["disagreements"]?.rows.count == 1)
        #expect(try report.tables(sweep: "other").first { $0.name == "running" }?.rows.isEmpty == true)
        #expect(try report.tables(sweep: "dataset-size").first { $0.name == "running" }?.rows.count == 1)
        #expect(throws: ReportError.self) { try report.tables(sweep: "none") }
    }
}
