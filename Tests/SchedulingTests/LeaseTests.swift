import JobContract
import Scheduling
import SweepModel
import Testing

@Suite struct LeaseTests {
    private let running = HeldAttempt.State.running

    @Test func silenceShorterThanTheLeaseChangesNothing() {
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("a"), .test("b")])
        bench.connect("a")
        bench.connect("b")
        bench.run("a", 1)
        _ = bench.starts()
        bench.disconnect("a")
        bench.wait(899)
        bench.connect("a", held: [bench.held(1, running)])
        #expect(bench.starts().isEmpty)
        #expect(bench.cancels.isEmpty)
    }

    @Test func aLeaseShorterThanSilencesAreRecordedExpiresInTime() {
        var policy = SchedulingPolicy()
        policy.leaseSeconds = 3
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("a"), .test("b")], policy: policy)
        bench.connect("a")
        bench.connect("b")
        bench.run("a", 1)
        _ = bench.starts()
        // Everything that was due since the start has been looked at.
        bench.wait(200)
        bench.disconnect("a")
        bench.wait(4)
        #expect(bench.starts().map(\.host) == ["b"])
    }

    @Test func afterTheLeaseAnotherHostGetsTheJobAndTheFirstResultStands() {
        var bench = Bench(sweep(["x": [10, 20]]), hosts: [.test("a"), .test("b")])
        bench.connect("a")
        bench.connect("b")
        bench.run("a", 1)
        _ = bench.starts()
        bench.disconnect("a")
        bench.wait(901)
        #expect(bench.outcome(of: 1) == nil, "only the host knows how it ended")
        let second = bench.starts()
        #expect(second.map(\.host) == ["b"])
        bench.run("b", 2)
        bench.connect("a", held: [bench.held(1, .ended(.exited(code: 0)))])
        bench.milestone("a", 1, 10)
        bench.milestone("a", 1, 20)
        #expect(bench.cancels == [2], "the job is done")
        bench.finish("a", 1)
        #expect(bench.outcome(of: 1) == .succeeded)
        bench.end("b", 2, .signalled(signal: 15))
        #expect(bench.outcome(of: 2) == .cancelled)
        #expect(bench.scheduler.ending == .settled)
        #expect(bench.scheduler.violations() == [])
    }

    @Test func ofTwoThatRunTheEarlierGoesOn() {
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("a"), .test("b")])
        bench.connect("a")
        bench.connect("b")
        bench.run("a", 1)
        bench.disconnect("a")
        bench.wait(901)
        bench.run("b", 2)
        bench.connect("a", held: [bench.held(1, running)])
        #expect(bench.cancels == [2])
        #expect(bench.scheduler.violations() == [])
    }

    /// Where the file of one of two running attempts is gone, its end is recorded though it works on: beside the other it
    /// is not needed.
    @Test func ofTwoThatRunTheOneWhoseFileIsGoneStops() {
        var bench = Bench(sweep(["x": [10, 20]]), hosts: [.test("a"), .test("b")])
        bench.connect("a")
        bench.connect("b")
        bench.run("a", 1)
        bench.event("a", 1, .failed(.init(kind: .missingInput, message: "the file is gone")))
        bench.disconnect("a")
        bench.wait(901)
        #expect(bench.starts().map(\.host) == ["a", "b"])
        bench.run("b", 2)
        bench.connect("a", held: [bench.held(1, running)])
        #expect(bench.cancels == [1])
        #expect(bench.scheduler.violations() == [])
    }

    @Test func anOrderThatDidNotArriveIsSentAgain() {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        let first = bench.starts()
        bench.disconnect("a")
        bench.connect("a")
        #expect(bench.starts() == first)
    }

    @Test func anAttemptThatItsHostForgotHasEnded() {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        bench.run("a", 1)
        _ = bench.starts()
        bench.disconnect("a")
        bench.connect("a", boot: "2")
        #expect(bench.outcome(of: 1)?.name == "host-fault")
        #expect(bench.starts().map(\.attempt.value) == [2])
    }

    private func holdings(_ attempts: Int...) -> Holdings {
        var holdings = Holdings()
        holdings.openAttempts = attempts.map {
            AttemptRecord(
                attempt: AttemptNumber($0), job: JobID(.named("job")), training: .named("x"), kind: .train,
                trials: [.named("x", 10)], host: "a", machine: "a", boot: "1", cpu: "test")
        }
        holdings.openTrials[.named("x", 10)] = .init(steps: 10, isWanted: true)
        return holdings
    }

    @Test func whatAnEarlierCoordinatorStartedIsTakenUp() {
        var bench = Bench(sweep(["x": [10]]), holdings: holdings(7))
        bench.connect("a", held: [bench.held(7, running)])
        #expect(bench.starts().isEmpty)
        bench.milestone("a", 7, 10)
        bench.finish("a", 7)
        #expect(bench.scheduler.ending == .settled)
    }

    @Test func whatAnEarlierCoordinatorOnlyIntendedIsDoneAnew() {
        var bench = Bench(sweep(["x": [10]]), holdings: holdings(7))
        bench.connect("a")
        #expect(bench.outcome(of: 7)?.name == "host-fault")
        #expect(bench.starts().map(\.attempt.value) == [8], "numbers only grow")
    }

    @Test func whatAHostNoLongerListedHeldIsWaitedForAndThenDoneElsewhere() {
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("b")], holdings: holdings(7))
        bench.connect("b")
        #expect(bench.starts().isEmpty)
        bench.wait(901)
        #expect(bench.outcome(of: 7)?.name == "host-fault")
        #expect(bench.starts().map(\.host) == ["b"])
    }

    @Test func aRenamedHostKeepsItsAttempts() {
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("b")], holdings: holdings(7))
        bench.connect("b", held: [bench.held(7, running)], machine: "a")
        bench.milestone("b", 7, 10)
        bench.finish("b", 7)
        #expect(bench.outcome(of: 7) == .succeeded)
        #expect(bench.scheduler.ending == .settled)
    }

    @Test func repeatedEventsAreRecordedOnce() {
        var bench = Bench(sweep(["x": [10, 20]]))
        bench.connect("a")
        bench.run("a", 1)
        bench.event("a", 1, .started(.test))
        _ = bench.starts()
        let file = OutputFile(path: "f", digest: .named("weights"), bytes: 1)
        let event = WorkerEvent.checkpoint(
            .init(steps: 10, milestone: true, weights: file, state: file, parameters: 1, seconds: 1))
        for _ in 0..<2 { bench.report("a", .event(AttemptNumber(1), event, end: 50)) }
        #expect(bench.changes.count { if case .milestone = $0 { true } else { false } } == 1)
        #expect(bench.actions.count { $0 == .acknowledge(AttemptNumber(1), offset: 50, on: "a") } == 2)
    }

    @Test func ofWorkersThatAreNotDeterministicOnlyTheLeasesHolderCounts() {
        var policy = SchedulingPolicy()
        policy.deterministic = false
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("a"), .test("b")], policy: policy)
        bench.connect("a")
        bench.connect("b")
        bench.run("a", 1)
        bench.disconnect("a")
        bench.wait(901)
        bench.run("b", 2)
        bench.connect("a", held: [bench.held(1, .ended(.exited(code: 0)))])
        bench.actions = []
        bench.milestone("a", 1, 10)
        #expect(!bench.changes.contains { if case .milestone = $0 { true } else { false } })
        bench.milestone("b", 2, 10)
        #expect(bench.changes.contains { if case .milestone = $0 { true } else { false } })
    }

    @Test func aProcessThatDoesNotGoAfterItsLastWordIsStopped() {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        bench.run("a", 1)
        bench.event("a", 1, .failed(.init(kind: .noSpace, message: "no space left")))
        bench.wait(599)
        #expect(bench.cancels.isEmpty)
        bench.wait(2)
        #expect(bench.cancels == [1])
        bench.end("a", 1, .signalled(signal: 9))
        #expect(bench.actions.contains(.release(AttemptNumber(1), on: "a")), "its job waits for it no longer")
        #expect(bench.scheduler.violations() == [])
    }
}
