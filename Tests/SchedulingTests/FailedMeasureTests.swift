import JobContract
import Scheduling
import SweepModel
import Testing

/// A measure that fails costs itself alone.
@Suite struct FailedMeasureTests {
    private let trial = TrialID.named("x", 10)

    /// A trained trial whose measures attempt 2 takes.
    private func measuring(_ measures: [String]) -> Bench {
        var bench = Bench(sweep(["x": [10]], measures: measures))
        bench.connect("a")
        bench.run("a", 1)
        bench.milestone("a", 1, 10)
        bench.finish("a", 1)
        bench.run("a", 2)
        bench.seconds += 100
        _ = bench.starts()
        return bench
    }

    private func failed(_ bench: Bench) -> [String] {
        bench.changes.compactMap {
            if case .measureFailed(trial, let request, let reason) = $0 { "\(request.measure): \(reason)" } else { nil }
        }
    }

    private func states(_ bench: Bench) -> [TrialState] {
        bench.changes.compactMap { if case .trialState(trial, let state, _) = $0 { state } else { nil } }
    }

    private func say(_ bench: inout Bench, _ measure: String, _ reason: String) {
        bench.event(
            "a", 2,
            .measure(
                .init(
                    trial: trial, request: .named(measure), checkpoint: .named("weights 10"), rows: [], artifacts: [],
                    seconds: 1, failure: reason)))
    }

    @Test func theOthersAreRecordedAndTheTrialSaysWhichIsMissing() {
        var bench = measuring(["m", "n", "o"])
        bench.measured("a", 2, trial, "m")
        say(&bench, "n", "too few images")
        #expect(states(bench) == [], "the rest is still to come")
        bench.measured("a", 2, trial, "o")
        bench.finish("a", 2)
        #expect(bench.outcome(of: 2) == .succeeded)
        #expect(failed(bench) == ["n: too few images"])
        #expect(bench.changes.contains(.trialState(trial, .failed, reason: nil)))
        #expect(bench.scheduler.ending == .settled && bench.scheduler.failures == 1)
        #expect(bench.starts().isEmpty)
        #expect(bench.scheduler.violations() == [])
    }

    /// A worker that dies, or refuses the whole job, fails the measure that was next.
    @Test func aWorkerThatDiesCostsTheMeasureThatWasNext() {
        var bench = measuring(["m", "n", "o"])
        bench.measured("a", 2, trial, "m")
        for attempt in 2...4 {
            bench.end("a", attempt, .signalled(signal: 11))
            #expect(failed(bench) == (attempt < 4 ? [] : ["n: the worker died of signal 11"]))
            let next = bench.starts()
            #expect(next.count == 1)
            bench.run("a", attempt + 1)
            bench.seconds += 100
        }
        bench.event("a", 5, .failed(.init(kind: .unsupported, message: "no")))
        bench.end("a", 5, .exited(code: 1))
        #expect(failed(bench) == ["o: unsupported: no"])
        #expect(bench.changes.contains(.trialState(trial, .failed, reason: nil)))
        #expect(bench.scheduler.ending == .settled)
        #expect(bench.scheduler.violations() == [])
    }

    /// One measure was refused while its host was away, and by another host meanwhile: that counts once, not twice.
    @Test func twoAttemptsThatRefuseOneMeasureCostOne() {
        var bench = Bench(sweep(["x": [10]], measures: ["m", "n"]), hosts: [.test("a"), .test("b")])
        bench.connect("a")
        bench.run("a", 1)
        bench.milestone("a", 1, 10)
        bench.finish("a", 1)
        bench.run("a", 2)
        bench.connect("b")
        _ = bench.starts()
        bench.disconnect("a")
        bench.wait(901)
        #expect(bench.starts().map(\.host) == ["b"])
        bench.run("b", 3)
        bench.seconds += 100
        bench.event("b", 3, .failed(.init(kind: .unsupported, message: "no")))
        bench.end("b", 3, .exited(code: 1))
        #expect(failed(bench) == ["m: unsupported: no"])
        #expect(bench.starts().map(\.host) == ["b"])
        bench.run("b", 4)
        bench.connect("a", held: [bench.held(2, .ended(.exited(code: 1)))])
        bench.event("a", 2, .failed(.init(kind: .unsupported, message: "no")))
        bench.end("a", 2, .exited(code: 1))
        #expect(failed(bench) == [])
        bench.measured("b", 4, trial, "n")
        bench.finish("b", 4)
        #expect(bench.changes.contains(.trialState(trial, .failed, reason: nil)))
        #expect(bench.scheduler.violations() == [])
    }

    /// The next coordinator leaves the failed measure alone, takes what else is wanted, and compares the trial with others.
    @Test func theNextRunLeavesItAlone() {
        var holdings = Holdings()
        holdings.milestones = [.named("x"): [.init(steps: 10, weights: .named("weights 10"))]]
        holdings.measured = [.init(trial: trial, request: .named("m"))]
        holdings.failedMeasures = [.init(trial: trial, request: .named("n")): "why"]
        let done = Bench(sweep(["x": [10]], measures: ["m", "n"]), holdings: holdings)
        #expect(done.changes.contains(.trialState(trial, .failed, reason: nil)))
        #expect(done.scheduler.ending == .settled && done.scheduler.failures == 1)
        let other = Bench(sweep(["x": [10]], measures: ["m"]), holdings: holdings)
        #expect(other.scheduler.failures == 0, "who does not want it misses nothing")
        var more = Bench(sweep(["x": [10]], measures: ["m", "n", "o"]), holdings: holdings)
        more.connect("a")
        let task = more.starts().first?.task
        guard case .measure(let measure)? = task else { return #expect(Bool(false), "nothing is measured") }
        #expect(measure.measures == [.named("o")])
        more.run("a", 1)
        more.measured("a", 1, trial, "o")
        more.finish("a", 1)
        #expect(more.changes.contains(.trialState(trial, .failed, reason: nil)))
        #expect(more.scheduler.violations() == [])
    }

    /// An attempt for which nobody waits any more may bring the result after all.
    @Test func aLateResultMakesItWhole() {
        var bench = measuring(["m"])
        say(&bench, "m", "no")
        #expect(states(bench) == [.failed])
        bench.measured("a", 2, trial, "m")
        #expect(states(bench).last == .succeeded && bench.scheduler.failures == 0)
    }
}
