import CPosix
import ContentStore
import Foundation
import JobContract
import RemoteHosts
import SweepModel
import Testing

/// Two machines with one home directory: each is a mount namespace with a machine-id of its own.
@Suite(
    .serialized,
    .enabled(
        if: SSHServer.isAvailable && getuid() == 0 && FileManager.default.fileExists(atPath: "/etc/machine-id"),
        "needs openssh-server, and namespaces, which are made as root"))
struct SharedHomeTests {
    /// - Parameter itself: the machine-id that makes it another machine.
    private func machine(_ name: String, itself: String? = nil, _ scratch: Scratch) throws -> SSHServer {
        let id = String(Digest(of: Array("\(itself ?? name) \(scratch.directory)".utf8)).hex.prefix(32))
        try scratch.write(id + "\n", "\(name).id")
        let enter = "mount --bind \(scratch.path("\(name).id")) /etc/machine-id && exec \"$@\""
        return try SSHServer(
            scratch, named: name, around: ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", enter, "sh"])
    }

    private func hosts(_ servers: [SSHServer], _ scratch: Scratch) throws -> ([HostSpec], ConnectionOptions) {
        try scratch.write(servers.map { $0.knownLine() }.joined(), "known")
        var options = servers[0].options
        options.knownHosts = scratch.path("known")
        let hosts = zip(["one", "two"], servers).map { name, server in
            var host = server.host()
            host.name = name
            return host
        }
        return (hosts, options)
    }

    @Test func `two machines share a home, its agent and its store, and nothing else`() throws {
        let scratch = try Scratch()
        let servers = try [machine("one", scratch), machine("two", scratch)]
        let (hosts, options) = try hosts(servers, scratch)
        // Neither finds an agent in the home, and both bring it at the same time.
        let coordinator = try TestCoordinator(hosts, scratch: scratch, options: options)
        defer { coordinator.close() }
        try coordinator.wait("both") { $0.count { if case .connected = $0 { true } else { false } } == 2 }
        #expect(coordinator.reports.failures.isEmpty)
        // Attempts on both need the same files and make the same file, at the same time.
        let script = "started; await go; head -c 3000000 /dev/zero > w; checkpoint 100 w; finished"
        for attempt in 1...4 {
            coordinator.send(
                .start(try ScriptedWorker.order(attempt, in: coordinator.store, script)),
                to: attempt % 2 == 0 ? "one" : "two")
        }
        for attempt in 1...4 {
            try coordinator.wait("running") { $0.contains(.running(AttemptNumber(attempt))) }
        }
        try scratch.write("", "go")
        for attempt in 1...4 { #expect(try coordinator.waitForEnd(attempt) == .exited(code: 0)) }
        for attempt in 1...4 { #expect(coordinator.reports.events(of: attempt).last?.event == .finished) }
        let machines = try FileManager.default.contentsOfDirectory(atPath: scratch.path("host/hosts")).sorted()
        let known = ["one", "two"].map { String((scratch.read("\($0).id") ?? "").prefix(32)) }
        #expect(machines == known.sorted())
        let store = try ContentStore(directory: scratch.path("host/store"))
        #expect(try store.digests().count == 3)
        for digest in try store.digests() { try store.verify(digest) }
        // Each machine's agent holds its own attempts, and what one needs the other's cleaning does not remove.
        for name in ["one", "two"] {
            let visits = HostVisits(
                agentExecutable: TestPrograms.agent, options: options, interaction: NoInteraction())
            let host = try #require(hosts.first { $0.name == name })
            let cleaned = try visits.clean(host, age: 0, isRehearsal: false)
            #expect(cleaned.attempts == 4)
            #expect(cleaned.files == 0)
            #expect(visits.examine(host, worker: nil).findings.contains { $0.subject == "shared" })
        }
    }

    @Test func `a machine under two names is refused, and both are named`() throws {
        let scratch = try Scratch()
        let servers = try [machine("one", scratch), machine("two", itself: "one", scratch)]
        let (hosts, options) = try hosts(servers, scratch)
        let coordinator = try TestCoordinator(hosts, scratch: scratch, options: options)
        defer { coordinator.close() }
        let failure = try #require(try coordinator.wait("refusal") { !$0.failures.isEmpty }.failures.first)
        #expect(failure.kind == .duplicateMachine)
        #expect(failure.message.contains("one") && failure.message.contains("two"))
        #expect(failure.message.contains("machine: shared"))
    }

    /// Copies of one image differ in nothing but their names, and may share a home.
    @Test func `machines with one machine-id are used where the hosts file says that they share it`() throws {
        let scratch = try Scratch()
        let servers = try [machine("one", itself: "image", scratch), machine("two", itself: "image", scratch)]
        var (hosts, options) = try hosts(servers, scratch)
        for index in hosts.indices {
            hosts[index].sharesMachineID = true
            hosts[index].directory += "/machines/host-\(hosts[index].name)"
        }
        let coordinator = try TestCoordinator(hosts, scratch: scratch, options: options)
        defer { coordinator.close() }
        try coordinator.wait("both") { $0.count { if case .connected = $0 { true } else { false } } == 2 }
        #expect(coordinator.reports.failures.isEmpty)
        for (attempt, host) in [(1, "one"), (2, "two")] {
            coordinator.send(
                .start(try ScriptedWorker.order(attempt, in: coordinator.store, "started; await go; finished")),
                to: host)
        }
        for attempt in 1...2 { try coordinator.wait("running") { $0.contains(.running(AttemptNumber(attempt))) } }
        // Each machine tells of its own attempt alone.
        let visits = HostVisits(agentExecutable: TestPrograms.agent, options: options, interaction: NoInteraction())
        for (attempt, host) in zip(1...2, hosts) {
            #expect(try visits.held(host, of: "test").map(\.attempt) == [AttemptNumber(attempt)])
        }
        var found = hosts.map { visits.examine($0, worker: nil) }
        HostExamination.refuseTwins(&found)
        #expect(found.map(\.isUsable) == [true, true], "\(found)")
        try scratch.write("", "go")
        for attempt in 1...2 { #expect(try coordinator.waitForEnd(attempt) == .exited(code: 0)) }
    }
}
