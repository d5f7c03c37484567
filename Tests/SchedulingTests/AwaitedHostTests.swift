import Scheduling
import SweepModel
import Testing

/// What people hear of hosts that cannot be reached.
@Suite struct AwaitedHostTests {
    private func awaited(_ bench: inout Bench) -> [Double] {
        defer { bench.actions = [] }
        return bench.actions.compactMap {
            if case .notice(.hostAwaited("a", let seconds)) = $0 { seconds } else { nil }
        }
    }

    @Test func aWaitIsToldAndAgainWhenItHasGrown() {
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("a"), .test("b")])
        bench.disconnect("a")
        for seconds in [12.0, 25, 45, 55, 60, 58] { bench.report("a", .awaited(seconds: seconds)) }
        #expect(awaited(&bench) == [12, 25, 45])
        bench.connect("a")
        bench.disconnect("a")
        bench.report("a", .awaited(seconds: 20))
        #expect(awaited(&bench) == [20], "a host that was back in between is another story")
    }

    @Test func theViewCountsDownToTheNextTry() {
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("a")])
        bench.disconnect("a")
        bench.report("a", .awaited(seconds: 30))
        func left(_ seconds: Int64) -> Double? {
            bench.scheduler.snapshot(at: Instant(nanoseconds: seconds * 1_000_000_000)).hosts[0].nextTrySeconds
        }
        #expect(left(10) == 20 && left(40) == 0)
        bench.disconnect("a")
        #expect(left(41) == nil)
    }

    @Test(arguments: [HostFailure.Kind.noShell, .directory, .spawnFailed, .authenticationFailed])
    func aRunWhoseOnlyHostHasALastingCauseEndsAtOnce(_ kind: HostFailure.Kind) {
        var bench = Bench(sweep(["x": [10]]), hosts: [.test("a")])
        bench.disconnect("a", kind)
        guard case .noUsableHost(let reason)? = bench.scheduler.ending else {
            Issue.record("\(String(describing: bench.scheduler.ending))")
            return
        }
        #expect(reason == "a: gone")
    }
}
