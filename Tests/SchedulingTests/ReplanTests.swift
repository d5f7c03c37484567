import JobContract
import Scheduling
import SweepModel
import Testing

/// While a run goes on it changes what is wanted, or where.
@Suite struct ReplanTests {
    private func record(_ attempt: Int, _ name: String, _ steps: Int) -> AttemptRecord {
        AttemptRecord(
            attempt: AttemptNumber(attempt), job: JobID(.named("job")), training: .named(name), kind: .train,
            trials: [.named(name, steps)], host: "a", machine: "a", boot: "1", cpu: "test")
    }

    @Test func aRunEndsForItsSuccessorAndLeavesAttemptsAlone() {
        var bench = Bench(sweep(["x": [10], "y": [20]]))
        bench.connect("a")
        bench.run("a", 1)
        bench.actions = []
        bench.send(.replan)
        #expect(bench.scheduler.ending == .replan)
        #expect(bench.actions.isEmpty)
    }

    @Test func whoStopsDoesNotBeginAnew() {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        bench.send(.stop)
        bench.send(.replan)
        bench.wait(3)
        #expect(bench.scheduler.ending == .interrupted)
    }

    @Test func aDrainedHostFinishesWhatRunsAndGivesBackWhatWaits() {
        var holdings = Holdings()
        holdings.openAttempts = [record(1, "x", 10), record(2, "y", 20)]
        var bench = Bench(
            sweep(["x": [10], "y": [20], "z": [30]]), hosts: [.test("a"), .test("b")], holdings: holdings,
            drained: ["a": "drained"])
        bench.connect("a", held: [bench.held(1, .running), bench.held(2, .backlog)])
        #expect(bench.revokes == [2])
        #expect(bench.starts().isEmpty)
        bench.connect("b")
        #expect(bench.starts().map(\.training) == [.named("z")], "the other is not free before its host says so")
        bench.end("a", 2, .stopped(.cancelled, exit: nil))
        #expect(bench.outcome(of: 2) == .cancelled)
        bench.milestone("a", 1, 10)
        bench.finish("a", 1)
        #expect(bench.outcome(of: 1) == .succeeded)
        #expect(bench.starts().filter { $0.host == "a" }.isEmpty)
        #expect(bench.scheduler.violations() == [])
    }

    /// A coordinator that comes after the one that took them back does not know why they never began.
    @Test func whatWasTakenBackBeforeIsNoFaultOfItsHost() {
        var holdings = Holdings()
        holdings.openAttempts = (1...4).map { record($0, "x\($0)", 10) }
        var bench = Bench(
            sweep(["x1": [10], "x2": [10], "x3": [10], "x4": [10]]), hosts: [.test("a", slots: 4)], holdings: holdings)
        let end = AttemptEnd.stopped(.cancelled, exit: nil)
        bench.connect("a", held: (1...4).map { bench.held($0, .ended(end)) })
        for attempt in 1...4 { bench.end("a", attempt, end) }
        #expect((1...4).allSatisfy { bench.outcome(of: $0) == .cancelled })
        #expect(bench.starts().count == 4, "the host goes on")
    }

    /// A job that is told to stop holds its memory until it has stopped.
    @Test func whatNobodyWantsAnyMoreHoldsMemoryUntilItEnds() {
        var holdings = Holdings()
        holdings.openAttempts = [record(1, "x", 10)]
        holdings.settled = [.named("x", 10): .cancelled]
        var bench = Bench(
            sweep(["x": [10], "y": [20]], needs: JobNeeds(memory: 6)),
            hosts: [.test("a", slots: 2, memory: 10)], holdings: holdings)
        bench.connect("a", held: [bench.held(1, .running)])
        #expect(bench.cancels == [1])
        #expect(bench.starts().isEmpty)
        bench.end("a", 1, .stopped(.cancelled, exit: 0))
        #expect(bench.starts().map(\.training) == [.named("y")])
    }

    /// The same holds where the catalogue has the attempt's end already, though its worker does not listen.
    @Test(arguments: [true, false]) func whatIsOverHereHoldsMemoryUntilItEndsThere(isTold: Bool) {
        var bench = Bench(
            sweep(["x": [10], "y": [20]], needs: JobNeeds(memory: 6)), hosts: [.test("a", slots: 2, memory: 10)])
        bench.connect("a")
        bench.run("a", 1)
        bench.milestone("a", 1, 10)
        bench.disconnect("a")
        bench.finish("a", 1)
        _ = bench.starts()
        bench.connect("a", held: [bench.held(1, .running)])
        #expect(bench.cancels == [1])
        #expect(bench.starts().isEmpty && bench.scheduler.ending == nil)
        if isTold { bench.end("a", 1, .stopped(.cancelled, exit: -9)) } else { bench.wait(26) }
        #expect(bench.starts().count == 1, "for one of them there is room")
    }

    @Test func drainingEveryHostEndsTheRunWhenNothingRunsAnyMore() {
        var holdings = Holdings()
        holdings.openAttempts = [record(1, "x", 10)]
        var bench = Bench(
            sweep(["x": [10], "y": [20]]), holdings: holdings, drained: ["a": "drained: hosts undrain brings it back"])
        bench.connect("a", held: [bench.held(1, .running)])
        #expect(bench.scheduler.ending == nil)
        bench.milestone("a", 1, 10)
        bench.finish("a", 1)
        guard case .noUsableHost(let reason)? = bench.scheduler.ending else {
            Issue.record("it goes on")
            return
        }
        #expect(reason.contains("undrain"))
    }

    @Test func silenceIsCountedOnAcrossAReplan() {
        var first = Bench(sweep(["x": [10]]), hosts: [.test("a"), .test("b")])
        first.connect("a")
        first.run("a", 1)
        first.disconnect("a")
        first.wait(600)
        first.send(.replan)
        var holdings = Holdings()
        holdings.openAttempts = [record(1, "x", 10)]
        var bench = Bench(
            sweep(["x": [10]]), hosts: [.test("a"), .test("b")], holdings: holdings, handover: first.handover,
            at: first.seconds)
        bench.connect("b")
        bench.wait(299)
        #expect(bench.starts().isEmpty)
        bench.wait(2)
        #expect(bench.starts().map(\.host) == ["b"])
    }

    @Test func aHostGivenUpStaysGivenUpUntilSomeoneSaysOtherwise() {
        var first = Bench(sweep(["x": [10]]), hosts: [.test("a")])
        first.connect("a")
        first.disconnect("a", .hostKeyChanged)
        var handover = first.handover
        var bench = Bench(sweep(["x": [10]]), handover: handover)
        bench.connect("a")
        #expect(bench.starts().isEmpty)
        handover.hosts["a"] = nil
        bench = Bench(sweep(["x": [10]]), handover: handover)
        bench.connect("a")
        #expect(bench.starts().count == 1)
    }
}
