import JobContract
import Scheduling
import SweepModel
import Testing

@Suite struct SnapshotTests {
    private func now(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    @Test func progressOfATrainingCountsImagesAndWork() {
        var bench = Bench(sweep(["x": [100, 200]]), hosts: [.test("a"), .test("b")])
        bench.connect("a")
        bench.run("a", 1)
        bench.report("a", .progress(AttemptNumber(1), .init(done: 50, of: 200, unit: "steps", rate: 10)))
        let early = bench.scheduler.snapshot(at: now(10))
        #expect(early.imagesPerSecond == 320, "10 steps of 32 images")
        #expect(early.workDone == early.workWanted / 4)
        #expect(early.secondsLeft == 30)
        #expect(early.hosts.map(\.status) == [.connected, .connecting])
        #expect(early.hosts[0].running.map(\.kind) == ["train"])
        #expect(early.trials[.running] == 2)

        bench.milestone("a", 1, 100)
        let late = bench.scheduler.snapshot(at: now(20))
        #expect(late.workDone == late.workWanted / 2, "what is recorded counts, and is not counted twice")
        #expect(late.trials[.succeeded] == 1)
        #expect(late.total == 2)
    }

    @Test func whatAHostSaysIsShown() {
        var bench = Bench(sweep(["x": [100]]), hosts: [.test("a"), .test("b")])
        bench.disconnect("a")
        bench.disconnect("b", .authenticationFailed)
        let hosts = bench.scheduler.snapshot(at: now(1)).hosts
        #expect(hosts.map(\.status) == [.unreachable("gone"), .unusable("gone")])
    }
}
