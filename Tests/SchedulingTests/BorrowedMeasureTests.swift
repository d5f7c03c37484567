import JobContract
import Scheduling
import SweepModel
import Testing

/// Measures that another worker takes of a worker's networks are attempts of their own.
@Suite struct BorrowedMeasureTests {
    private let trial = TrialID.named("x", 10)
    private let ours = WorkerName(name: "ours", numerics: 7)

    /// A trained trial, with the attempts that came of it.
    private func trained(_ measures: [String]) -> (bench: Bench, starts: [Assignment]) {
        var wished = sweep(["x": [10]], measures: measures)
        wished.borrowed = BorrowedMeasures(
            of: WorkerName(name: "test", numerics: 2), worker: ours, names: ["n", "o"])
        var bench = Bench(wished)
        bench.connect("a")
        bench.run("a", 1)
        bench.milestone("a", 1, 10)
        bench.finish("a", 1)
        return (bench, bench.starts())
    }

    private func asked(_ starts: [Assignment]) -> [[String]] {
        starts.compactMap { start in
            if case .measure(let task)? = start.task { task.measures.map(\.measure) } else { nil }
        }
    }

    private func started(_ worker: WorkerName, contract: Int = ContractVersion.current) -> WorkerEvent {
        .started(
            .init(
                contract: contract, worker: worker.name, numerics: worker.numerics, build: "", cpu: "", kernels: ""))
    }

    @Test(arguments: [["m", "n", "p", "o"], ["n", "m", "o", "p"]])
    func eachAttemptHasThoseOfOneWorker(measures: [String]) throws {
        var (bench, starts) = trained(measures)
        var number = 2
        for turn in 0..<2 {
            let now = try #require(asked(starts).last)
            let isOurs = measures[turn] == "n"
            #expect(now == measures.filter { ["n", "o"].contains($0) == isOurs })
            bench.run("a", number)
            bench.event("a", number, started(isOurs ? ours : WorkerName(name: "test", numerics: 2)))
            for measure in now { bench.measured("a", number, trial, measure) }
            bench.finish("a", number)
            #expect(bench.outcome(of: number) == .succeeded)
            number += 1
            if turn == 1 { #expect(bench.changes.contains(.trialState(trial, .succeeded, reason: nil))) }
            starts = bench.starts()
        }
        #expect(bench.scheduler.violations() == [])
    }

    /// Neither worker's results are taken for the other's.
    @Test(arguments: [("m", "ours", 7), ("n", "test", 2), ("n", "ours", 8)])
    func theOtherWorkerIsNotBelieved(measure: String, worker: String, numerics: Int) {
        var (bench, _) = trained([measure])
        bench.run("a", 2)
        bench.event("a", 2, started(WorkerName(name: worker, numerics: numerics)))
        bench.measured("a", 2, trial, measure)
        guard case .hostFault(let reason)? = bench.outcome(of: 2) else {
            Issue.record("attempt 2 ended as \(bench.outcome(of: 2).map { "\($0)" } ?? "nothing")")
            return
        }
        #expect(reason.contains("expected \(measure == "m" ? "test, numerics 2" : "ours, numerics 7")"))
        #expect(!bench.changes.contains { if case .measured = $0 { true } else { false } })
    }

    @Test(arguments: [(1, true), (2, true), (3, false), (0, false)])
    func workersOfBothVersionsAreTaken(contract: Int, isTaken: Bool) {
        var (bench, _) = trained(["m"])
        bench.run("a", 2)
        bench.event("a", 2, started(WorkerName(name: "test", numerics: 2), contract: contract))
        #expect((bench.outcome(of: 2) == nil) == isTaken)
    }
}
