import CPosix
import Foundation
import JobContract
import SweepModel
import Testing

/// The real agent on this machine, with workers that are shell scripts.
@Suite(.serialized)
struct LocalAgentTests {
    private func started(
        _ script: String, slots: Int = 2, generation: Int = 1
    ) throws -> (Scratch, TestCoordinator) {
        let scratch = try Scratch()
        let coordinator = try TestCoordinator(
            [scratch.localHost(slots: slots)], scratch: scratch, generation: generation)
        try coordinator.waitForConnection()
        coordinator.send(.start(try ScriptedWorker.order(1, in: coordinator.store, script)), to: "here")
        return (scratch, coordinator)
    }

    @Test func `a job runs and its files reach the coordinator before its events`() throws {
        let (_, coordinator) = try started(
            """
            started
            env > environment; checkpoint 50 environment
            cp given.json description; checkpoint 100 description
            echo words >&2
            finished
            """)
        defer { coordinator.close() }
        #expect(try coordinator.waitForEnd() == .exited(code: 0))
        let reports = coordinator.reports
        let events = reports.events()
        #expect(events.count == 4)
        #expect(events.map(\.end) == events.map(\.end).sorted())
        #expect(events.last?.event == .finished)
        let files = events.flatMap(\.event.files)
        #expect(files.count == 2)
        let texts = try files.map { file in
            let path = try #require(coordinator.store.location(of: file.digest))
            return try String(contentsOfFile: path, encoding: .utf8)
        }
        let variables = Set(texts[0].split(separator: "\n").map { String($0.prefix { $0 != "=" }) })
        #expect(
            variables.isSubset(of: [
                "PATH", "LANG", "HOME", "SCRATCH", "EIGENSWEEP_ATTEMPT", "PWD", "SHLVL", "_", "OLDPWD",
            ]))
        #expect(variables.isSuperset(of: ["PATH", "LANG", "SCRATCH"]))
        let given = try JSONDecoder().decode(JobDescription.self, from: Data(texts[1].utf8))
        #expect(try String(contentsOfFile: given.path(of: given.dataset), encoding: .utf8) == "a dataset")
        guard case .ended(_, _, let diagnostics)? = reports.last else {
            Issue.record("\(reports)")
            return
        }
        #expect(diagnostics == "words\n")
        let order = try #require(reports.firstIndex(of: .accepted(AttemptNumber(1))))
        #expect(try #require(reports.firstIndex(of: .running(AttemptNumber(1)))) > order)
    }

    @Test func `the same start again runs nothing twice`() throws {
        let (scratch, coordinator) = try started("echo run >> $SCRATCH/runs; started; await go; finished")
        defer { coordinator.close() }
        let order = try ScriptedWorker.order(1, in: coordinator.store, "never")
        try coordinator.wait("running") { $0.contains(.running(AttemptNumber(1))) }
        coordinator.send(.start(order), to: "here")
        try coordinator.wait("second answer") { $0.filter { $0 == .accepted(AttemptNumber(1)) }.count == 2 }
        try scratch.write("", "go")
        #expect(try coordinator.waitForEnd() == .exited(code: 0))
        coordinator.send(.start(order), to: "here")
        try coordinator.wait("third answer") { $0.filter { $0 == .accepted(AttemptNumber(1)) }.count == 3 }
        #expect(scratch.read("runs") == "run\n")
    }

    @Test func `a later coordinator hears again what was not acknowledged`() throws {
        let (scratch, first) = try started("started; echo a > a; checkpoint 100 a; finished")
        #expect(try first.waitForEnd() == .exited(code: 0))
        let told = first.reports.events()
        first.send(.acknowledge(AttemptNumber(1), offset: told[0].end), to: "here")
        first.close()
        let second = try TestCoordinator([scratch.localHost()], scratch: scratch, generation: 2, store: "other")
        #expect(try second.waitForEnd() == .exited(code: 0))
        #expect(second.reports.held().map(\.state) == [.ended(.exited(code: 0))])
        #expect(second.reports.events().map(\.end) == told.dropFirst().map(\.end))
        second.send(.release(AttemptNumber(1)), to: "here")
        second.close()
        try scratch.waitUntil("the attempt's directory is gone") { scratch.attempts.isEmpty }
    }

    @Test func `workers outlive their agent and are adopted by the next`() throws {
        let (scratch, coordinator) = try started("started; echo a > a; await go; checkpoint 100 a; finished")
        defer { coordinator.close() }
        try coordinator.wait("started") { $0.events().count == 1 }
        let agent = try #require(scratch.agents.first)
        kill(agent, SIGKILL)
        try coordinator.wait("reconnection") {
            $0.count { if case .connected = $0 { true } else { false } } == 2
        }
        #expect(scratch.agents.first != agent)
        try scratch.write("", "go")
        #expect(try coordinator.waitForEnd() == .exited(code: 0))
        #expect(coordinator.reports.events().last?.event == .finished)
        #expect(!coordinator.reports.failures.isEmpty)
    }

    @Test func `a worker that dies while no agent watches has vanished`() throws {
        let (scratch, coordinator) = try started("started; await never")
        defer { coordinator.close() }
        try coordinator.wait("started") { $0.events().count == 1 }
        let worker = try #require(scratch.workers.first)
        for agent in scratch.agents { kill(agent, SIGKILL) }
        kill(-worker, SIGKILL)
        #expect(try coordinator.waitForEnd() == .vanished)
    }

    @Test func `a killed worker is reported with its signal`() throws {
        let (scratch, coordinator) = try started("started; await never")
        defer { coordinator.close() }
        try coordinator.wait("started") { $0.events().count == 1 }
        kill(-(try #require(scratch.workers.first)), SIGKILL)
        #expect(try coordinator.waitForEnd() == .signalled(signal: 9))
    }

    @Test func `cancel asks for a pause, and keeps what waits from starting`() throws {
        let (_, coordinator) = try started(
            """
            trap 'echo "{\\"event\\":\\"paused\\",\\"steps\\":40}"; exit 0' TERM
            started
            while :; do sleep 0.02; done
            """, slots: 1)
        defer { coordinator.close() }
        coordinator.send(.start(try ScriptedWorker.order(2, in: coordinator.store, "started")), to: "here")
        try coordinator.wait("both orders") { $0.contains(.accepted(AttemptNumber(2))) && $0.events().count == 1 }
        coordinator.send(.cancel(AttemptNumber(2)), to: "here")
        #expect(try coordinator.waitForEnd(2) == .stopped(.cancelled, exit: nil))
        coordinator.send(.cancel(AttemptNumber(1)), to: "here")
        #expect(try coordinator.waitForEnd() == .stopped(.cancelled, exit: 0))
        #expect(coordinator.reports.events().last?.event == .paused(steps: 40))
    }

    @Test func `the backlog starts by itself, in its turn`() throws {
        let (scratch, coordinator) = try started("started; await go; echo 1 >> $SCRATCH/order; finished", slots: 1)
        for attempt in 2...4 {
            let script = "started; echo \(attempt) >> $SCRATCH/order; finished"
            var order = try ScriptedWorker.order(attempt, in: coordinator.store, script)
            order.turn = [2: 30, 3: 10.5][attempt]
            coordinator.send(.start(order), to: "here")
        }
        try coordinator.wait("all orders") { $0.contains(.accepted(AttemptNumber(4))) }
        coordinator.close()
        try scratch.write("", "go")
        try scratch.waitUntil("all have run") { scratch.read("order") == "1\n4\n3\n2\n" }
        let second = try TestCoordinator([scratch.localHost(slots: 1)], scratch: scratch, generation: 2)
        defer { second.close() }
        for attempt in 1...4 { #expect(try second.waitForEnd(attempt) == .exited(code: 0)) }
        #expect(second.reports.held().count == 4)
    }

    @Test func `output that is no event fails the job in words`() throws {
        let (_, coordinator) = try started("started; echo 'Epoch 1: loss 0.5'; await never")
        defer { coordinator.close() }
        _ = try coordinator.waitForEnd()
        guard case .failed(let failed)? = coordinator.reports.events().last?.event else {
            Issue.record("no failure"); return
        }
        #expect(failed.kind == .internal)
        #expect(failed.message.contains("is not an event: Epoch 1: loss 0.5"))
    }

    @Test(arguments: [
        ("wrong content", #""path":"a","digest":"\#(String(repeating: "0", count: 64))","bytes":2"#),
        ("outside", #""path":"../../x","digest":"\#(String(repeating: "0", count: 64))","bytes":2"#),
        ("no such file", #""path":"b","digest":"\#(String(repeating: "0", count: 64))","bytes":2"#),
        ("a link", #""path":"l","digest":"\#(String(repeating: "0", count: 64))","bytes":2"#),
    ])
    func `a file that is not what the event says is not taken`(_ what: String, _ file: String) throws {
        let (_, coordinator) = try started(
            """
            started; echo a > a; ln -s /etc/hostname l
            echo '{"event":"checkpoint","steps":1,"milestone":true,"weights":{\(file)},"parameters":1,"seconds":1}'
            await never
            """)
        defer { coordinator.close() }
        _ = try coordinator.waitForEnd()
        let events = coordinator.reports.events()
        guard events.count == 2, case .failed(let failed) = events[1].event else {
            Issue.record("\(what): \(events)"); return
        }
        #expect(failed.kind == .internal)
    }

    @Test func `a program that is not there is the host's failure to start it`() throws {
        let scratch = try Scratch()
        let coordinator = try TestCoordinator([scratch.localHost()], scratch: scratch)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        var order = try ScriptedWorker.order(1, in: coordinator.store, "started")
        order.command = ["no-such-program"]
        coordinator.send(.start(order), to: "here")
        guard case .neverStarted(let reason) = try coordinator.waitForEnd() else { Issue.record("started"); return }
        #expect(reason.contains("no-such-program"))
    }

    @Test func `an older coordinator and a copy of the newest are refused in words`() throws {
        let (scratch, newest) = try started("started; await go; finished", generation: 5)
        defer { newest.close() }
        try newest.wait("running") { $0.contains(.running(AttemptNumber(1))) }
        for generation in [4, 5] {
            let other = try TestCoordinator([scratch.localHost()], scratch: scratch, generation: generation)
            defer { other.close() }
            let failures = try other.wait("refusal") { !$0.failures.isEmpty }.failures
            #expect(failures[0].kind == .protocolViolation)
            #expect(failures[0].message.contains(generation == 4 ? "later coordinator" : "another copy"))
        }
        try scratch.write("", "go")
        #expect(try newest.waitForEnd() == .exited(code: 0))
    }

    @Test func `two names of one machine are refused`() throws {
        let scratch = try Scratch()
        var twin = scratch.localHost()
        twin.name = "twin"
        let coordinator = try TestCoordinator([scratch.localHost(), twin], scratch: scratch)
        defer { coordinator.close() }
        try coordinator.wait("refusal") { $0.failures.contains { $0.kind == .duplicateMachine } }
    }

    @Test func `progress is reported and not replayed as an event`() throws {
        let (_, coordinator) = try started(
            """
            started
            echo '{"event":"progress","done":5,"of":100,"unit":"images","rate":2.5,"loss":0.25}'
            await go; finished
            """)
        defer { coordinator.close() }
        let progress = WorkerEvent.Progress(done: 5, of: 100, unit: "images", rate: 2.5, loss: 0.25)
        try coordinator.wait("progress") { $0.contains(.progress(AttemptNumber(1), progress)) }
        #expect(coordinator.reports.events().count == 1)
        coordinator.send(.cancel(AttemptNumber(1)), to: "here")
        #expect(try coordinator.waitForEnd() == .stopped(.cancelled, exit: -15))
    }

    /// All hosts together have 1 000 reports a second: with 60 000 slots each job has one a minute.
    @Test(arguments: [(2, 2...5), (60_000, 1...1)])
    func `agents of a large fleet report progress more seldom`(slots: Int, reports: ClosedRange<Int>) throws {
        let (_, coordinator) = try started(
            """
            started
            for done in 1 2 3 4 5; do
                echo "{\\"event\\":\\"progress\\",\\"done\\":$done,\\"of\\":5,\\"unit\\":\\"images\\",\\"rate\\":2.5}"
                sleep 0.2
            done
            finished
            """, slots: slots)
        defer { coordinator.close() }
        #expect(try coordinator.waitForEnd() == .exited(code: 0))
        let told = coordinator.reports.count { if case .progress = $0 { true } else { false } }
        #expect(reports.contains(told), "\(told)")
    }

    @Test func `a signal of the agent is told as its own, also by the next agent`() throws {
        let (scratch, coordinator) = try started("trap '' TERM; started; while :; do sleep 0.05; done")
        defer { coordinator.close() }
        try coordinator.wait("started") { $0.events().count == 1 }
        coordinator.send(.cancel(AttemptNumber(1)), to: "here")
        try scratch.waitUntil("the reason is written down") { scratch.journal.contains("stopping") }
        kill(try #require(scratch.agents.first), SIGKILL)
        kill(-(try #require(scratch.workers.first)), SIGKILL)
        #expect(try coordinator.waitForEnd() == .stopped(.cancelled, exit: nil))
    }
}
