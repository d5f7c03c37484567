import JobContract
import Scheduling
import SweepModel
import Testing

/// Faults under earlier coordinators count.
@Suite struct ResumedChargeTests {
    private func fault(_ attempt: Int, _ outcome: AttemptOutcome, on host: HostName = "a") -> Holdings.Fault {
        Holdings.Fault(
            attempt: AttemptNumber(attempt), job: JobID(Digest(of: [])), kind: .train, trials: [.named("x", 10)],
            host: host, outcome: outcome)
    }

    private func bench(_ faults: [Holdings.Fault], hosts: [HostSpec] = [.test("a")]) -> Bench {
        var holdings = Holdings()
        holdings.faults = faults
        return Bench(sweep(["x": [10]]), hosts: hosts, holdings: holdings)
    }

    @Test func twoFaultsAndOneMoreSetAJobAside() {
        var bench = bench([fault(1, .jobFault("exit 1")), fault(2, .jobFault("exit 1"))])
        bench.connect("a")
        bench.run("a", 1)
        bench.seconds += 40
        bench.end("a", 1, .exited(code: 1))
        #expect(bench.scheduler.failures == 1)
    }

    @Test func aJobChargedEnoughIsNotTriedAgain() {
        let faults = (1...3).map { fault($0, .jobFault("exit \($0)")) }
        #expect(bench(faults).changes.contains(.trialState(.named("x", 10), .failed, reason: "exit 3")))
        #expect(
            bench(faults, hosts: [.test("a"), .test("b")]).scheduler.failures == 0, "it may do on another host")
    }

    @Test func aJobThatKillsItsHostsDoesNotGoOnForEver() {
        let faults = (1...20).map { fault($0, .hostFault("the process is gone")) }
        #expect(bench(faults).scheduler.failures == 1)
    }

    @Test func oneKillIsEnough() {
        var bench = bench([fault(1, .killed("signal 9"))])
        bench.connect("a")
        bench.run("a", 1)
        bench.end("a", 1, .signalled(signal: 9))
        #expect(bench.outcome(of: 1)?.name == "job-fault")
    }

    private func resumed(_ task: JobTask?, kind: AttemptKind, saidStarted: Bool = true) -> Bench {
        var holdings = Holdings()
        var record = AttemptRecord(
            attempt: AttemptNumber(7), job: JobID(.named("job")), training: .named("x"), kind: kind,
            trials: [.named("x", 10)], host: "a", machine: "a", boot: "1", cpu: "test")
        record.task = task
        holdings.openAttempts = [record]
        holdings.openTrials[.named("x", 10)] = .init(
            steps: 10, weights: kind == .train ? nil : .named("weights 10"), isWanted: true)
        if saidStarted { holdings.startedAttempts = [AttemptNumber(7)] }
        if kind == .measure { holdings.milestones[.named("x")] = [.init(steps: 10, weights: .named("weights 10"))] }
        var bench = Bench(sweep(["x": [10]], measures: ["m", "n"]), holdings: holdings)
        bench.connect(
            "a", held: [HeldAttempt(attempt: AttemptNumber(7), job: JobID(.named("job")), state: .running)])
        bench.actions = []
        return bench
    }

    private func measure(_ names: String...) -> JobTask {
        .measure(
            MeasureTask(
                trial: .named("x", 10), steps: 10, checkpoint: .named("weights 10"), measures: names.map { .named($0) })
        )
    }

    @Test func aResultIsCheckedAgainstWhatAnEarlierCoordinatorAsked() {
        var bench = resumed(measure("m"), kind: .measure)
        bench.measured("a", 7, .named("x", 10), "m")
        #expect(bench.changes.contains { if case .measured = $0 { true } else { false } })
        bench.actions = []
        bench.measured("a", 7, .named("x", 10), "n")
        #expect(
            !bench.changes.contains { if case .measured = $0 { true } else { false } }, "wanted, but not of this one")
        #expect(bench.outcome(of: 7)?.name == "job-fault")
    }

    @Test func aResumedAttemptMustLeaveWhatItWasAskedFor() {
        var bench = resumed(measure("m", "n"), kind: .measure)
        bench.measured("a", 7, .named("x", 10), "m")
        bench.event("a", 7, .finished)
        #expect(bench.outcome(of: 7)?.reason?.contains("without measuring n") == true)
    }

    @Test(arguments: [true, false]) func aTrapIsTheJobsIfItsWorkerHadStarted(saidStarted: Bool) {
        let task = JobTask.train(TrainTask(milestones: [10]))
        var bench = resumed(task, kind: .train, saidStarted: saidStarted)
        bench.end("a", 7, .signalled(signal: 4))
        #expect(bench.outcome(of: 7)?.name == (saidStarted ? "job-fault" : "host-fault"))
    }

    @Test func howLongAResumedAttemptRanIsNotKnown() {
        var holdings = Holdings()
        holdings.openAttempts = (1...3).map {
            AttemptRecord(
                attempt: AttemptNumber($0), job: JobID(.named("\($0)")), training: .named("\($0)"), kind: .train,
                trials: [.named("\($0)", 10)], host: "a", machine: "a", boot: "1", cpu: "test")
        }
        var bench = Bench(
            sweep(["1": [10], "2": [10], "3": [10]]), hosts: [.test("a", slots: 3)], holdings: holdings)
        bench.connect(
            "a",
            held: (1...3).map {
                HeldAttempt(attempt: AttemptNumber($0), job: JobID(.named("\($0)")), state: .running)
            })
        for attempt in 1...3 { bench.end("a", attempt, .exited(code: 1)) }
        #expect(bench.starts().allSatisfy { $0.purpose != .probe }, "they may have run for hours")
    }

    @Test func silenceUnderAnEarlierCoordinatorCounts() {
        var holdings = Holdings()
        holdings.openAttempts = [
            AttemptRecord(
                attempt: AttemptNumber(7), job: JobID(.named("job")), training: .named("x"), kind: .train,
                trials: [.named("x", 10)], host: "a", machine: "a", boot: "1", cpu: "test")
        ]
        let facts = HostFacts(machine: "m", boot: "1", cores: 4, memory: 1, cpu: "test", free: 1)
        func expiry(_ silent: Double) -> Double {
            holdings.hosts["a"] = .init(facts: facts, silentSeconds: silent)
            var bench = Bench(sweep(["x": [10]]), hosts: [.test("a"), .test("b")], holdings: holdings)
            bench.connect("b")
            while bench.starts().isEmpty, bench.seconds < 1000 { bench.wait(10) }
            return bench.seconds
        }
        #expect(expiry(0) == 900)
        #expect(expiry(600) == 300)
        #expect(expiry(900) == 120, "every coordinator tries to reach it first")
    }

    @Test func silenceIsRecordedWhileItLasts() {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        bench.run("a", 1)
        bench.disconnect("a")
        for _ in 0..<12 { bench.wait(10) }
        let recorded = bench.changes.compactMap { if case .hostSilent("a", let seconds) = $0 { seconds } else { nil } }
        #expect(recorded == [60, 120])
    }
}
