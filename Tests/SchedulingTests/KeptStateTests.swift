import JobContract
import Scheduling
import SweepModel
import Testing

@Suite struct KeptStateTests {
    private let point = ResumePoint(steps: 7, state: .named("state 7"))

    private func interrupted() -> Bench {
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("a"), .test("b")])
        bench.connect("a")
        bench.run("a", 1)
        bench.report("a", .stateKept(AttemptNumber(1), point, bytes: 1))
        return bench
    }

    @Test func aStateOnAHostIsRecordedAndUsedThere() {
        var bench = interrupted()
        #expect(bench.changes.contains(.stateKept(.named("x"), AttemptNumber(1), point, bytes: 1)))
        bench.connect("b")
        _ = bench.starts()
        bench.end("a", 1, .signalled(signal: 15))
        let next = bench.starts()
        #expect(next.map(\.host) == ["a"])
        #expect(next.map(\.resume) == [point])
    }

    @Test func anotherHostBeginsFromWhatTheCoordinatorHas() {
        var bench = interrupted()
        bench.connect("b")
        _ = bench.starts()
        bench.disconnect("a")
        bench.wait(901)
        let next = bench.starts()
        #expect(next.map(\.host) == ["b"])
        #expect(next.map(\.resume) == [nil])
    }

    @Test func aKeptStateThatIsGoneIsNotAskedForAgain() {
        var bench = interrupted()
        _ = bench.starts()
        bench.end("a", 1, .signalled(signal: 15))
        #expect(bench.starts().map(\.resume) == [point])
        bench.report("a", .refused(AttemptNumber(2), HostFailure(.transferFailed, "the file is not here")))
        bench.wait(60)
        #expect(bench.starts().map(\.resume) == [nil])
    }

    @Test func anEarlierRunsKeptStateServesItsHost() {
        var holdings = Holdings()
        holdings.keptStates[.named("x")] = .init(point: point, host: "a")
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("a")], holdings: holdings)
        bench.connect("a")
        #expect(bench.starts().map(\.resume) == [point])
    }

    /// A milestone that is wanted only after its attempt was given is no reason to keep the state: the host removes a state
    /// when it has told a longer one, and the catalogue lets it be cleaned.
    @Test func aKeptStateIsForgottenForALongerOne() {
        var holdings = Holdings()
        holdings.openAttempts = [
            AttemptRecord(
                attempt: AttemptNumber(1), job: JobID(.named("for 10 alone")), training: .named("x"), kind: .train,
                trials: [.named("x", 10)], host: "a", machine: "a", boot: "1", cpu: "test",
                task: .train(TrainTask(milestones: [10])))
        ]
        var bench = Bench(sweep(["x": [8, 10]]), hosts: [.test("a")], holdings: holdings)
        bench.connect("a", held: [bench.held(1, .running)])
        bench.report("a", .stateKept(AttemptNumber(1), point, bytes: 1))
        bench.milestone("a", 1, 10)
        bench.finish("a", 1)
        let next = bench.starts()
        #expect(next.map(\.milestones) == [[8]])
        #expect(next.map(\.resume) == [nil])
    }

    @Test func aKeptStateBelowALongerOneServesALengthBetween() {
        var holdings = Holdings()
        holdings.milestones[.named("x")] = [.init(steps: 10, weights: .named("weights"))]
        holdings.states[.named("x")] = ResumePoint(steps: 10, state: .named("state 10"))
        var bench = Bench(sweep(["x": [8, 10]]), hosts: [.test("a")], holdings: holdings)
        bench.connect("a")
        bench.run("a", 1)
        bench.report("a", .stateKept(AttemptNumber(1), point, bytes: 1))
        _ = bench.starts()
        bench.end("a", 1, .signalled(signal: 15))
        #expect(bench.starts().map(\.resume) == [point])
    }
}
