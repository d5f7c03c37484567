import CPosix
import Foundation
import JobContract
import RemoteHosts
import SweepModel
import Testing

/// Workers that flood, leave things behind or go on when they are over: each harms its own job and no other.
@Suite(.serialized)
struct WorkerMisdeedsTests {
    private let scratch: Scratch
    private let coordinator: TestCoordinator

    init() throws {
        scratch = try Scratch()
        coordinator = try TestCoordinator([scratch.localHost(slots: 2)], scratch: scratch)
        try coordinator.waitForConnection()
    }

    private func start(_ attempt: Int, _ script: String) throws {
        let order = try ScriptedWorker.order(attempt, in: coordinator.store, script)
        coordinator.send(.start(order), to: "here")
    }

    private func failure(of attempt: Int) throws -> WorkerEvent.Failed {
        _ = try coordinator.waitForEnd(attempt)
        guard case .failed(let failed)? = coordinator.reports.events(of: attempt).last?.event else {
            throw TestCoordinator.Missing(what: "a failure", reports: coordinator.reports.map { "\($0)" })
        }
        return failed
    }

    private static let progress = #"{"event":"progress","done":0,"of":1,"unit":"steps","rate":1.0}"#
    /// Makes a mebibyte of progress in `block`.
    private static let block = "yes '\(progress)' | head -n 16913 > $SCRATCH/block"

    /// How long an attempt's standard output is, and how much room it takes.
    private func spool(of attempt: Int) throws -> (size: Int, room: Int) {
        let host = scratch.path("host")
        let name = try #require(
            try FileManager.default.subpathsOfDirectory(atPath: host).first { $0.hasSuffix("/\(attempt)/events") })
        var status = stat()
        #expect(stat("\(host)/\(name)", &status) == 0)
        return (Int(status.st_size), Int(status.st_blocks) * 512)
    }

    @Test func `a job that writes into its program changes no other job's`() throws {
        defer { coordinator.close() }
        let script = """
            started
            if grep -q '"attempt":1[,}]' given.json; then chmod 700 worker; echo 'exit 3' > worker; fi
            await go; echo a > a; checkpoint 100 a; finished
            """
        try start(1, script)
        try coordinator.wait("the first one's beginning") { !$0.events(of: 1).isEmpty }
        try start(2, script)
        try coordinator.wait("the second one's beginning") { !$0.events(of: 2).isEmpty }
        try scratch.write("", "go")
        #expect(try coordinator.waitForEnd(2) == .exited(code: 0))
        try start(3, script)
        #expect(try coordinator.waitForEnd(3) == .exited(code: 0))
        #expect(!coordinator.reports.contains { if case .storeDamaged = $0 { true } else { false } })
    }

    @Test func `a flood of progress is charged to its job, and others go on`() throws {
        defer { coordinator.close() }
        try start(1, "\(Self.block); started; while :; do cat $SCRATCH/block; sleep 0.01; done")
        try start(2, "started; echo a > a; checkpoint 100 a; finished")
        #expect(try coordinator.waitForEnd(2) == .exited(code: 0))
        let failed = try failure(of: 1)
        #expect(failed.kind == .internal && failed.message.contains("filled its standard output with"))
        guard case .stopped(.misbehaved, _)? = coordinator.reports.end(of: 1) else {
            Issue.record("\(String(describing: coordinator.reports.end(of: 1)))")
            return
        }
    }

    @Test func `progress is not kept, and what is told again is the same`() throws {
        try start(
            1,
            """
            \(Self.block); started; for i in 1 2 3 4 5 6; do cat $SCRATCH/block; done; echo a > a; checkpoint 50 a
            for i in 1 2 3 4 5 6; do cat $SCRATCH/block; done; echo b > b; checkpoint 100 b; await go; finished
            """)
        try coordinator.wait("both checkpoints") { $0.events().count == 3 }
        try scratch.waitUntil("the room is given back") { (try? spool(of: 1).room <= 4 << 20) == true }
        #expect(try spool(of: 1).size >= 12 << 20)
        let told = coordinator.reports.events()
        coordinator.close()
        let other = try TestCoordinator([scratch.localHost()], scratch: scratch, generation: 2, store: "other")
        defer { other.close() }
        try other.wait("the same again") { $0.events().count == 3 }
        #expect(other.reports.events().map(\.end) == told.map(\.end))
        #expect(other.reports.events().map(\.event) == told.map(\.event))
        try scratch.write("", "go")
        #expect(try other.waitForEnd() == .exited(code: 0))
        #expect(other.reports.events().last?.event == .finished)
    }

    /// Processes of this test that sleep for that long.
    private func sleepers(_ seconds: Int) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { pid in
            let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
            return String(decoding: line, as: UTF8.self) == "sleep\0\(seconds)\0"
        }
    }

    @Test(arguments: ["setsid sleep", "env -i setsid sleep", "cd / && setsid sleep"])
    func `processes that outlive their worker are ended, whatever group they are in`(_ command: String) throws {
        defer { coordinator.close() }
        let seconds = 100_000 + Int.random(in: 0..<1_000_000)
        defer { for pid in sleepers(seconds) { kill(pid, SIGKILL) } }
        try start(1, "started; await go; finished")
        try start(
            2,
            """
            started; (\(command) \(seconds) < /dev/null > /dev/null 2>&1 &)
            until pgrep -f "sleep \(seconds)" > /dev/null; do sleep 0.02; done; await end; finished
            """)
        try scratch.waitUntil("it sleeps") { !sleepers(seconds).isEmpty }
        usleep(300_000)
        #expect(!sleepers(seconds).isEmpty, "it is left to its worker while that runs")
        try scratch.write("", "end")
        #expect(try coordinator.waitForEnd(2) == .exited(code: 0))
        try scratch.waitUntil("it is ended") { sleepers(seconds).isEmpty }
        try scratch.write("", "go")
    }

    /// A process that hides what it belongs to lives on, and nobody else works where it was.
    @Test func `a directory in which somebody may be is given to nobody`() throws {
        defer { coordinator.close() }
        let seconds = 100_000 + Int.random(in: 0..<1_000_000)
        defer { for pid in sleepers(seconds) { kill(pid, SIGKILL) } }
        try start(1, "started; await go; finished")
        try start(
            2,
            """
            started; stat -c %i . > $SCRATCH/first; (cd / && env -i setsid sleep \(seconds) < /dev/null > /dev/null 2>&1 &)
            until pgrep -f "sleep \(seconds)" > /dev/null; do sleep 0.02; done; finished
            """)
        #expect(try coordinator.waitForEnd(2) == .exited(code: 0))
        let end = try #require(coordinator.reports.events(of: 2).last?.end)
        coordinator.send(.acknowledge(AttemptNumber(2), offset: end), to: "here")
        coordinator.send(.release(AttemptNumber(2)), to: "here")
        try scratch.waitUntil("the attempt is forgotten") { scratch.journal.contains("released") }
        #expect(!sleepers(seconds).isEmpty)
        #expect(!scratch.attempts.contains { $0.hasSuffix("attempts/2") })
        try start(3, "started; stat -c %i . > $SCRATCH/second; finished")
        #expect(try coordinator.waitForEnd(3) == .exited(code: 0))
        try scratch.write("", "go")
        #expect(try coordinator.waitForEnd(1) == .exited(code: 0))
    }

    /// The next agent ends processes that an attempt left, and not one that only looks at its directory.
    @Test func `a process that only works in an attempt's directory does not end with it`() throws {
        let left = Int.random(in: 100_000..<200_000)
        defer { for pid in sleepers(left) { kill(pid, SIGKILL) } }
        try start(1, "started; (setsid sleep \(left) < /dev/null > /dev/null 2>&1 &); await never")
        try scratch.waitUntil("it sleeps") { !sleepers(left).isEmpty }
        let leftover = sleepers(left)
        let worker = try #require(scratch.workers.first { !leftover.contains($0) })
        let onlooker = Process()
        onlooker.executableURL = URL(fileURLWithPath: "/bin/sleep")
        onlooker.arguments = ["1000"]
        onlooker.currentDirectoryURL = URL(
            fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/\(try #require(sleepers(left).first))/cwd"))
        try onlooker.run()
        // The onlooker may have been started with other signals blocked.
        defer { kill(onlooker.processIdentifier, SIGKILL) }
        for agent in scratch.agents { kill(agent, SIGKILL) }
        kill(-worker, SIGKILL)
        #expect(try coordinator.waitForEnd() == .vanished)
        coordinator.close()
        try scratch.waitUntil("what it left is ended") { sleepers(left).isEmpty }
        #expect(onlooker.isRunning)
    }

    /// With its agent gone nobody ends the process; its environment says what it was started for.
    @Test func `a process that an agent could not end is found`() throws {
        let seconds = 100_000 + Int.random(in: 0..<1_000_000)
        defer { for pid in sleepers(seconds) { kill(pid, SIGKILL) } }
        try start(1, "started; cd /; setsid sleep \(seconds) < /dev/null > /dev/null 2>&1")
        try scratch.waitUntil("it sleeps") { !sleepers(seconds).isEmpty }
        coordinator.close()
        for agent in scratch.agents { kill(agent, SIGKILL) }
        for worker in scratch.workers { kill(-worker, SIGKILL) }
        for name in try FileManager.default.subpathsOfDirectory(atPath: scratch.path("host"))
        where name.hasSuffix("/journal") { try FileManager.default.removeItem(atPath: scratch.path("host/\(name)")) }
        let visits = HostVisits(
            agentExecutable: TestPrograms.agent, options: .quick, interaction: NoInteraction())
        let found = try visits.orphans(scratch.localHost(), ends: false)
        #expect(found.map(\.process.pid).contains(try #require(sleepers(seconds).first)))
        #expect(found.allSatisfy { $0.attempt == AttemptNumber(1) && $0.catalogue == "test" })
        #expect(try visits.orphans(scratch.localHost(), ends: true).isEmpty)
        #expect(sleepers(seconds).isEmpty)
    }

    @Test func `fifos in place of files hold nobody up`() throws {
        defer { coordinator.close() }
        try start(
            1,
            "started; await go; rm ../events ../errors; mkfifo ../events ../errors; touch $SCRATCH/there; await never")
        try coordinator.wait("started") { $0.events().count == 1 }
        try scratch.write("", "go")
        try scratch.waitUntil("the fifos are there") { scratch.exists("there") }
        let digest = String(repeating: "0", count: 64)
        try start(
            2,
            """
            started; mkfifo f
            echo '{"event":"checkpoint","steps":1,"milestone":true,"weights":{"path":"f","digest":"\(digest)","bytes":0},"parameters":1,"seconds":1}'
            await never
            """)
        #expect(try failure(of: 2).message.contains("not a file"))
        coordinator.send(.cancel(AttemptNumber(1)), to: "here")
        #expect(try coordinator.waitForEnd(1) == .stopped(.cancelled, exit: -15))
    }

    @Test func `a file of nothing but holes is not read`() throws {
        defer { coordinator.close() }
        let digest = String(repeating: "0", count: 64)
        try start(
            1,
            """
            started; truncate -s 1T w
            echo '{"event":"checkpoint","steps":1,"milestone":true,"weights":{"path":"w","digest":"\(digest)","bytes":1099511627776},"parameters":1,"seconds":1}'
            await never
            """)
        #expect(try failure(of: 1).message.contains("on the disk"))
    }

    @Test(arguments: [
        "exec 3>> w; echo a >&3; checkpoint 100 w; await go; echo b >&3",
        "echo a > w; ln w x; checkpoint 100 w; await go; echo b >> x",
    ])
    func `a file that its worker goes on changing is kept as it was told`(_ script: String) throws {
        defer { coordinator.close() }
        try start(1, "started; \(script); touch $SCRATCH/changed; finished")
        try coordinator.wait("the checkpoint") { $0.events().count == 2 }
        let digest = Digest(of: Array("a\n".utf8))
        try scratch.write("", "go")
        try scratch.waitUntil("it is changed") { scratch.exists("changed") }
        #expect(scratch.read("host/store/\(digest.hex.prefix(2))/\(digest.hex)") == "a\n")
        #expect(try coordinator.waitForEnd() == .exited(code: 0))
    }
}
