import JobContract
import Scheduling
import SweepModel
import Testing

/// Which attempts wait on hosts, and how they are taken back.
@Suite struct BacklogTests {
    private func sweepOf(_ count: Int, steps: Int = 10) -> ExpandedSweep {
        var trainings: [TrainingID: Training] = [:]
        let trials = (0..<count).map { index in
            let id = TrainingID.named("\(index)")
            trainings[id] = Training(id: id, spec: ["training.batch": 1, "model.scale": 1, "dataset.resolution": 1])
            return Trial(id: .named("\(index)", steps), training: id, steps: steps, position: index, asked: [:])
        }
        return ExpandedSweep(
            name: "many", about: "", text: "", overrides: [], trials: trials, trainings: trainings, datasets: [:],
            measures: [], needs: JobNeeds(), worker: WorkerCommand())
    }

    /// Holdings that tell of hosts' pace: one of those jobs takes this many seconds there.
    private func holdings(_ seconds: Double, _ hosts: [HostName]) -> Holdings {
        var holdings = Holdings()
        let facts = HostFacts(machine: "m", boot: "1", cores: 4, memory: 1 << 40, cpu: "test", free: 1 << 40)
        for host in hosts { holdings.hosts[host] = .init(facts: facts, pace: 170 / seconds) }
        return holdings
    }

    @Test func aFewWaitWhileNothingIsKnown() {
        var bench = Bench(sweepOf(100), hosts: [.test("a", slots: 2)])
        bench.connect("a")
        #expect(bench.starts().count == 2 * (1 + 2))
    }

    @Test func twelveHoursWaitAsFarAsIsKnown() {
        var bench = Bench(sweepOf(100), hosts: [.test("a", slots: 2)], holdings: holdings(3600, ["a"]))
        bench.connect("a")
        #expect(bench.starts().count == 2 * (1 + 12))
    }

    @Test func measuresAreGivenHoweverMuchWaits() {
        var bench = Bench(sweep(["x": [10, 20], "y": [10], "z": [10], "w": [10]], measures: ["m"]))
        bench.connect("a")
        let trainings = bench.starts()
        #expect(trainings.count == 3)
        bench.run("a", 1)
        bench.milestone("a", 1, 10)
        let given = bench.starts()
        #expect(given.count == 1 && given.first?.job != trainings.first?.job)
        #expect(given.first?.turn ?? .infinity < trainings.dropFirst().compactMap(\.turn).min() ?? 0)
    }

    /// Hosts hold turns of the clock that counts the work recorded: it goes on where a run is planned anew, or resumed.
    @Test func turnsGoOnWhereTheWorkRecordedDoes() {
        let wanted = sweepOf(3)
        var policy = SchedulingPolicy()
        policy.backlogLimit = 0
        var first = Bench(wanted, policy: policy)
        first.connect("a")
        first.run("a", 1)
        first.milestone("a", 1, 10)
        first.finish("a", 1)
        let given = first.starts()
        let turn = given.last?.turn
        #expect(given.count == 2 && turn ?? 0 > 0)
        var holdings = Holdings()
        holdings.milestones[given[0].training] = [.init(steps: 10, weights: .named("weights 10"))]
        for handover in [first.handover, Handover()] {
            var second = Bench(wanted, holdings: holdings, policy: policy, handover: handover)
            second.connect("a")
            #expect(second.starts().first?.turn == turn)
        }
    }

    /// Beside 200 s of another the third training's 150 s may begin later; beside 100 s they are the last to end.
    @Test(arguments: [(beside: 200, goesFirst: true), (beside: 100, goesFirst: false)])
    func measuresGoBehindTrainingsThatWouldEndLast(beside: Int, goesFirst: Bool) {
        var known = holdings(10, ["a"])
        known.measureSeconds = ["m": 4]
        var bench = Bench(
            sweep(["x": [10], "y": [beside], "z": [150]], measures: ["m"]), hosts: [.test("a", slots: 2)],
            holdings: known)
        bench.connect("a")
        let trainings = Dictionary(uniqueKeysWithValues: bench.starts().map { ($0.milestones.last ?? 0, $0) })
        let short = trainings[10]?.attempt.value ?? 0
        for attempt in [short, trainings[beside]?.attempt.value ?? 0] { bench.run("a", attempt) }
        bench.milestone("a", short, 10, seconds: 10)
        let measure = bench.starts().first
        #expect((measure?.turn ?? .nan < trainings[150]?.turn ?? .nan) == goesFirst)
        #expect(measure?.turn ?? .nan <= trainings[150]?.turn ?? .nan)
    }

    /// What comes first of a large grid is a sample of it, of more short trainings than long ones.
    @Test func longAndShortTrainingsAreGivenInTurns() {
        let lengths = (0..<60).map { ("\($0)", [$0 < 30 ? 100 : 10]) }
        let given = begun(sweep(lengths), slots: 2)
        let early = given.prefix(30).count { $0 == 10 }
        #expect((16...28).contains(early))
    }

    /// Short trainings go first as long as the last is not later: 99 and 100 beside each other, then two of 100.
    @Test func nearTheEndShortTrainingsGoFirstThatLeaveItWhereItIs() {
        let lengths = [100, 100, 100, 33, 33, 33]
        let given = begun(sweep(lengths.enumerated().map { ("\($0)", [$1]) }), slots: 2)
        #expect(given == [33, 100, 33, 33, 100, 100])
        #expect(begun(sweep(["x": [10], "y": [100], "z": [100]]), slots: 2) == [10, 100, 100])
    }

    /// What a host of so many slots begins, in its order.
    private func begun(_ sweep: ExpandedSweep, slots: Int) -> [Int] {
        var bench = Bench(sweep, hosts: [.test("a", slots: slots)])
        bench.connect("a")
        var given: [Int] = []
        for attempt in 1...sweep.trainings.count {
            for case .train(let task)? in bench.starts().map(\.task) { given += task.milestones }
            bench.run("a", attempt)
            bench.milestone("a", attempt, given[attempt - 1])
            bench.finish("a", attempt)
        }
        return given
    }

    @Test func shortJobsAreLimitedInNumber() {
        var policy = SchedulingPolicy()
        policy.backlogLimit = 30
        var bench = Bench(sweepOf(100), hosts: [.test("a", slots: 2)], holdings: holdings(1, ["a"]), policy: policy)
        bench.connect("a")
        #expect(bench.starts().count == 32)
    }

    @Test func howFastAHostIsIsSeenAndRecorded() {
        var bench = Bench(sweepOf(100), hosts: [.test("a")])
        bench.connect("a")
        #expect(bench.starts().count == 3)
        bench.run("a", 1)
        let file = OutputFile(path: "f", digest: .named("weights"), bytes: 1)
        bench.event(
            "a", 1,
            .checkpoint(
                .init(steps: 10, milestone: true, weights: file, state: file, parameters: 1, seconds: 3600)))
        #expect(bench.changes.contains { if case .hostPace("a", _) = $0 { true } else { false } })
        bench.finish("a", 1)
        bench.run("a", 2)
        #expect(bench.starts().count == 12 + 1 - 2 + 1, "twelve hours, of which those given before count as a guess")
    }

    @Test func anIdleHostGetsWhatWaitsOnAnother() {
        var bench = Bench(sweepOf(4), hosts: [.test("a"), .test("b")], holdings: holdings(3600, ["a", "b"]))
        bench.seconds = 0
        bench.connect("a")
        bench.wait(121)
        #expect(bench.starts().count == 4, "nobody else has come")
        bench.run("a", 1)
        for attempt in 2...4 { bench.report("a", .accepted(AttemptNumber(attempt))) }
        bench.connect("b")
        #expect(bench.starts().isEmpty)
        bench.actions = []
        bench.wait(5)
        #expect(bench.revokes == [4, 3])
        #expect(bench.starts().isEmpty, "not before its host gave it back")
        bench.end("a", 4, .stopped(.cancelled, exit: nil))
        #expect(bench.outcome(of: 4) == .cancelled)
        #expect(bench.starts().map(\.host) == ["b"])
        bench.end("a", 3, .stopped(.cancelled, exit: nil))
        #expect(bench.starts().map(\.host) == ["b"])
        bench.report("b", .accepted(AttemptNumber(6)))
        bench.actions = []
        bench.wait(50)
        #expect(bench.revokes.isEmpty, "even enough")
        #expect(bench.scheduler.violations() == [])
    }

    @Test func whatBeginsBeforeItIsTakenBackGoesOn() {
        var bench = Bench(sweepOf(2), hosts: [.test("a"), .test("b")])
        bench.connect("a")
        bench.wait(121)
        bench.run("a", 1)
        bench.report("a", .accepted(AttemptNumber(2)))
        bench.connect("b")
        bench.wait(5)
        #expect(bench.revokes == [2])
        bench.milestone("a", 1, 10)
        bench.finish("a", 1)
        bench.report("a", .running(AttemptNumber(2)))
        _ = bench.starts()
        bench.wait(100)
        #expect(bench.cancels.isEmpty)
        #expect(bench.starts().isEmpty)
        bench.milestone("a", 2, 10)
        bench.finish("a", 2)
        #expect(bench.scheduler.ending == .settled)
    }

    @Test func nothingIsTakenForAHostThatDoesNotSuit() {
        let needy = sweep(["x": [10], "y": [20], "z": [30]], needs: JobNeeds(tags: ["avx512"]))
        var bench = Bench(needy, hosts: [.test("a", tags: ["avx512"]), .test("b")])
        bench.connect("a")
        bench.connect("b")
        bench.run("a", 1)
        for attempt in 2...3 { bench.report("a", .accepted(AttemptNumber(attempt))) }
        bench.wait(100)
        #expect(bench.revokes.isEmpty)
    }

    /// An attempt that was taken back for a host without room would come back where it was, again and again.
    @Test func nothingIsTakenForAHostWithoutRoom() {
        let needy = sweep(["x": [10], "y": [20], "z": [30], "u": [40], "v": [50]], needs: JobNeeds(memory: 6))
        var bench = Bench(needy, hosts: [.test("a", memory: 6), .test("b", slots: 2, memory: 10)])
        bench.connect("b")
        bench.connect("a")
        let given = bench.starts()
        #expect(given.count { $0.host == "b" } == 1, "ten hold one that needs six")
        for start in given { bench.report(start.host, .accepted(start.attempt)) }
        bench.wait(100)
        #expect(bench.revokes.isEmpty)
    }

    @Test func noMoreIsTakenForAHostThanItHasRoomFor() {
        let needy = sweep(["x": [10], "y": [10], "z": [10]], needs: JobNeeds(memory: 6))
        var bench = Bench(needy, hosts: [.test("a"), .test("b", slots: 3, memory: 10)])
        bench.connect("a")
        bench.wait(121)
        #expect(bench.starts().count == 3, "nobody else has come")
        bench.run("a", 1)
        for attempt in 2...3 { bench.report("a", .accepted(AttemptNumber(attempt))) }
        bench.connect("b")
        bench.wait(5)
        #expect(bench.revokes == [3])
    }
}
