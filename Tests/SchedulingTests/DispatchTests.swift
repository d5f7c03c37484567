import JobContract
import Scheduling
import SweepModel
import Testing

@Suite struct DispatchTests {
    @Test func theShortestTrainingGoesFirstOnOneSlot() {
        var bench = Bench(sweep(["short": [10], "long": [1000], "middle": [100]]), hosts: [.test("a")])
        bench.connect("a")
        #expect(bench.starts().map(\.training) == [.named("short"), .named("middle"), .named("long")])
    }

    @Test func anIntentIsRecordedBesideItsStart() {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        let intents = bench.changes.compactMap { if case .attemptIntended(let record) = $0 { record } else { nil } }
        let starts = bench.starts()
        #expect(intents.map(\.attempt) == starts.map(\.attempt))
        #expect(intents.map(\.trials) == [[.named("x", 10)]])
        #expect(starts.map(\.milestones) == [[10]])
    }

    @Test func slotsAreFilledBeforeBacklogs() {
        let many = sweep([
            "1": [10], "2": [20], "3": [30], "4": [40], "5": [50], "6": [60], "7": [70], "8": [80], "9": [90],
        ])
        var bench = Bench(many, hosts: [.test("a", slots: 2), .test("b", slots: 1)])
        bench.connect("a")
        // Two of nine jobs run and seven are left for three slots, so a host that is still to come is left its share.
        #expect(bench.starts().count == 2 * (1 + 7 / 3))
        bench.connect("b")
        #expect(bench.starts().map(\.host) == ["b", "b", "b"], "nobody else will come: it takes the rest")
        #expect(bench.scheduler.violations() == [])
    }

    @Test func fewJobsAreNotQueuedBehindOthers() {
        var bench = Bench(
            sweep(["1": [10], "2": [20], "3": [30]]), hosts: [.test("a", slots: 1), .test("b", slots: 2)])
        bench.connect("a")
        #expect(bench.starts().count == 1)
        bench.connect("b")
        #expect(bench.starts().map(\.host) == ["b", "b"])
    }

    @Test func measuresStartAsSoonAsTheirMilestoneIsRecorded() {
        var bench = Bench(sweep(["x": [10, 20]], measures: ["m"]), hosts: [.test("a", slots: 2)])
        bench.connect("a")
        #expect(bench.starts().map(\.milestones) == [[10, 20]])
        bench.run("a", 1)
        bench.milestone("a", 1, 10)
        let starts = bench.starts()
        #expect(starts.map(\.measured) == [.named("x", 10)])
        guard case .measure(let task)? = starts.first?.task else {
            Issue.record("\(starts)")
            return
        }
        #expect(task.checkpoint == .named("weights 10"))
    }

    @Test func trainingGoesOnFromTheLongestStateBeforeTheFirstMissingLength() {
        var holdings = Holdings()
        holdings.milestones[.named("x")] = [.init(steps: 100, weights: .named("w"))]
        holdings.states[.named("x")] = ResumePoint(steps: 120, state: .named("s"))
        var bench = Bench(sweep(["x": [50, 100, 300]]), hosts: [.test("a", slots: 2)], holdings: holdings)
        bench.connect("a")
        let starts = bench.starts()
        #expect(starts.map(\.milestones) == [[50], [300]])
        #expect(starts.map(\.resume) == [nil, ResumePoint(steps: 120, state: .named("s"))])
    }

    @Test func aJobGoesWhereItsNeedsAreMet() {
        let needy = sweep(["x": [10]], needs: JobNeeds(memory: 1 << 30, tags: ["avx512"]))
        var bench = Bench(
            needy,
            hosts: [.test("plain"), .test("small", memory: 1 << 20, tags: ["avx512"]), .test("fit", tags: ["avx512"])])
        bench.connect("plain")
        bench.connect("small")
        #expect(bench.starts().isEmpty)
        bench.connect("fit")
        #expect(bench.starts().map(\.host) == ["fit"])
    }

    @Test func attemptsShareAHostsMemory() {
        let needy = sweep(["x": [10], "y": [10]], needs: JobNeeds(memory: 6 << 30))
        var bench = Bench(needy, hosts: [.test("a", slots: 4, memory: 8 << 30)])
        bench.connect("a")
        #expect(bench.starts().count == 1)
    }

    @Test func onlyWhatMayRunAtOnceSharesMemory() {
        let needy = sweep(["x": [10], "y": [10], "z": [10]], needs: JobNeeds(memory: 6 << 30))
        var bench = Bench(needy, hosts: [.test("a", slots: 1, memory: 8 << 30)])
        bench.connect("a")
        #expect(bench.starts().count == 3, "one runs and two wait")
    }

    @Test func jobsOfDifferentNeedsGoInOneOrder() {
        var bench = Bench(
            sweep(["needy": [30], "huge": [50]], needs: JobNeeds(tags: ["avx512"])), sweep(["plain": [40, 10]]),
            sweep(["small": [20]], needs: JobNeeds(memory: 1 << 20)),
            hosts: [.test("a", slots: 3), .test("b", slots: 1, tags: ["avx512"])])
        bench.connect("a")
        #expect(bench.starts().map(\.training) == [.named("plain"), .named("small")])
        bench.connect("b")
        #expect(bench.starts().map(\.training) == [.named("needy"), .named("huge")], "the second waits")
        #expect(bench.scheduler.violations() == [])
    }

    @Test func whatIsRecordedAsSucceededIsNotRecordedAgain() {
        var holdings = Holdings()
        holdings.milestones[.named("x")] = [
            .init(steps: 10, weights: .named("weights 10")), .init(steps: 20, weights: .named("weights 20")),
        ]
        holdings.measured = [.init(trial: .named("x", 10), request: .named("m"))]
        holdings.succeeded = [.named("x", 10), .named("x", 20)]
        let bench = Bench(sweep(["x": [10, 20]], measures: ["m"]), holdings: holdings)
        #expect(bench.changes == [.trialState(.named("x", 20), .waiting, reason: nil)])
        #expect(bench.scheduler.violations() == [])
        #expect(bench.scheduler.ending == nil)
        #expect(bench.scheduler.snapshot(at: Instant(nanoseconds: 0)).trials[.succeeded] == 1)
    }

    @Test func needsThatNoHostMeetsEndTheRun() {
        var bench = Bench(sweep(["x": [10]], needs: JobNeeds(tags: ["gpu"])))
        bench.connect("a")
        guard case .noUsableHost(let reason)? = bench.scheduler.ending else {
            Issue.record("it goes on")
            return
        }
        #expect(reason.contains("tags"))
    }

    @Test func aRunEndsWhenAllIsRecorded() {
        var bench = Bench(sweep(["x": [10]], measures: ["m"]))
        bench.connect("a")
        bench.run("a", 1)
        bench.milestone("a", 1, 10)
        bench.finish("a", 1)
        bench.run("a", 2)
        bench.measured("a", 2, .named("x", 10), "m")
        #expect(bench.changes.contains(.trialState(.named("x", 10), .succeeded, reason: nil)))
        #expect(bench.scheduler.ending == nil, "the worker's end is waited for")
        bench.finish("a", 2)
        #expect(bench.scheduler.ending == .settled)
        #expect(bench.actions.contains(.release(AttemptNumber(2), on: "a")))
        #expect(bench.scheduler.violations() == [])
    }

    @Test func nothingToDoEndsAtOnce() {
        let bench = Bench(sweep(["x": []]))
        #expect(bench.scheduler.ending == .settled)
    }

    @Test func stoppingLeavesJobsToTheirHosts() {
        var bench = Bench(sweep(["x": [10], "y": [10]]))
        bench.connect("a")
        _ = bench.starts()
        bench.send(.stop)
        bench.run("a", 1)
        bench.milestone("a", 1, 10)
        bench.finish("a", 1)
        #expect(bench.starts().isEmpty)
        bench.wait(3)
        #expect(bench.scheduler.ending == .interrupted)
        #expect(bench.cancels.isEmpty)
    }

    @Test func cancellingStopsWhatRuns() {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        bench.run("a", 1)
        bench.send(.cancelAll)
        #expect(bench.cancels == [1])
        #expect(bench.scheduler.ending == nil)
        bench.event("a", 1, .paused(steps: 5))
        bench.end("a", 1, .exited(code: 0))
        #expect(bench.outcome(of: 1) == .cancelled)
        #expect(bench.scheduler.ending == .cancelled)
    }
}
