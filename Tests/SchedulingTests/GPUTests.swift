import JobContract
import Scheduling
import SweepModel
import Testing

/// Jobs that need GPUs.
@Suite struct GPUTests {
    private func host(_ name: String, _ gpus: GPUChoice?, each jobs: Int = 1, slots: Int = 8) -> HostSpec {
        var host = HostSpec.test(name, slots: slots)
        host.gpus = gpus
        host.jobsPerGPU = jobs
        return host
    }

    private let three = sweep(["x": [10], "y": [10], "z": [10]], needs: JobNeeds(gpus: 1))

    @Test func jobsGoWhereThereAreGPUs() {
        var bench = Bench(three, hosts: [host("none", nil), host("one", .first(1), slots: 1)])
        bench.connect("none")
        #expect(bench.starts().isEmpty)
        bench.connect("one")
        let starts = bench.starts()
        #expect(Set(starts.map(\.host)) == ["one"])
        #expect(Set(starts.map(\.gpus)) == [1])
    }

    @Test func aHostHasAsManySlotsAsItsGPUsHavePlaces() {
        var bench = Bench(three, hosts: [host("a", .first(1), each: 2), host("b", .first(1))])
        bench.connect("a")
        bench.connect("b")
        let starts = bench.starts()
        #expect(starts.prefix(3).map(\.host).sorted() == ["a", "a", "b"], "none waits where another could run it")
        #expect(bench.scheduler.snapshot(at: Instant(nanoseconds: 1)).hosts.map(\.slots) == [2, 1])
    }

    @Test func whatAHostTellsOfItsGPUsCounts() {
        var bench = Bench(three, hosts: [host("a", .all)])
        let facts = HostFacts(
            machine: "a", boot: "1", cores: 8, memory: 1 << 40, cpu: "test", free: 1 << 40, gpus: [])
        bench.report("a", .connected(facts, held: []))
        #expect(bench.starts().isEmpty)
        bench.wait(1000)
        guard case .noUsableHost(let reason)? = bench.scheduler.ending else {
            Issue.record("\(String(describing: bench.scheduler.ending))")
            return
        }
        #expect(reason.contains("GPUs"))
    }

    @Test func aFailedGPUIsChargedToNoJob() {
        var bench = Bench(three, hosts: [host("a", .all, slots: 4)])
        let gpus = [GPUFacts(id: "0", index: 0, name: ""), GPUFacts(id: "1", index: 1, name: "")]
        let facts = HostFacts(
            machine: "a", boot: "1", cores: 8, memory: 1 << 40, cpu: "test", free: 1 << 40, gpus: gpus)
        bench.report("a", .connected(facts, held: []))
        #expect(bench.scheduler.snapshot(at: Instant(nanoseconds: 1)).hosts.map(\.slots) == [2])
        for number in 1...3 { bench.run("a", number) }
        for number in 1...2 { bench.end("a", number, .exited(code: 1)) }
        bench.report(
            "a", .gpuFailed(FailedGPU(id: "0", reason: "they failed", attempts: (1...3).map { AttemptNumber($0) })))
        bench.end("a", 3, .exited(code: 1))
        for number in 1...2 {
            #expect(
                bench.changes.contains {
                    if case .attemptExcused(AttemptNumber(number), _) = $0 { true } else { false }
                })
        }
        guard case .hostFault(let reason)? = bench.outcome(of: 3) else {
            Issue.record("\(String(describing: bench.outcome(of: 3)))")
            return
        }
        #expect(reason.contains("GPU 0"))
        let now = bench.scheduler.snapshot(at: Instant(nanoseconds: 1)).hosts[0]
        #expect(now.slots == 1)
        #expect(now.status == .connected, "the host goes on")
        #expect(bench.scheduler.violations() == [])
    }
}
