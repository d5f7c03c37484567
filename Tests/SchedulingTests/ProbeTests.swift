import JobContract
import Scheduling
import SweepModel
import Testing

/// Several jobs fail quickly on one host: a probe decides whose fault it is.
@Suite struct ProbeTests {
    private func description(_ name: String = "test", numerics: Int = 2, check: String = "c") -> WorkerEvent {
        .described(
            WorkerDescription(
                contract: ContractVersion.current, name: name, numerics: numerics, deterministic: true, jobKinds: [],
                architectures: [], measures: [], build: "", cpu: "", kernels: "", check: check))
    }

    /// Lets three of four jobs fail within seconds on "bad", while the fourth waits there. Returns the probe.
    private func suspicion(_ bench: inout Bench) -> Assignment? {
        bench.connect("bad")
        for attempt in 1...3 {
            bench.run("bad", attempt)
            bench.seconds += 1
            bench.end("bad", attempt, .exited(code: 127))
        }
        return bench.actions.compactMap {
            if case .start(let given) = $0, given.purpose == .probe { given } else { nil }
        }
        .last
    }

    private func bench(_ hosts: [HostSpec] = [.test("bad"), .test("good")]) -> Bench {
        Bench(
            sweep(["x": [10], "y": [20], "z": [30], "w": [40]]), hosts: hosts,
            checks: ["test": "c"])
    }

    private func isUnusable(_ bench: Bench) -> Bool {
        bench.actions.contains { if case .notice(.hostUnusable("bad", _)) = $0 { true } else { false } }
    }

    private func excused(_ bench: Bench) -> [Int] {
        bench.changes.compactMap { if case .attemptExcused(let attempt, _) = $0 { attempt.value } else { nil } }
    }

    @Test func theProbeFailsAndTheHostIsDrainedAndTheJobsAreNot() throws {
        var bench = bench()
        let probe = try #require(suspicion(&bench)).attempt.value
        #expect(
            bench.changes.contains {
                if case .attemptIntended(let record) = $0 { record.kind == .probe } else { false }
            })
        #expect(!isUnusable(bench), "not before the probe says so")
        #expect(bench.revokes.contains(4), "what it has not begun goes elsewhere")
        for attempt in bench.revokes { bench.end("bad", attempt, .stopped(.cancelled, exit: nil)) }
        bench.actions = []
        bench.run("bad", probe)
        bench.end("bad", probe, .exited(code: 127))
        #expect(isUnusable(bench))
        #expect(excused(bench).sorted() == [1, 2, 3])
        #expect(bench.outcome(of: probe)?.name == "host-fault")
        _ = bench.starts()
        bench.connect("good")
        // No job is charged: each has its three faults left.
        var faults = 0
        var orders = bench.starts()
        while !orders.isEmpty, faults < 20 {
            let attempt = orders.removeFirst().attempt.value
            bench.run("good", attempt)
            bench.seconds += 100
            bench.end("good", attempt, .exited(code: 1))
            orders += bench.starts()
            faults += 1
        }
        #expect(faults == 12)
        #expect(bench.scheduler.ending == .settled)
        #expect(bench.scheduler.failures == 4)
    }

    @Test func theProbePassesAndTheJobsAreCharged() throws {
        var bench = bench([.test("bad")])
        let probe = try #require(suspicion(&bench)).attempt.value
        for attempt in bench.revokes { bench.end("bad", attempt, .stopped(.cancelled, exit: nil)) }
        bench.actions = []
        bench.run("bad", probe)
        bench.event("bad", probe, description())
        bench.end("bad", probe, .exited(code: 0))
        #expect(bench.outcome(of: probe) == .succeeded)
        #expect(!isUnusable(bench))
        #expect(excused(bench).isEmpty)
        var orders = bench.starts()
        #expect(!orders.isEmpty, "it is used again")
        var faults = 3
        while !orders.isEmpty, faults < 20 {
            let given = orders.removeFirst()
            #expect(given.purpose != .probe, "one probe is enough for a while")
            bench.run("bad", given.attempt.value)
            bench.seconds += 1
            bench.end("bad", given.attempt.value, .exited(code: 127))
            orders += bench.starts()
            faults += 1
        }
        #expect(faults == 12)
        #expect(bench.scheduler.failures == 4)
        #expect(bench.scheduler.violations() == [])
    }

    @Test(arguments: [("other", 2, "c"), ("test", 3, "c"), ("test", 2, "d")])
    func aWorkerThatIsAnotherThereFailsTheProbe(name: String, numerics: Int, check: String) throws {
        var bench = bench()
        let probe = try #require(suspicion(&bench)).attempt.value
        bench.run("bad", probe)
        bench.event("bad", probe, description(name, numerics: numerics, check: check))
        bench.end("bad", probe, .exited(code: 0))
        #expect(isUnusable(bench))
    }

    @Test func aProbeThatSaysNothingFails() throws {
        var bench = bench()
        let probe = try #require(suspicion(&bench)).attempt.value
        bench.run("bad", probe)
        bench.wait(61)
        #expect(bench.cancels.contains(probe))
        bench.end("bad", probe, .signalled(signal: 9))
        #expect(isUnusable(bench))
    }

    @Test func aRefusedProbeFails() throws {
        var bench = bench()
        let probe = try #require(suspicion(&bench)).attempt
        bench.report("bad", .refused(probe, HostFailure(.noSpace, "no space")))
        #expect(isUnusable(bench))
    }

    @Test func aProbeThatGotLostDecidesNothing() throws {
        var bench = bench()
        let probe = try #require(suspicion(&bench)).attempt.value
        bench.disconnect("bad")
        bench.actions = []
        bench.connect("bad")
        #expect(bench.outcome(of: probe) == .cancelled)
        #expect(!isUnusable(bench))
        #expect(!bench.starts().isEmpty)
        #expect(bench.scheduler.violations() == [])
    }

    @Test func aProbeOfAnEarlierRunIsOver() {
        var holdings = Holdings()
        holdings.openAttempts = [
            AttemptRecord(
                attempt: AttemptNumber(7), job: JobID(.named("probe")), training: .named("x"),
                kind: .probe, trials: [], host: "bad", machine: "m", boot: "1", cpu: "c")
        ]
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("bad")], holdings: holdings)
        bench.connect(
            "bad", held: [HeldAttempt(attempt: AttemptNumber(7), job: JobID(.named("probe")), state: .running)])
        #expect(bench.cancels == [7])
        bench.end("bad", 7, .exited(code: 0))
        #expect(bench.outcome(of: 7) == .cancelled)
        #expect(bench.scheduler.violations() == [])
    }
}
