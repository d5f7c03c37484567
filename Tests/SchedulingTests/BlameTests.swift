import JobContract
import Scheduling
import SweepModel
import Testing

@Suite struct BlameTests {
    private func failing(_ end: AttemptEnd, after event: WorkerEvent? = nil) -> (AttemptOutcome?, [Assignment]) {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        bench.run("a", 1)
        bench.seconds += 100
        _ = bench.starts()
        if let event { bench.event("a", 1, event) }
        bench.end("a", 1, end)
        let outcome = bench.outcome(of: 1)
        return (outcome, bench.starts())
    }

    @Test(arguments: [.exited(code: 3), .exited(code: 0), .signalled(signal: 11)] as [AttemptEnd])
    func theJobIsCharged(end: AttemptEnd) {
        let (outcome, next) = failing(end)
        #expect(outcome?.name == "job-fault")
        #expect(next.count == 1, "and tried again")
    }

    /// A coordinator that started later does not know that the stop was asked for; the host does.
    @Test(arguments: [-15, -9, 0, 143, nil] as [Int?]) func whatItsAgentStoppedForUsIsCancelled(exit: Int?) {
        let (outcome, _) = failing(.stopped(.cancelled, exit: exit))
        #expect(outcome == .cancelled)
    }

    @Test func whatItsAgentStoppedByItselfIsNobodyElsesSignal() {
        let full = failing(.stopped(.noSpace, exit: -9)).0
        #expect(full?.name == "host-fault" && full?.reason?.contains("disk was nearly full") == true)
        let broken = failing(.stopped(.misbehaved, exit: -15)).0
        #expect(broken?.name == "job-fault" && broken?.reason?.contains("broke the job contract") == true)
    }

    @Test(arguments: [.vanished, .signalled(signal: 4), .signalled(signal: 15)] as [AttemptEnd])
    func theHostIsCharged(end: AttemptEnd) {
        let (outcome, next) = failing(end)
        #expect(outcome?.name == "host-fault")
        #expect(next.count == (end == .signalled(signal: 4) ? 0 : 1), "a CPU that lacks something will lack it again")
    }

    @Test func anIllegalInstructionAfterTheStartIsTheJobs() {
        let (outcome, next) = failing(.signalled(signal: 4), after: .started(.test))
        #expect(outcome?.name == "job-fault")
        #expect(next.count == 1)
    }

    @Test func aKilledJobIsTriedOnceMoreWithTwiceTheMemory() {
        let sweep = sweep(["x": [10], "y": [20], "z": [30]], needs: JobNeeds(memory: 3 << 30))
        var bench = Bench(sweep, hosts: [.test("a", slots: 2, memory: 8 << 30)])
        bench.connect("a")
        #expect(bench.starts().count == 3, "two run and one waits")
        bench.run("a", 1)
        bench.run("a", 2)
        bench.seconds += 100
        bench.end("a", 1, .signalled(signal: 9))
        #expect(bench.outcome(of: 1)?.name == "killed")
        #expect(bench.starts().isEmpty, "six gigabytes are free only when the other has ended")
        bench.run("a", 3)
        bench.milestone("a", 2, 30)
        bench.finish("a", 2)
        bench.milestone("a", 3, 20)
        bench.finish("a", 3)
        #expect(bench.starts().map(\.training) == [.named("x")])
        bench.run("a", 4)
        bench.end("a", 4, .signalled(signal: 9))
        #expect(bench.outcome(of: 4)?.name == "job-fault")
        #expect(bench.scheduler.violations() == [])
    }

    @Test func aSlowMachinesLimitIsWhatItHas() {
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("a", slots: 1, memory: 8 << 30)])
        bench.connect("a")
        bench.run("a", 1)
        bench.end("a", 1, .signalled(signal: 9))
        #expect(bench.starts().count == 2, "no host has more, so it is tried with all there is")
    }

    @Test func threeFaultsOnOneHostDoNotSetAsideWhileThereIsAnother() {
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("a"), .test("b")])
        bench.connect("a")
        for attempt in 1...3 {
            bench.run("a", attempt)
            bench.seconds += 31
            bench.end("a", attempt, .exited(code: 1))
        }
        #expect(bench.scheduler.failures == 0)
        bench.actions = []
        bench.end("a", 4, .neverStarted(reason: "no such file"))
        bench.connect("b")
        #expect(bench.starts().map(\.host) == ["b"])
        bench.run("b", 5)
        bench.seconds += 40
        bench.end("b", 5, .exited(code: 1))
        #expect(bench.scheduler.failures == 1)
        #expect(bench.scheduler.violations() == [])
    }

    @Test func aFullDiskIsTheHostsFaultAndRestsIt() {
        let (outcome, next) = failing(
            .exited(code: 1), after: .failed(.init(kind: .noSpace, message: "the disk is full")))
        #expect(outcome == .hostFault("the disk is full"))
        #expect(next.isEmpty, "the host rests")
    }

    @Test func aJobIsSetAsideAfterThreeFaults() {
        var bench = Bench(sweep(["x": [10, 20]], measures: ["m"]))
        bench.connect("a")
        for attempt in 1...3 {
            #expect(bench.starts().map(\.attempt.value) == [attempt])
            bench.run("a", attempt)
            bench.seconds += 100
            bench.end("a", attempt, .exited(code: 1))
        }
        #expect(
            bench.changes.contains {
                $0 == .trialState(.named("x", 20), .failed, reason: "the worker ended with exit code 1")
            })
        #expect(bench.starts().isEmpty)
        #expect(bench.scheduler.ending == .settled)
        #expect(bench.scheduler.failures == 2)
    }

    /// The first line of a reason, which alone is seen in lists, names the cause; all that was said follows.
    @Test(arguments: [
        ("no memory left\n", ": no memory left\n"), ("", ""), ("\n \n", ""),
        ("first\nlast\n", ": last\nfirst\nlast\n"),
        (
            "loading\nTraceback (most recent call last):\n  File x, line 1\nValueError: no image\nbye\n",
            ": ValueError: no image\nloading\nTraceback (most recent call last):\n  File x, line 1\n"
                + "ValueError: no image\nbye\n"
        ),
    ])
    func whatAWorkerSaidIsToldCauseFirst(said: String, told: String) {
        var bench = Bench(sweep(["x": [10]], measures: ["m"]))
        bench.connect("a")
        bench.run("a", 1)
        bench.report("a", .ended(AttemptNumber(1), .exited(code: 3), diagnostics: said))
        #expect(bench.outcome(of: 1) == .jobFault("the worker ended with exit code 3" + told))
    }

    @Test func aTrainingThatDivergesIsNotTriedAgain() {
        var bench = Bench(sweep(["x": [10, 20]], measures: ["m"]))
        bench.connect("a")
        bench.run("a", 1)
        bench.milestone("a", 1, 10)
        bench.event("a", 1, .failed(.init(kind: .diverged, message: "the loss is not finite")))
        bench.end("a", 1, .exited(code: 1))
        let failed = bench.changes.compactMap {
            if case .trialState(let trial, .failed, let reason) = $0 { (trial, reason) } else { nil }
        }
        #expect(failed.map(\.0) == [.named("x", 20)])
        #expect(failed.first?.1?.contains("not finite") == true)
        #expect(bench.starts().last?.measured == .named("x", 10), "what was reached is measured")
    }

    @Test func aFailedJobIsTriedOnAnotherHost() {
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("a"), .test("b")])
        bench.connect("a")
        bench.connect("b")
        bench.run("a", 1)
        bench.seconds += 100
        _ = bench.starts()
        bench.end("a", 1, .exited(code: 1))
        #expect(bench.starts().map(\.host) == ["b"])
    }

    @Test func aHostThatRefusesIsGivenUpInTheEnd() {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        for attempt in 1...3 {
            bench.report("a", .refused(AttemptNumber(attempt), HostFailure(.noSpace, "no space")))
            bench.wait(1000)
        }
        guard case .noUsableHost(let reason)? = bench.scheduler.ending else {
            Issue.record("it goes on")
            return
        }
        #expect(reason.contains("no space"))
    }

    /// A job that the host was given just before may run there already: it is not stopped, and only jobs that wait are
    /// taken back.
    @Test func aHostThatIsGivenUpFinishesWhatItHasBegun() {
        var bench = Bench(sweep(["w": [10], "x": [10], "y": [10], "z": [10]]), hosts: [.test("a", slots: 4)])
        bench.connect("a")
        #expect(bench.starts().count == 4)
        for attempt in 1...3 {
            bench.report("a", .refused(AttemptNumber(attempt), HostFailure(.noSpace, "no space")))
        }
        #expect(bench.cancels.isEmpty)
        bench.run("a", 4)
        bench.milestone("a", 4, 10)
        bench.finish("a", 4)
        #expect(bench.cancels.isEmpty)
        #expect(bench.changes.contains { if case .milestone(_, _, AttemptNumber(4), _) = $0 { true } else { false } })
    }

    @Test func aWorkerThatSaysNothingIsCancelledAndTheJobCharged() {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        bench.run("a", 1)
        bench.wait(599)
        #expect(bench.cancels.isEmpty)
        bench.report("a", .progress(AttemptNumber(1), .init(done: 1, of: 10, unit: "images", rate: 1)))
        bench.wait(599)
        #expect(bench.cancels.isEmpty)
        bench.wait(2)
        #expect(bench.cancels == [1])
        bench.end("a", 1, .signalled(signal: 9))
        #expect(bench.outcome(of: 1)?.name == "job-fault")
    }

    @Test func aWorkerThatFinishesWithoutItsResultsIsAtFault() {
        var bench = Bench(sweep(["x": [10, 20]]))
        bench.connect("a")
        bench.run("a", 1)
        bench.milestone("a", 1, 10)
        bench.finish("a", 1)
        #expect(bench.outcome(of: 1)?.reason?.contains("20") == true)
        #expect(bench.starts().last?.milestones == [20])
    }

    @Test func hostsThatCannotBeUsedEndTheRun() {
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("a"), .test("b")])
        bench.disconnect("a", .hostKeyUnknown)
        #expect(bench.scheduler.ending == nil, "the other may come")
        bench.disconnect("b")
        bench.wait(121)
        guard case .noUsableHost(let reason)? = bench.scheduler.ending else {
            Issue.record("it goes on")
            return
        }
        #expect(reason.contains("a: ") && reason.contains("b: "))
    }
}
