import ContentStore
import Foundation
import JobContract
import RemoteHosts
import SweepModel
import Testing

/// The sweep goes on where a host's files are damaged, unknown or reached by another path.
@Suite(.serialized)
struct DamagedFilesTests {
    private func connected() throws -> (Scratch, TestCoordinator) {
        let scratch = try Scratch()
        let coordinator = try TestCoordinator([scratch.localHost()], scratch: scratch)
        try coordinator.waitForConnection()
        return (scratch, coordinator)
    }

    private func path(_ digest: Digest) -> String { "host/store/\(digest.hex.prefix(2))/\(digest.hex)" }

    /// Replaces a stored file's content by other content.
    private func damage(_ digest: Digest, in scratch: Scratch, by text: String) throws {
        let path = scratch.path(path(digest))
        try #require(FileManager.default.fileExists(atPath: path))
        try FileManager.default.removeItem(atPath: path)
        try text.write(toFile: path, atomically: false, encoding: .utf8)
    }

    @Test func `an order this agent cannot read stays where it is`() throws {
        let (scratch, coordinator) = try connected()
        defer { coordinator.close() }
        let order = try ScriptedWorker.order(1, in: coordinator.store, "started; finished")
        coordinator.send(.start(order), to: "here")
        _ = try coordinator.waitForEnd()
        let json = #"{"ordered":{"format":2}}"#
        let line = "\(Digest(of: json.utf8).hex.prefix(8)) \(json)"
        try scratch.editJournal { $0.map { $0.contains("\"ordered\"") ? line : $0 } }
        let kept = Set(scratch.attempts)
        kill(try #require(scratch.agents.first), SIGKILL)
        try coordinator.wait("reconnection") { $0.count { if case .connected = $0 { true } else { false } } == 2 }
        coordinator.send(.start(order), to: "here")
        let reports = try coordinator.wait("refusal") { $0.contains { if case .refused = $0 { true } else { false } } }
        guard case .refused(_, let failure)? = reports.last else {
            Issue.record("\(reports)")
            return
        }
        #expect(failure.message.contains("cannot be read"), "\(failure)")
        #expect(Set(scratch.attempts) == kept)
        #expect(scratch.journal.contains(line))
    }

    @Test func `a file that is damaged before it is fetched fails its attempt and not the host`() throws {
        let (scratch, first) = try connected()
        let script = "started; await go; echo a > a; checkpoint 100 a; finished"
        first.send(.start(try ScriptedWorker.order(1, in: first.store, script)), to: "here")
        try first.wait("started") { $0.events().count == 1 }
        first.close()
        try scratch.write("", "go")
        let digest = Digest(of: Array("a\n".utf8))
        try scratch.waitUntil("the host has the file") { scratch.exists(path(digest)) }
        try damage(digest, in: scratch, by: "b\n")
        let second = try TestCoordinator([scratch.localHost()], scratch: scratch, generation: 2, store: "other")
        defer { second.close() }
        #expect(try second.waitForEnd() == .exited(code: 0))
        let kinds = second.reports.events().compactMap {
            if case .failed(let failed) = $0.event { failed.kind } else { nil }
        }
        #expect(kinds == [.missingInput])
        #expect(second.reports.failures.isEmpty)
        // The next attempt that makes the file brings it to the coordinator.
        second.send(.start(try ScriptedWorker.order(2, in: second.store, script)), to: "here")
        #expect(try second.waitForEnd(2) == .exited(code: 0))
        #expect(second.store.contains(digest))
    }

    @Test func `bytes that a worker writes to its file later do not reach the store`() throws {
        let (scratch, coordinator) = try connected()
        defer { coordinator.close() }
        let script = "started; echo a > a; checkpoint 100 a; await go; echo b > a; finished"
        coordinator.send(.start(try ScriptedWorker.order(1, in: coordinator.store, script)), to: "here")
        try coordinator.wait("checkpoint") { $0.events().count == 2 }
        try scratch.write("", "go")
        #expect(try coordinator.waitForEnd() == .exited(code: 0))
        #expect(scratch.read(path(Digest(of: Array("a\n".utf8)))) == "a\n")
    }

    @Test func `an input found damaged is brought again for the next attempt`() throws {
        let (scratch, coordinator) = try connected()
        defer { coordinator.close() }
        coordinator.send(.start(try ScriptedWorker.order(1, in: coordinator.store, "finished")), to: "here")
        _ = try coordinator.waitForEnd()
        let dataset = Digest(of: Array("a dataset".utf8))
        try damage(dataset, in: scratch, by: "b dataset")
        let fails = #"echo '{"event":"failed","kind":"missing-input","message":"damaged"}'"#
        coordinator.send(.start(try ScriptedWorker.order(2, in: coordinator.store, fails)), to: "here")
        _ = try coordinator.waitForEnd(2)
        coordinator.send(.start(try ScriptedWorker.order(3, in: coordinator.store, "finished")), to: "here")
        #expect(try coordinator.waitForEnd(3) == .exited(code: 0))
        #expect(scratch.read(path(dataset)) == "a dataset")
    }

    enum Damaging: CaseIterable { case flipped, cut, empty, gone, directory }

    private func strike(_ damaging: Damaging, _ path: String) throws {
        var content = try #require(FileManager.default.contents(atPath: path))
        try FileManager.default.removeItem(atPath: path)
        switch damaging {
        case .flipped: content[0] ^= 1
        case .cut: content.removeLast()
        case .empty: content = Data()
        case .gone: return
        case .directory:
            return try FileManager.default.createDirectory(atPath: path + "/in", withIntermediateDirectories: true)
        }
        try content.write(to: URL(fileURLWithPath: path))
    }

    private func damages(_ coordinator: TestCoordinator) -> Int {
        coordinator.reports.count { if case .storeDamaged = $0 { true } else { false } }
    }

    @Test(arguments: Damaging.allCases)
    func `a damaged file that an order needs is brought again before it starts`(damaging: Damaging) throws {
        let (scratch, coordinator) = try connected()
        defer { coordinator.close() }
        let script = "started; finished"
        let first = try ScriptedWorker.order(1, in: coordinator.store, script)
        coordinator.send(.start(first), to: "here")
        #expect(try coordinator.waitForEnd() == .exited(code: 0))
        for file in first.files { try strike(damaging, scratch.path(path(file))) }
        coordinator.send(.start(try ScriptedWorker.order(2, in: coordinator.store, script)), to: "here")
        #expect(try coordinator.waitForEnd(2) == .exited(code: 0))
        #expect(damages(coordinator) == (damaging == .gone ? 0 : 2), "each is told once")
        let aside = (try? FileManager.default.contentsOfDirectory(atPath: scratch.path("host/store/damaged"))) ?? []
        #expect(aside.count == (damaging == .gone ? 0 : 2))
        for file in first.files { #expect(scratch.read(path(file)) != nil) }
    }

    @Test(arguments: Damaging.allCases)
    func `an input damaged while attempts wait keeps them from starting and is brought with the next`(
        damaging: Damaging
    ) throws {
        let (scratch, coordinator) = try connected()
        defer { coordinator.close() }
        let slots = try #require(scratch.localHost().slots)
        for attempt in 1...slots {
            let order = try ScriptedWorker.order(attempt, in: coordinator.store, "started; await go; finished")
            coordinator.send(.start(order), to: "here")
        }
        try coordinator.wait("running") { $0.contains(.running(AttemptNumber(slots))) }
        let waiting = try ScriptedWorker.order(slots + 1, in: coordinator.store, "started; finished")
        coordinator.send(.start(waiting), to: "here")
        try coordinator.wait("accepted") { $0.contains(.accepted(AttemptNumber(slots + 1))) }
        try strike(damaging, scratch.path(path(waiting.description.dataset)))
        try scratch.write("", "go")
        guard case .neverStarted = try coordinator.waitForEnd(slots + 1) else {
            Issue.record("it started without its dataset")
            return
        }
        #expect(damages(coordinator) == 1)
        coordinator.send(.start(try ScriptedWorker.order(50, in: coordinator.store, "started; finished")), to: "here")
        #expect(try coordinator.waitForEnd(50) == .exited(code: 0))
    }

    @Test(arguments: Damaging.allCases)
    func `a file that the coordinator has lost too is nobody's fault`(damaging: Damaging) throws {
        let (_, coordinator) = try connected()
        defer { coordinator.close() }
        let order = try ScriptedWorker.order(1, in: coordinator.store, "started; finished")
        try strike(damaging, coordinator.store.path(of: order.description.dataset))
        coordinator.send(.start(order), to: "here")
        let reports = try coordinator.wait("refusal") { $0.contains { if case .refused = $0 { true } else { false } } }
        guard case .refused(_, let failure)? = reports.last else {
            Issue.record("\(reports)")
            return
        }
        #expect(failure.kind == .missingFile, "\(failure)")
        #expect(!coordinator.store.contains(order.description.dataset))
        #expect(coordinator.reports.failures.isEmpty)
    }

    @Test(arguments: Damaging.allCases)
    func `a result whose place in the coordinator's store is taken arrives whole`(damaging: Damaging) throws {
        let (scratch, coordinator) = try connected()
        defer { coordinator.close() }
        let digest = try coordinator.store.put(Array("a\n".utf8))
        try strike(damaging, coordinator.store.path(of: digest))
        let script = "started; echo a > a; checkpoint 100 a; finished"
        coordinator.send(.start(try ScriptedWorker.order(1, in: coordinator.store, script)), to: "here")
        #expect(try coordinator.waitForEnd() == .exited(code: 0))
        try coordinator.store.verify(digest)
        #expect(coordinator.reports.failures.isEmpty, "\(scratch.attempts)")
    }

    @Test(arguments: Damaging.allCases)
    func `a result is adopted though a damaged file has its name on the host`(damaging: Damaging) throws {
        let (scratch, coordinator) = try connected()
        defer { coordinator.close() }
        let script = "started; await go; echo a > a; checkpoint 100 a; finished"
        coordinator.send(.start(try ScriptedWorker.order(1, in: coordinator.store, script)), to: "here")
        try coordinator.wait("running") { $0.contains(.running(AttemptNumber(1))) }
        let digest = try ContentStore(directory: scratch.path("host/store")).put(Array("a\n".utf8))
        try strike(damaging, scratch.path(path(digest)))
        try scratch.write("", "go")
        #expect(try coordinator.waitForEnd() == .exited(code: 0))
        try coordinator.store.verify(digest)
        #expect(scratch.read(path(digest)) == "a\n")
    }

    @Test func `files that hosts have whole are brought from them`() throws {
        let (scratch, coordinator) = try connected()
        defer { coordinator.close() }
        let host = try ContentStore(directory: scratch.path("host/store"))
        let large = [UInt8](repeating: 7, count: 20 << 20)
        let digests = [try host.put(large), try host.put(Array("small".utf8)), try host.put(Array("damaged".utf8))]
        try strike(.cut, host.path(of: digests[2]))
        let visits = HostVisits(
            agentExecutable: TestPrograms.agent, options: .quick, interaction: NoInteraction())
        let spec = scratch.localHost()
        let looked = try visits.inspect(spec, putsAside: false)
        #expect(looked.damaged.map(\.digest) == [digests[2]] && looked.aside == 0)
        #expect(host.contains(digests[2]))
        let unknown = Digest(of: Array("unknown".utf8))
        let (brought, damages) = try visits.bring(digests + [unknown], from: spec, into: coordinator.store)
        #expect(Set(brought) == Set(digests.dropLast()) && damages.count == 1)
        for digest in digests.dropLast() { try coordinator.store.verify(digest) }
        #expect(!coordinator.store.contains(digests[2]) && !host.contains(digests[2]))
    }

    @Test func `a worker below a symbolic link is found again without its number`() throws {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch.path("real"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: scratch.path("host"), withDestinationPath: scratch.path("real"))
        let coordinator = try TestCoordinator([scratch.localHost()], scratch: scratch)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        let script = "echo run >> $SCRATCH/runs; await go; finished"
        coordinator.send(.start(try ScriptedWorker.order(1, in: coordinator.store, script)), to: "here")
        try coordinator.wait("running") { $0.contains(.running(AttemptNumber(1))) }
        try scratch.waitUntil("the worker runs") { scratch.read("runs") != nil }
        try scratch.editJournal { $0.filter { !$0.contains("\"started\"") } }
        kill(try #require(scratch.agents.first), SIGKILL)
        try coordinator.wait("reconnection") { $0.count { if case .connected = $0 { true } else { false } } == 2 }
        try scratch.write("", "go")
        _ = try coordinator.waitForEnd()
        #expect(scratch.read("runs") == "run\n")
    }
}
