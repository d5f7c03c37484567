import JobContract
import Scheduling
import SweepModel
import Testing

/// Hosts hold attempts of a copy of the catalogue, whose numbers are this catalogue's too.
@Suite struct CopiedCatalogueTests {
    private func holds(_ number: Int, _ job: String, _ state: HeldAttempt.State) -> HeldAttempt {
        HeldAttempt(attempt: AttemptNumber(number), job: JobID(.named(job)), state: state)
    }

    @Test func numbersThatAHostKnowsAreNotGivenAgain() {
        var bench = Bench(sweep(["x": [10]]))
        let numbers = [1, 2, 4]
        bench.connect("a", held: numbers.map { holds($0, "another", .ended(.exited(code: 0))) })
        for number in numbers { #expect(bench.actions.contains(.release(AttemptNumber(number), on: "a"))) }
        #expect(bench.starts().map(\.attempt.value) == [3])
        bench.end("a", 3, .exited(code: 1))
        #expect(bench.starts().map(\.attempt.value) == [5])
    }

    /// Whatever a host says that it holds, the numbers of this catalogue go on as they were.
    @Test(arguments: [1 << 52, (1 << 53) - 1, 1 << 53, .max - 7, .max]) func absurdNumbersMoveNothing(number: Int) {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a", held: [holds(number, "another", .running)])
        #expect(bench.cancels == [number])
        #expect(bench.starts().map(\.attempt.value) == [1])
        bench.run("a", 1)
        bench.milestone("a", 1, 10)
        bench.finish("a", 1)
        #expect(bench.outcome(of: 1) == .succeeded)
    }

    /// An attempt that a copy gave the host has its memory until it ends, or for as long as a host may take to end it.
    @Test(arguments: [true, false]) func whatACopyRunsHasItsMemoryUntilItEnds(isTold: Bool) {
        var bench = Bench(
            sweep(["x": [10]], needs: JobNeeds(memory: 600)), hosts: [.test("a", slots: 2, memory: 1000)])
        bench.connect("a", held: [holds(1, "another", .running)])
        #expect(bench.cancels == [1])
        #expect(bench.starts().isEmpty)
        if isTold { bench.end("a", 1, .signalled(signal: 9)) } else { bench.wait(26) }
        #expect(bench.starts().map(\.attempt.value) == [2])
        #expect(bench.scheduler.violations() == [])
    }

    /// An attempt moves with its machine from one name to another, and to no other machine that says it has it.
    @Test(arguments: [true, false]) func anAttemptFollowsItsMachineOnly(isSameMachine: Bool) {
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("a"), .test("b")])
        bench.connect("a")
        bench.run("a", 1)
        bench.disconnect("a")
        bench.actions = []
        bench.connect("b", held: [bench.held(1, .running)], machine: isSameMachine ? "a" : "b")
        #expect(bench.cancels == (isSameMachine ? [] : [1]))
        bench.milestone("b", 1, 10)
        #expect(bench.changes.contains { if case .milestone = $0 { true } else { false } } == isSameMachine)
        #expect(bench.scheduler.violations() == [])
    }

    @Test func anAttemptWhoseNumberStandsForAnotherJobThereIsOver() {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        bench.run("a", 1)
        bench.disconnect("a")
        bench.actions = []
        bench.connect("a", held: [holds(1, "another", .running)])
        #expect(bench.outcome(of: 1)?.name == "host-fault")
        #expect(bench.cancels == [1], "the stranger is ended")
        #expect(bench.starts().map(\.attempt.value) == [2])
        bench.milestone("a", 1, 10)
        #expect(bench.changes.isEmpty, "nothing of the stranger is recorded")
        #expect(bench.scheduler.violations() == [])
    }

    /// The event may be the other catalogue's, and the host must still be able to tell that catalogue of it.
    @Test func whatAStrangerSaysIsNotAcknowledged() {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a", held: [holds(7, "another", .running)])
        bench.actions = []
        bench.milestone("a", 7, 10)
        #expect(Set(bench.cancels) == [7])
        #expect(!bench.actions.contains { if case .acknowledge = $0 { true } else { false } })
    }

    @Test func whatAnotherHostSaysOfANumberIsNotOfThisAttempt() {
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("a"), .test("b")])
        bench.connect("a")
        bench.run("a", 1)
        bench.event("a", 1, .started(.test))
        bench.actions = []
        bench.connect("b", held: [holds(1, "another", .running)])
        #expect(bench.actions.contains(.cancel(AttemptNumber(1), on: "b")))
        bench.actions = []
        bench.milestone("b", 1, 10)
        bench.end("b", 1, .exited(code: 0))
        #expect(bench.changes.isEmpty)
        bench.milestone("a", 1, 10)
        #expect(
            bench.changes.contains { if case .milestone = $0 { true } else { false } }, "the host's own attempt goes on"
        )
        #expect(bench.scheduler.violations() == [])
    }
}
