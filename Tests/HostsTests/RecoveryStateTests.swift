import ContentStore
import JobContract
import RemoteHosts
import SweepModel
import Testing

/// Which recovery points' states a coordinator brings home from the real agent.
@Suite(.serialized)
struct RecoveryStateTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func start(_ coordinator: TestCoordinator, _ script: String) throws {
        try coordinator.waitForConnection()
        coordinator.send(.start(try ScriptedWorker.order(1, in: coordinator.store, script)), to: "here")
    }

    private func checkpoints(_ reports: [HostReport]) -> [WorkerEvent.Checkpoint] {
        reports.events().compactMap { if case .checkpoint(let checkpoint) = $0.event { checkpoint } else { nil } }
    }

    @Test func `a state that would take too long stays on its host`() throws {
        var options = ConnectionOptions.quick
        options.stateSeconds = 0
        let coordinator = try TestCoordinator([scratch.localHost()], scratch: scratch, options: options)
        defer { coordinator.close() }
        // The worker ends only when its file was taken into the store, not copied.
        try start(
            coordinator,
            "started; recovery 10 200000; await more; recovery 20 200000; while [ -e state-20 ]; do sleep 0.02; done; finished"
        )
        // Nothing is known of the connection yet, so the first state is fetched.
        let first = try coordinator.wait("the first state") { checkpoints($0).count == 1 }
        let state = try #require(checkpoints(first)[0].state)
        #expect(coordinator.store.contains(state.digest))
        try scratch.write("", "more")
        #expect(try coordinator.waitForEnd() == .exited(code: 0))
        let reports = coordinator.reports
        #expect(checkpoints(reports).map { $0.state == nil } == [false, true])
        let kept = reports.compactMap { report -> (ResumePoint, Int)? in
            if case .stateKept(_, let point, let bytes) = report { (point, bytes) } else { nil }
        }
        #expect(kept.map(\.0.steps) == [20])
        #expect(kept.map(\.1) == [200_003])
        #expect(kept.allSatisfy { !coordinator.store.contains($0.0.state) })
    }

    @Test func `a host keeps only the newest state that is acknowledged`() throws {
        let coordinator = try TestCoordinator([scratch.localHost()], scratch: scratch)
        defer { coordinator.close() }
        try start(
            coordinator,
            "started; recovery 10 1000; await a; recovery 20 1000; await b; recovery 30 1000; await end; finished")
        for (count, file) in [(1, "a"), (2, "b"), (3, "")] {
            try coordinator.wait("checkpoint \(count)") { checkpoints($0).count == count }
            if !file.isEmpty { try scratch.write("", file) }
        }
        let events = coordinator.reports.events()
        let states = checkpoints(coordinator.reports).compactMap(\.state?.digest)
        let store = try ContentStore(directory: scratch.path("host/store"))
        #expect(states.allSatisfy(store.contains))
        coordinator.send(.acknowledge(AttemptNumber(1), offset: events[2].end), to: "here")
        try scratch.waitUntil("the first state's end") { !store.contains(states[0]) }
        #expect(store.contains(states[1]) && store.contains(states[2]))
        coordinator.send(.acknowledge(AttemptNumber(1), offset: events[3].end), to: "here")
        try scratch.waitUntil("the second state's end") { !store.contains(states[1]) }
        #expect(store.contains(states[2]))
        try scratch.write("", "end")
        _ = try coordinator.waitForEnd()
    }

    @Test func `only the newest of the states that wait is brought`() throws {
        let first = try TestCoordinator([scratch.localHost()], scratch: scratch)
        try start(
            first,
            "started; await more; recovery 10 1000; recovery 20 1000; recovery 30 1000; echo > $SCRATCH/written; await end"
        )
        try first.wait("running") { !$0.events().isEmpty }
        first.close()
        try scratch.write("", "more")
        try scratch.waitUntil("three recovery points") { scratch.exists("written") }
        let second = try TestCoordinator(
            [scratch.localHost()], scratch: scratch, generation: 2, store: "second")
        defer { second.close() }
        let reports = try second.wait("three checkpoints") { checkpoints($0).count == 3 }
        #expect(checkpoints(reports).map { $0.state != nil } == [false, false, true])
        #expect(try second.store.digests().count == 1)
        try scratch.write("", "end")
        _ = try second.waitForEnd()
    }

    /// A training cannot go on from a milestone without a state.
    @Test func `a later checkpoint without a state does not stand for one that has it`() throws {
        let first = try TestCoordinator([scratch.localHost()], scratch: scratch)
        try start(
            first,
            """
            started; await more; recovery 10 1000; echo w > w; checkpoint 20 w
            echo > $SCRATCH/written; await end; finished
            """)
        try first.wait("running") { !$0.events().isEmpty }
        first.close()
        try scratch.write("", "more")
        try scratch.waitUntil("both checkpoints") { scratch.exists("written") }
        let second = try TestCoordinator([scratch.localHost()], scratch: scratch, generation: 2, store: "second")
        defer { second.close() }
        let found = checkpoints(try second.wait("both checkpoints") { checkpoints($0).count == 2 })
        let state = try #require(found[0].state)
        #expect(second.store.isWhole(state.digest))
        #expect(found[1].state == nil && found[1].weights != nil)
        try scratch.write("", "end")
        #expect(try second.waitForEnd() == .exited(code: 0))
    }

    /// The next attempt was given the older state, and has not begun.
    @Test func `a superseded state that another attempt needs stays`() throws {
        let coordinator = try TestCoordinator([scratch.localHost(slots: 1)], scratch: scratch)
        defer { coordinator.close() }
        try start(
            coordinator,
            "started; recovery 10 1000; await more; recovery 20 1000; await last; recovery 30 1000; await end; finished"
        )
        try coordinator.wait("the first state") { checkpoints($0).count == 1 }
        let old = try #require(checkpoints(coordinator.reports)[0].state?.digest)
        var order = try ScriptedWorker.order(2, in: coordinator.store, "started; finished")
        order.description.task = .train(TrainTask(milestones: [100], resume: ResumePoint(steps: 10, state: old)))
        coordinator.send(.start(order), to: "here")
        try coordinator.wait("the next order") { $0.contains(.accepted(AttemptNumber(2))) }
        try scratch.write("", "more")
        try coordinator.wait("the second state") { checkpoints($0).count == 2 }
        try scratch.write("", "last")
        let reports = try coordinator.wait("the third state") { checkpoints($0).count == 3 }
        let states = checkpoints(reports).compactMap(\.state?.digest)
        coordinator.send(
            .acknowledge(AttemptNumber(1), offset: try #require(reports.events().last?.end)), to: "here")
        let store = try ContentStore(directory: scratch.path("host/store"))
        try scratch.waitUntil("a state that nobody needs is gone") { !store.contains(states[1]) }
        #expect(store.contains(old) && store.contains(states[2]))
        try scratch.write("", "end")
        #expect(try coordinator.waitForEnd(2) == .exited(code: 0))
    }
}
