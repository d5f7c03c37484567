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

    /// A training that tells a failure, or a measure that it was not asked for, does not do its job.
    @Test(arguments: [true, false]) func whatWasNotAskedIsRefused(isFailure: Bool) {
        var bench = bench(isFailure ? [Self.raw] : [.named("plain")])
        bench.run("a", 1)
        bench.actions = []
        measured(&bench, 1, 10, failure: isFailure ? "no" : nil)
        #expect(bench.cancels == [1] && bench.outcome(of: 1)?.name == "job-fault")
    }
}
