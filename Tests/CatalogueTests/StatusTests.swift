import Foundation
import JobContract
import Reports
import ResultQueries
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
        #expect(try report.tables().map(\.name) == ["sweeps", "running", "hosts", "store"])

        let trial = sweep.trials[0]
        let facts = HostFacts(machine: "m", boot: "b", cores: 4, memory: 8 << 30, cpu: "zen", free: 1 << 30)
        try catalogue.commit([
            .hostSeen("far", facts), .attemptIntended(Fixture.attempt(1, [trial], host: "far")),
            .attemptEnded(AttemptNumber(1), .jobFault("diverged")),
            .attemptIntended(Fixture.attempt(2, Array(sweep.trials[2...3]), host: "far")),
            .attemptStarted(AttemptNumber(2), nil), .trialState(trial.id, .failed, reason: "diverged thrice"),
            .trialState(sweep.trials[2].id, .running, reason: nil),
            .measured(AttemptNumber(2), Fixture.distances(sweep.trials[2])),
            .measured(AttemptNumber(2), Fixture.distances(sweep.trials[2], scale: 7)),
        ])
        let tables = Dictionary(uniqueKeysWithValues: try report.tables().map { ($0.name, $0) })
        let sweeps = try #require(tables["sweeps"])
        #expect(
            sweeps.columns == [
                "sweep", "revision", "trials", "waiting", "running", "succeeded", "failed", "cancelled", "done",
                "seconds_left",
                "stored_at",
            ])
        #expect(
            sweeps.rows.map { Array($0.prefix(8)) } == [
                [.text("dataset-size")] + integers(1, 8, 6, 1, 0, 1, 0),
                [.text("other")] + integers(1, 4, 4, 0, 0, 0, 0),
            ])
        #expect(tables["running"]?.rows.map { $0[0] } == [.integer(2)])
        let running = tables["running_trials"]
        #expect(running?.columns == ["attempt", "kind", "host", "started_at", "trial_id", "point"])
        #expect(
            running?.rows.map { [$0[0], $0[4]] } == [
                [.integer(2), .text(sweep.trials[2].id.hex)], [.integer(2), .text(sweep.trials[3].id.hex)],
            ])
        #expect(tables["hosts"]?.rows.map { Array($0[5...9]) } == [integers(2, 1, 0, 1, 0)])
        #expect(
            tables["failures"]?.rows == [
                [
                    .text("dataset-size"), .text(trial.id.hex), .text("far"), .integer(1), .text("diverged thrice"),
                    .text("N=16 scale=4 256 steps"),
                ]
            ])
        #expect(tables["disagreements"]?.rows.count == 1)
        #expect(try report.tables(sweep: "other").first { $0.name == "running" }?.rows.isEmpty == true)
        #expect(try report.tables(sweep: "dataset-size").first { $0.name == "running" }?.rows.count == 1)
        #expect(throws: ReportError.self) { try report.tables(sweep: "none") }
    }

    @Test func aTrialThatIsToBeMadeAgainIsTold() throws {
        let scratch = try Scratch()
        let catalogue = try Catalogue(path: scratch.catalogue)
        let sweep = Fixture.sweep()
        try catalogue.store(sweep)
        let trial = sweep.trials[1]
        try catalogue.commit(
            DamagedCopies.measured(trial, attempt: 1) + [.trialState(trial.id, .succeeded, reason: nil)])
        let report = StatusReport(try CatalogueReader(path: scratch.catalogue))
        #expect(try report.tables().map(\.name) == ["sweeps", "running", "hosts", "store", "running_trials"])
        #expect(try catalogue.wantAgain([trial.id], because: "its weights were lost") == 1)
        let lost = try #require(try report.tables(sweep: "dataset-size").first { $0.name == "lost_files" })
        #expect(lost.columns == ["sweep", "trial_id", "reason", "point"])
        #expect(
            lost.rows == [
                [
                    .text("dataset-size"), .text(trial.id.hex), .text("its weights were lost"),
                    .text("N=16 scale=4 1.02k steps"),
                ]
            ])
    }

    /// A run that goes on with nothing any more is at its end, as its bar says; before that, what failed is not awaited.
    @Test func whatFailedOrWasCancelledIsNotAwaited() throws {
        let scratch = try Scratch()
        let catalogue = try Catalogue(path: scratch.catalogue)
        let sweep = Fixture.sweep(sizes: [16], scales: [4, 8, 16], steps: [256, 512])
        try catalogue.store(sweep)
        let (small, middle, large) = (sweep.trials[0...1], sweep.trials[2...3], sweep.trials[4...5])
        func share() throws -> ResultTable.Cell { try StatusReport(catalogue.reader).tables()[0].rows[0][8] }
        try catalogue.commit(large.map { .trialState($0.id, .failed, reason: "diverged") })
        let first = try #require(small.first)
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, Array(small))),
            .milestone(first.training, first.id, AttemptNumber(1), Fixture.checkpoint(first)),
        ])
        let costs = try [small, middle].map { trials in
            let trial = try #require(trials.first)
            return try #require(sweep.trainings[trial.training]).cost(steps: 512)
        }
        #expect(try share() == .number(costs[0] / 2 / (costs[0] + costs[1])))
        try catalogue.commit(
            [small, middle].flatMap { $0 }.map { .trialState($0.id, .failed, reason: "diverged") })
        #expect(try share() == .number(1))
    }

    /// A step of one architecture costs other than a step of another of the same scale.
    @Test func progressIsWeighedByArchitecture() throws {
        let scratch = try Scratch()
        let catalogue = try Catalogue(path: scratch.catalogue)
        var sweep = Fixture.sweep(sizes: [16], scales: [16], steps: [256])
        let other = Fixture.training(size: 16, scale: 16, architecture: "bias-free-unet")
        sweep.trainings[other.id] = other
        sweep.datasets[other.id] = sweep.datasets.values.first
        let trial = Trial(
            id: Fixture.trialID(other, steps: 256), training: other.id, steps: 256, position: 1, asked: [:])
        sweep.trials.append(trial)
        try catalogue.store(sweep)
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, [trial])),
            .milestone(other.id, trial.id, AttemptNumber(1), Fixture.checkpoint(trial)),
        ])
        let costs = try [#require(sweep.trainings[sweep.trials[0].training]), other].map { $0.cost(steps: 256) }
        #expect(costs[0] == 8 * costs[1])
        let share = try StatusReport(catalogue.reader).tables()[0].rows[0][8]
        #expect(share == .number(1.0 / 9))
        #expect(try catalogue.reader.wrongCounts() == [])
    }

    /// Two trainings of 1024 steps are at scale 4 and one at scale 8: a step costs 80, 80 and 192, relatively.
    @Test func progressIsWeighedByCostAndTimeLeftFollowsTheRunningAttempts() throws {
        let scratch = try Scratch()
        let clock = TestClock()
        let catalogue = try Catalogue(path: scratch.catalogue, clock: { clock.now })
        var sweep = Fixture.sweep(sizes: [16, 64], scales: [4, 8])
        sweep.trials.removeAll { sweep.trainings[$0.training]?.spec["model.scale"] == 8 && $0.position > 3 }
        try catalogue.store(sweep)
        let report = StatusReport(catalogue.reader)
        func progress() throws -> [ResultTable.Cell] { Array(try report.tables(now: clock.now)[0].rows[0][8...9]) }
        func check(_ cell: ResultTable.Cell, _ value: Double) {
            if case .number(let number) = cell {
                #expect(abs(number / value - 1) < 1e-3)
            } else {
                #expect(cell == .null)
            }
        }
        #expect(try progress() == [.number(0), .null])

        let whole = Double(2 * 80 + 192) * 1024
        let small = sweep.trials[0...1]
        let large = sweep.trials[2...3]
        #expect(small.map(\.steps) == [256, 1024] && large.map(\.steps) == [256, 1024])
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, Array(small))), .attemptStarted(AttemptNumber(1), nil),
        ])
        clock.now += 50
        // Nothing is recorded yet, so there is no estimate.
        #expect(try progress()[1] == .null)
        try catalogue.commit([
            .milestone(small[0].training, small[0].id, AttemptNumber(1), Fixture.checkpoint(small[0]))
        ])
        clock.now += 50
        let first = 80.0 * 256
        var cells = try progress()
        check(cells[0], first / whole)
        #expect(cells[1] != .null)
        check(cells[1], (whole - first) / first * 100)

        // The training was interrupted at 512 steps and goes on: the way to 512 is not this run's doing.
        let far = ResumePoint(steps: 512, state: Fixture.digest("r"))
        try catalogue.commit([
            .recoveryPoint(small[0].training, AttemptNumber(1), far, bytes: 1),
            .attemptEnded(AttemptNumber(1), .paused),
        ])
        check(try progress()[0], 80 * 512 / whole)
        #expect(try progress()[1] == .null)
        clock.now += 1000
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(2, [small[1]])), .attemptStarted(AttemptNumber(2), nil),
            .attemptIntended(Fixture.attempt(3, Array(large))), .attemptStarted(AttemptNumber(3), nil),
        ])
        clock.now += 10
        let later = ResumePoint(steps: 768, state: Fixture.digest("later"))
        try catalogue.commit([.recoveryPoint(small[0].training, AttemptNumber(2), later, bytes: 1)])
        #expect(try progress()[1] == .null)
        try catalogue.commit([
            .milestone(large[2].training, large[2].id, AttemptNumber(3), Fixture.checkpoint(large[2]))
        ])
        cells = try progress()
        let done = 80.0 * 768 + 192 * 256
        check(cells[0], done / whole)
        #expect(cells[1] != .null)
        check(cells[1], (whole - done) / (192 * 256) * 10)
    }
}

private final class TestClock: @unchecked Sendable {
    var now = Date(timeIntervalSince1970: 1_800_000_000)
}

private func integers(_ values: Int64...) -> [ResultTable.Cell] { values.map { .integer($0) } }
