import JobContract
import Scheduling
import SweepModel
import Testing

/// Measures that only a training can take, when it reaches its milestones.
@Suite struct RawMeasureTests {
    private static let raw = MeasureRequest(measure: "raw", version: 1, parameters: ["weights": "raw"])

    private func bench(_ measures: [MeasureRequest], holdings: Holdings = Holdings()) -> Bench {
        var wanted = sweep(["x": [10, 20]])
        wanted.measures = measures
        var bench = Bench(wanted, hosts: [.test("a", slots: 3)], holdings: holdings)
        bench.connect("a")
        return bench
    }

    private func measured(_ bench: inout Bench, _ attempt: Int, _ steps: Int, failure: String? = nil) {
        bench.event(
            "a", attempt,
            .measure(
                .init(
                    trial: .named("x", steps), request: Self.raw, checkpoint: .named("weights \(steps)"), rows: [],
                    artifacts: [], seconds: 1, failure: failure)))
    }

    private func asked(_ assignment: Assignment?) -> [MeasureRequest] {
        if case .measure(let task)? = assignment?.task { task.measures } else { [] }
    }

    @Test func aTrainingIsAskedForThemAndOthersAreNot() {
        var bench = bench([.named("plain"), Self.raw])
        guard case .train(let task)? = bench.starts().first?.task else {
            Issue.record("no training is started")
            return
        }
        #expect(
            task.measures == [10, 20].map { .init(steps: $0, trial: .named("x", $0), measures: [Self.raw]) })
        bench.run("a", 1)
        measured(&bench, 1, 10)
        bench.milestone("a", 1, 10)
        bench.milestone("a", 1, 20)
        #expect(bench.changes.count { if case .measured = $0 { true } else { false } } == 1)
        // What does not come from the training is asked for as any measure is.
        var found: [TrialID?: [MeasureRequest]] = [:]
        for start in bench.starts() { found[start.measured] = asked(start) }
        #expect(found == [.named("x", 10): [.named("plain")], .named("x", 20): [.named("plain"), Self.raw]])
        #expect(bench.scheduler.violations() == [])
    }

    /// A trial of which nothing else is wanted is done with its milestone, and the training goes on.
    @Test func aTrialIsDoneWithItsMilestone() {
        var bench = bench([Self.raw])
        bench.run("a", 1)
        measured(&bench, 1, 10)
        #expect(bench.cancels == [] && bench.scheduler.violations() == [])
        bench.milestone("a", 1, 10)
        measured(&bench, 1, 20)
        bench.milestone("a", 1, 20)
        bench.finish("a", 1)
        #expect(bench.cancels == [] && bench.scheduler.violations() == [])
        let states = bench.changes.compactMap { change -> TrialID? in
            if case .trialState(let trial, .succeeded, _) = change { trial } else { nil }
        }
        #expect(Set(states) == [.named("x", 10), .named("x", 20)])
        #expect(bench.outcome(of: 1) == .succeeded)
    }

    /// What is measured already is not asked for again.
    @Test func whatIsMeasuredIsNotAskedFor() {
        var holdings = Holdings()
        holdings.measured.insert(.init(trial: .named("x", 10), request: Self.raw))
        var bench = bench([Self.raw], holdings: holdings)
        guard case .train(let task)? = bench.starts().first?.task else {
            Issue.record("no training is started")
            return
        }
        #expect(task.measures?.map(\.steps) == [20] && task.milestones == [10, 20])
    }

    private func open(_ task: TrainTask?, _ steps: [Int] = [10, 20]) -> Holdings {
        var holdings = Holdings()
        holdings.openAttempts = [
            AttemptRecord(
                attempt: AttemptNumber(1), job: JobID(.named("job")), training: .named("x"), kind: .train,
                trials: steps.map { .named("x", $0) }, host: "a", machine: "a", boot: "1", cpu: "test",
                task: task.map(JobTask.train))
        ]
        return holdings
    }

    /// What a training was ordered to do says nothing of measures that are asked for later: it is stopped, and goes on from its
    /// state by an order that has them.
    @Test(arguments: [true, false]) func aTrainingThatWasBegunBeforeGoesOnWithThem(isRunning: Bool) {
        let plain = MeasureRequest.named("plain")
        var wanted = sweep(["x": [10, 20]])
        wanted.measures = [plain, Self.raw]
        var bench = Bench(wanted, holdings: open(TrainTask(milestones: [10, 20])))
        bench.connect("a", held: [bench.held(1, isRunning ? .running : .backlog)])
        #expect(bench.cancels == [1] && bench.starts().isEmpty)
        if isRunning {
            let file = OutputFile(path: "f", digest: .named("state"), bytes: 1)
            bench.event(
                "a", 1,
                .checkpoint(
                    .init(steps: 5, milestone: false, weights: nil, state: file, parameters: 1, seconds: 1)))
            bench.event("a", 1, .paused(steps: 5))
        }
        bench.end("a", 1, .stopped(.cancelled, exit: isRunning ? 0 : nil))
        #expect(bench.outcome(of: 1) == .cancelled, "nobody is charged")
        let again = bench.starts().first
        #expect(again?.resume?.steps == (isRunning ? 5 : nil))
        guard case .train(let task)? = again?.task else {
            Issue.record("the training does not go on")
            return
        }
        #expect(task.measures?.map(\.measures) == [[Self.raw], [Self.raw]])
        #expect(bench.scheduler.violations() == [])
    }

    /// One that was told goes on, as does one of which nobody knows what it was told, or that has passed the length.
    @Test func aTrainingThatHasThemGoesOn() {
        let told = TrainTask(
            milestones: [10, 20],
            measures: [10, 20].map { .init(steps: $0, trial: .named("x", $0), measures: [Self.raw]) })
        var later = told
        later.measures?.removeFirst()
        for (task, isPast) in [(told, false), (later, true), (nil, false)] {
            var holdings = open(task)
            if isPast { holdings.milestones[.named("x")] = [.init(steps: 10, weights: .named("weights 10"))] }
            var wanted = sweep(["x": [10, 20]])
            wanted.measures = [Self.raw]
            var bench = Bench(wanted, holdings: holdings)
            bench.connect("a", held: [bench.held(1, .running)])
            #expect(bench.cancels == [])
        }
    }

    /// A training that tells a failure, or a measure that it was not asked for, does not do its job.
    @Test(arguments: [true, false]) func whatWasNotAskedIsRefused(isFailure: Bool) {
        var bench = bench(isFailure ? [Self.raw] : [.named("plain")])
        bench.run("a", 1)
        bench.actions = []
        measured(&bench, 1, 10, failure: isFailure ? "no" : nil)
        #expect(bench.cancels == [1] && bench.outcome(of: 1)?.name == "job-fault")
    }
}
