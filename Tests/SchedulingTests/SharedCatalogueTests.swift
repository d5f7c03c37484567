import JobContract
import Scheduling
import SweepModel
import Testing

/// Other sweeps of the same catalogue have left attempts on hosts.
@Suite struct SharedCatalogueTests {
    /// A host with one slot, and a host still to come whose slots leave no job for a backlog.
    private let hosts = [HostSpec.test("a"), .test("b", slots: 2)]

    /// Attempt 7 on host "a" is of the training "x" at these lengths, of which some sweep wants those that are true.
    private func holdings(_ trials: KeyValuePairs<Int, Bool>, kind: AttemptKind = .train) -> Holdings {
        var holdings = Holdings()
        holdings.openAttempts = [
            AttemptRecord(
                attempt: AttemptNumber(7), job: JobID(.named("job")), training: .named("x"), kind: kind,
                trials: trials.map { .named("x", $0.key) }, host: "a", machine: "a", boot: "1", cpu: "test")
        ]
        for (steps, isWanted) in trials {
            holdings.openTrials[.named("x", steps)] = .init(steps: steps, isWanted: isWanted)
        }
        return holdings
    }

    private func acknowledges(_ bench: Bench) -> Bool {
        bench.actions.contains { if case .acknowledge(AttemptNumber(7), _, _) = $0 { true } else { false } }
    }

    private func milestones(_ bench: Bench) -> [TrialID] {
        bench.changes.compactMap { if case .milestone(_, let trial, _, _) = $0 { trial } else { nil } }
    }

    private func isReleased(_ bench: Bench) -> Bool { bench.actions.contains(.release(AttemptNumber(7), on: "a")) }

    @Test func anotherSweepsAttemptsAreLeftAlone() {
        var bench = Bench(sweep(["y": [10]]), hosts: [.test("a", slots: 2)], holdings: holdings([10: true]))
        bench.connect("a", held: [bench.held(7, .running)])
        bench.event("a", 7, .finished)
        bench.end("a", 7, .exited(code: 0))
        #expect(bench.cancels.isEmpty)
        #expect(!isReleased(bench))
        #expect(!acknowledges(bench))
    }

    @Test func whatAnotherSweepHasNotCollectedStaysOnItsHost() {
        var bench = Bench(sweep(["y": [10], "z": [20]]), hosts: hosts, holdings: holdings([10: true]))
        bench.connect("a", held: [bench.held(7, .running)])
        #expect(bench.starts().isEmpty, "its place is taken")
        bench.end("a", 7, .exited(code: 0))
        #expect(bench.starts().map(\.attempt.value) == [8], "its place is free")
        for _ in 0..<2 {
            bench.disconnect("a")
            bench.connect("a", held: [bench.held(7, .ended(.exited(code: 0))), bench.held(8, .running)])
            bench.milestone("a", 7, 10)
            bench.end("a", 7, .exited(code: 0))
        }
        #expect(bench.cancels.isEmpty)
        #expect(!isReleased(bench))
        #expect(!acknowledges(bench))
        #expect(bench.starts().isEmpty)
        #expect(bench.scheduler.violations() == [])
    }

    @Test func whatEndedBeforeThisRunTakesNoPlace() {
        var bench = Bench(sweep(["y": [10]]), hosts: hosts, holdings: holdings([10: true]))
        bench.connect("a", held: [bench.held(7, .ended(.exited(code: 0)))])
        #expect(!isReleased(bench))
        #expect(bench.starts().map(\.attempt.value) == [8])
    }

    @Test func whatTheCatalogueDoesNotKnowIsReleased() {
        var bench = Bench(sweep(["y": [10]]))
        bench.connect("a", held: [bench.held(7, .ended(.exited(code: 0)))])
        #expect(isReleased(bench))
    }

    @Test func trialsOfAnotherSweepInOurAttemptAreRecordedAndWaitedFor() {
        var bench = Bench(sweep(["x": [10]]), holdings: holdings([10: true, 20: true]))
        bench.connect("a", held: [bench.held(7, .running)])
        bench.milestone("a", 7, 10)
        #expect(bench.scheduler.ending == .settled, "the rest is no business of this run")
        bench.disconnect("a")
        bench.connect("a", held: [bench.held(7, .running)])
        #expect(bench.cancels.isEmpty)
        bench.milestone("a", 7, 20)
        #expect(milestones(bench) == [.named("x", 10), .named("x", 20)])
        bench.finish("a", 7)
        #expect(bench.outcome(of: 7) == .succeeded)
        #expect(isReleased(bench))
        #expect(bench.scheduler.violations() == [])
    }

    @Test func cancellingOurSweepSparesWhatAnotherSharesWithIt() {
        var bench = Bench(sweep(["x": [10]]), holdings: holdings([10: true, 20: true]))
        bench.connect("a", held: [bench.held(7, .running)])
        bench.send(.cancelAll)
        #expect(bench.cancels.isEmpty)
        #expect(bench.scheduler.ending == .cancelled)
    }

    @Test func whatNobodyWantsAnyMoreIsStoppedAndCollected() {
        var bench = Bench(sweep(["x": [30]]), hosts: [.test("a", slots: 2)], holdings: holdings([10: false]))
        bench.connect("a", held: [bench.held(7, .running)])
        #expect(bench.cancels == [7])
        bench.milestone("a", 7, 10)
        #expect(milestones(bench) == [.named("x", 10)])
        #expect(acknowledges(bench))
        bench.event("a", 7, .paused(steps: 15))
        bench.end("a", 7, .exited(code: 0))
        #expect(bench.outcome(of: 7) == .cancelled)
        #expect(isReleased(bench))
        #expect(bench.scheduler.violations() == [])
    }
}
