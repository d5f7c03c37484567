import JobContract
import Scheduling
import SweepModel
import Testing

/// Allocations of a queue come and go; to jobs they are hosts.
@Suite struct SeatTests {
    private func seats(_ count: Int, slots: Int = 1, seconds: Int = 3600) -> [HostSpec] {
        (1...count).map {
            HostSpec(
                name: "q/\($0)", transport: .libssh, slots: slots,
                seat: QueueSeat(queue: "q", number: $0, settings: QueueSettings(seconds: seconds)))
        }
    }

    private func vacant(_ bench: inout Bench, _ count: Int) {
        for number in 1...count { bench.report("q/\(number)", .seat(.vacant(words: ""))) }
        bench.wait(3)
    }

    private func calls(_ bench: Bench) -> [HostName] {
        bench.actions.compactMap { if case .call(let host) = $0 { host } else { nil } }
    }

    private func dismissals(_ bench: Bench) -> [HostName] {
        bench.actions.compactMap { if case .dismiss(let host) = $0 { host } else { nil } }
    }

    private func begin(_ bench: inout Bench, _ host: HostName, _ node: String, left: Double?, held: [HeldAttempt] = [])
    {
        let facts = HostFacts(
            machine: node, boot: node, cores: 4, memory: 1 << 40, cpu: "test", free: 1 << 40,
            loan: NodeLoan(node: node, secondsLeft: left))
        bench.report(host, .connected(facts, held: held))
    }

    @Test func asManyAreCalledAsTheWorkFills() {
        var bench = Bench(sweep(["x": [10]]), hosts: seats(4))
        #expect(calls(bench) == [], "not before the queue has said what there is")
        vacant(&bench, 4)
        #expect(calls(bench) == ["q/1"])
    }

    @Test func hostsThatTheWorkDoesNotSuitFillNothing() {
        var seat = seats(1)
        seat[0].tags = ["big"]
        var bench = Bench(sweep(["x": [10]], needs: JobNeeds(tags: ["big"])), hosts: seat + [.test("own", slots: 4)])
        bench.connect("own")
        vacant(&bench, 1)
        #expect(calls(bench) == ["q/1"])
    }

    @Test func theQueueIsMetPolitely() {
        var bench = Bench(
            sweep(["a": [10], "b": [10], "c": [10], "d": [10], "e": [10], "f": [10], "g": [10], "h": [10]]),
            hosts: seats(8))
        vacant(&bench, 8)
        #expect(calls(bench) == ["q/1", "q/2"], "two wait until one has begun")
        for number in 1...2 { bench.report("q/\(number)", .seat(.waiting(job: "1", words: "Priority"))) }
        bench.wait(60)
        #expect(calls(bench).count == 2)
        bench.report("q/1", .seat(.begun))
        bench.wait(3)
        #expect(calls(bench).count == 5, "one has begun: four may wait beside it")
    }

    @Test func whatWaitsIsDismissedWhenNothingIsLeft() {
        var bench = Bench(sweep(["x": [10]]), hosts: seats(1) + [.test("own")])
        vacant(&bench, 1)
        #expect(calls(bench) == ["q/1"])
        bench.report("q/1", .seat(.waiting(job: "1", words: "Resources")))
        bench.connect("own")
        bench.run("own", 1)
        bench.wait(3)
        #expect(dismissals(bench) == ["q/1"])
        bench.wait(30)
        #expect(dismissals(bench) == ["q/1"], "once is enough")
    }

    @Test func aVacatedSeatChargesNobody() {
        var bench = Bench(sweep(["x": [10], "y": [20]]), hosts: seats(1, slots: 2))
        vacant(&bench, 1)
        begin(&bench, "q/1", "n1", left: 1000)
        bench.run("q/1", 1)
        bench.actions = []
        // One attempt ran, and the order of the other had not arrived.
        bench.report("q/1", .seat(.vacant(words: "")))
        #expect(bench.outcome(of: 1) == .cancelled)
        #expect(bench.outcome(of: 2) == .cancelled)
        #expect(calls(bench) == ["q/1"])
        bench.actions = []
        begin(&bench, "q/1", "n2", left: 1000)
        #expect(bench.starts().map(\.attempt.value) == [3, 4])
    }

    @Test func whatItsAllocationCutShortIsPausedAndGoesOnElsewhere() {
        var bench = Bench(sweep(["x": [10]]), hosts: seats(1))
        vacant(&bench, 1)
        begin(&bench, "q/1", "n1", left: 1000)
        bench.run("q/1", 1)
        bench.actions = []
        bench.end("q/1", 1, .stopped(.hostLeft, exit: -9))
        #expect(bench.outcome(of: 1) == .paused)
    }

    /// A measure begins anew in every allocation, so one that takes longer than the longest of them would never end.
    @Test(arguments: [false, true])
    func aMeasureThatNoAllocationIsLongEnoughForIsGivenUp(hasOwnHost: Bool) throws {
        var bench = Bench(
            sweep(["x": [10]], measures: ["m"]), hosts: seats(1) + (hasOwnHost ? [.test("own", slots: 0)] : []))
        vacant(&bench, 1)
        begin(&bench, "q/1", "n1", left: 3600)
        bench.run("q/1", 1)
        bench.milestone("q/1", 1, 10)
        bench.finish("q/1", 1)
        var changes: [CatalogueChange] = []
        for node in 2...4 {
            let attempt = try #require(bench.starts().last).attempt.value
            bench.run("q/1", attempt)
            bench.seconds += 3500
            bench.end("q/1", attempt, .stopped(.hostLeft, exit: -9))
            #expect(bench.outcome(of: attempt) == .paused)
            bench.report("q/1", .seat(.vacant(words: "")))
            changes += bench.changes
            bench.actions = []
            begin(&bench, "q/1", "n\(node)", left: 3600)
        }
        let reasons = changes.compactMap {
            if case .measureFailed(_, _, let reason) = $0 { reason } else { nil }
        }
        #expect(reasons.count == (hasOwnHost ? 0 : 1))
        #expect(reasons.allSatisfy { $0.contains("give the queue a longer `time`") })
        #expect(bench.scheduler.violations() == [])
    }

    @Test func nothingBeginsOnceAnAllocationLeaves() {
        var bench = Bench(sweep(["x": [10], "y": [20]]), hosts: seats(1))
        vacant(&bench, 1)
        begin(&bench, "q/1", "n1", left: 100)
        bench.run("q/1", 1)
        bench.wait(101)
        bench.actions = []
        bench.milestone("q/1", 1, 10)
        bench.finish("q/1", 1)
        #expect(bench.starts().isEmpty)
    }

    @Test func aMeasureThatOutlastsTheAllocationIsNotBegun() {
        var bench = Bench(sweep(["x": [10], "y": [30]], measures: ["m"]), hosts: seats(1))
        vacant(&bench, 1)
        begin(&bench, "q/1", "n1", left: 3000)
        bench.run("q/1", 1)
        bench.milestone("q/1", 1, 10)
        bench.finish("q/1", 1)
        // The first measure shows how long one takes.
        bench.run("q/1", 3)
        bench.seconds += 1000
        bench.event(
            "q/1", 3,
            .measure(
                .init(
                    trial: .named("x", 10), request: .named("m"), checkpoint: .named("weights 10"), rows: [],
                    artifacts: [], seconds: 1000)))
        bench.finish("q/1", 3)
        bench.run("q/1", 2)
        bench.seconds += 1500
        _ = bench.starts()
        bench.milestone("q/1", 2, 30)
        bench.finish("q/1", 2)
        #expect(bench.starts().isEmpty)
        bench.report("q/1", .seat(.vacant(words: "")))
        begin(&bench, "q/1", "n2", left: 3000)
        #expect(bench.starts().map(\.measured) == [.named("y", 30)])
    }

    @Test func aNewNodesStandingIsNew() {
        var bench = Bench(
            sweep(["x": [10], "y": [20], "z": [30], "w": [40]]), hosts: seats(1), checks: ["test": "c"])
        vacant(&bench, 1)
        begin(&bench, "q/1", "n1", left: 3000)
        for attempt in 1...3 {
            bench.run("q/1", attempt)
            bench.seconds += 1
            bench.end("q/1", attempt, .stopped(.noSpace, exit: 1))
        }
        #expect(bench.actions.contains { if case .notice(.hostUnusable("q/1", _)) = $0 { true } else { false } })
        bench.end("q/1", 4, .stopped(.cancelled, exit: nil))
        bench.wait(3)
        #expect(dismissals(bench) == ["q/1"], "an allocation on a node that will not do is of no use")
        bench.report("q/1", .seat(.vacant(words: "")))
        #expect(bench.scheduler.ending == nil)
        bench.actions = []
        bench.wait(31)
        #expect(calls(bench) == ["q/1"], "another node may do")
        begin(&bench, "q/1", "n2", left: 3000)
        #expect(!bench.starts().isEmpty)
    }

    /// As where nodes do not see the shared directory.
    @Test func aQueueWhoseAllocationsAreOfNoUseIsGivenUp() {
        var bench = Bench(sweep(["x": [10], "y": [10], "z": [10]]), hosts: seats(3))
        vacant(&bench, 3)
        var called = 0
        for _ in 0..<2000 where bench.scheduler.ending == nil {
            for host in calls(bench) {
                called += 1
                bench.report(host, .seat(.waiting(job: "1", words: "")))
                bench.report(host, .seat(.vacant(words: "FAILED")))
            }
            bench.actions = bench.actions.filter { if case .call = $0 { false } else { true } }
            bench.wait(3)
        }
        guard case .noUsableHost(let reason) = bench.scheduler.ending else {
            return #expect(Bool(false), "the queue was not given up")
        }
        #expect(reason.contains("q/1: 10 allocations in a row were of no use, the last: FAILED"))
        #expect(called <= 20, "\(called) allocations were asked for")
    }

    /// While a seat's allocation works, others of no use say nothing of the queue.
    @Test func aQueueThatWorksIsNotGivenUp() {
        var bench = Bench(sweep(["x": [10], "y": [10], "z": [10]]), hosts: seats(2))
        vacant(&bench, 2)
        begin(&bench, "q/1", "n1", left: 100_000)
        for _ in 0..<15 {
            bench.report("q/2", .seat(.vacant(words: "NODE_FAIL")))
            bench.wait(3)
        }
        #expect(!bench.actions.contains { if case .notice(.hostUnusable) = $0 { true } else { false } })
    }

    @Test func aRefusedOneIsAskedForAgainAfterThePause() {
        var bench = Bench(sweep(["x": [10]]), hosts: seats(1))
        vacant(&bench, 1)
        bench.report("q/1", .seat(.refused(words: "no", seconds: 60)))
        bench.actions = []
        bench.wait(50)
        #expect(calls(bench) == [])
        bench.wait(13)
        #expect(calls(bench) == ["q/1"])
    }
}
