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
        #expect(early.hosts[0].running.map(\.kind) == [.train])
        #expect(early.trials[.running] == 2)

        bench.milestone("a", 1, 100)
        let late = bench.scheduler.snapshot(at: now(20))
        #expect(late.workDone == late.workWanted / 2, "what is recorded counts, and is not counted twice")
        #expect(late.trials[.succeeded] == 1)
        #expect(late.total == 2)
    }

    @Test func measuresLeftAreCounted() {
        var bench = Bench(sweep(["x": [10, 20]], measures: ["m"]), hosts: [.test("a", slots: 2)])
        bench.connect("a")
        bench.run("a", 1)
        #expect(bench.scheduler.snapshot(at: now(1)).measuresLeft == 2)
        bench.milestone("a", 1, 10)
        bench.run("a", 2)
        bench.measured("a", 2, .named("x", 10), "m")
        #expect(bench.scheduler.snapshot(at: now(1)).measuresLeft == 1)
        bench.event("a", 1, .failed(.init(kind: .diverged, message: "not finite")))
        bench.end("a", 1, .exited(code: 1))
        #expect(bench.scheduler.snapshot(at: now(1)).measuresLeft == 0)
        #expect(bench.scheduler.violations() == [])
    }

    @Test func progressBeyondAllBoundsDoesNoHarm() {
        var bench = Bench(sweep(["x": [100]]))
        bench.connect("a")
        bench.run("a", 1)
        for done in [Int.min, Int.max] {
            bench.report("a", .progress(AttemptNumber(1), .init(done: done, of: .max, unit: "steps", rate: 1e300)))
            let snapshot = bench.scheduler.snapshot(at: now(10))
            #expect((0...snapshot.workWanted).contains(snapshot.workDone))
        }
    }

    @Test func twoAttemptsOfAJobAreShownAsOne() {
        var bench = Bench(sweep(["x": [100, 200]]), hosts: [.test("a"), .test("b")])
        bench.connect("a")
        bench.connect("b")
        bench.run("a", 1)
        bench.report("a", .progress(AttemptNumber(1), .init(done: 190, of: 200, unit: "steps", rate: 10)))
        bench.disconnect("a")
        bench.wait(901)
        bench.run("b", 2)
        bench.report("b", .progress(AttemptNumber(2), .init(done: 150, of: 200, unit: "steps", rate: 10)))
        bench.connect("a", held: [bench.held(1, .running)])
        #expect(bench.cancels == [2])
        let both = bench.scheduler.snapshot(at: now(1000))
        #expect(both.workDone == 0.95 * both.workWanted, "what is being stopped does not count")

        // The attempt was asked for both lengths, and is not told what came meanwhile.
        bench.milestone("b", 2, 100)
        let late = bench.scheduler.snapshot(at: now(1001))
        #expect(late.workDone == 0.95 * late.workWanted, "what another recorded is not counted twice")
        #expect(bench.scheduler.violations() == [])
    }

    @Test func whatAHostSaysIsShown() {
        var bench = Bench(sweep(["x": [100]]), hosts: [.test("a"), .test("b")])
        bench.disconnect("a")
        bench.disconnect("b", .authenticationFailed)
        let hosts = bench.scheduler.snapshot(at: now(1)).hosts
        #expect(hosts.map(\.status) == [.unreachable("gone"), .unusable("gone")])
    }
}
