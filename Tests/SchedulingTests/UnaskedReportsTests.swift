import JobContract
import Scheduling
import SweepModel
import Testing

/// Workers report results that they were not asked for.
@Suite struct UnaskedReportsTests {
    private let file = OutputFile(path: "f", digest: .named("f"), bytes: 1)

    private func results(_ bench: Bench) -> Int {
        bench.changes.count {
            switch $0 {
            case .milestone, .recoveryPoint, .measured: true
            default: false
            }
        }
    }

    private func expectFault(_ bench: inout Bench, _ attempt: Int, _ words: String) {
        #expect(results(bench) == 0)
        #expect(bench.cancels == [attempt], "its process is stopped")
        #expect(bench.outcome(of: attempt)?.name == "job-fault")
        #expect(bench.outcome(of: attempt)?.reason?.contains(words) == true)
        bench.actions = []
        bench.end("a", attempt, .signalled(signal: 15))
        #expect(bench.starts().map(\.attempt.value) == [attempt + 1], "the job is tried again")
        #expect(bench.scheduler.violations() == [])
    }

    @Test(arguments: [("test", 2, 1, true), ("other", 2, 1, false), ("test", 3, 1, false), ("test", 2, 3, false)])
    func aWorkerThatTheTrainingIsNotNamedWith(name: String, numerics: Int, contract: Int, isFine: Bool) {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        bench.run("a", 1)
        bench.actions = []
        bench.event(
            "a", 1,
            .started(
                .init(contract: contract, worker: name, numerics: numerics, build: "", cpu: "", kernels: "")))
        #expect(bench.cancels == (isFine ? [] : [1]))
        #expect(bench.outcome(of: 1)?.name == (isFine ? nil : "host-fault"))
    }

    @Test func nothingIsRecordedOfAnotherWorkerHoweverMuchHasCome() {
        var bench = Bench(sweep(["x": [10]], measures: ["m"]))
        bench.connect("a")
        bench.run("a", 1)
        bench.event(
            "a", 1,
            .started(
                .init(
                    contract: ContractVersion.current, worker: "test", numerics: 1, build: "", cpu: "", kernels: "")))
        bench.milestone("a", 1, 10)
        bench.finish("a", 1)
        #expect(results(bench) == 0)
        #expect(bench.outcome(of: 1)?.name == "host-fault")
        #expect(bench.scheduler.violations() == [])
    }

    /// The line in which it said so may be damaged: it may be another worker, whose bits differ.
    @Test func aResultOfAWorkerThatNeverSaidWhichItIs() {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        bench.run("a", 1)
        bench.actions = []
        bench.event(
            "a", 1,
            .checkpoint(.init(steps: 10, milestone: true, weights: file, state: file, parameters: 1, seconds: 1)),
            introducing: false)
        expectFault(&bench, 1, "before it said which worker it is")
    }

    @Test(arguments: [(5, true), (20, true), (.max, true), (11, false), (-1, false)])
    func aCheckpointElsewhere(steps: Int, isMilestone: Bool) {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        bench.run("a", 1)
        bench.actions = []
        bench.event(
            "a", 1,
            .checkpoint(
                .init(
                    steps: steps, milestone: isMilestone, weights: file, state: file, parameters: 1,
                    seconds: 1)))
        expectFault(&bench, 1, "a checkpoint at \(steps) steps")
    }

    @Test(arguments: [("n", "x", 10), ("m", "y", 10), ("m", "x", 11)])
    func aMeasureThatIsNotOfTheOrder(measure: String, training: String, weights: Int) {
        var bench = Bench(sweep(["x": [10]], measures: ["m"]))
        bench.connect("a")
        bench.run("a", 1)
        bench.milestone("a", 1, 10)
        bench.finish("a", 1)
        bench.run("a", 2)
        bench.actions = []
        bench.measured("a", 2, .named(training, 10), measure, steps: weights)
        expectFault(&bench, 2, "not asked")
    }

    @Test func aFaultStandsThoughTheHostForgetsTheAttempt() {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        for attempt in 1...3 {
            bench.run("a", attempt)
            bench.seconds += 100
            bench.milestone("a", attempt, 7)
            bench.disconnect("a")
            bench.connect("a")
        }
        #expect(bench.scheduler.failures == 1, "charged each time")
    }
}
