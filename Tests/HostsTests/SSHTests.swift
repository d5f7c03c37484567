import CPosix
import ContentStore
import Foundation
import JobContract
import RemoteHosts
import SweepModel
import Testing

/// Tests against a real sshd on loopback.
@Suite(.serialized, .enabled(if: SSHServer.isAvailable, "needs openssh-server and openssh-client"))
struct SSHTests {
    private func connect(
        _ server: SSHServer, _ host: HostSpec? = nil, _ options: ConnectionOptions? = nil, generation: Int = 1
    ) throws -> TestCoordinator {
        try TestCoordinator(
            [host ?? server.host()], scratch: server.scratch, generation: generation,
            options: options ?? server.options)
    }

    @Test(arguments: [HostSpec.Transport.libssh, .ssh])
    func `a job runs over SSH and its files come back`(_ transport: HostSpec.Transport) throws {
        let server = try SSHServer(try Scratch())
        let coordinator = try connect(server, server.host(transport))
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        let script = "started; head -c 3000000 /dev/urandom > w; checkpoint 100 w; cp w $SCRATCH/original; finished"
        coordinator.send(.start(try ScriptedWorker.order(1, in: coordinator.store, script)), to: "far")
        #expect(try coordinator.waitForEnd() == .exited(code: 0))
        let file = try #require(coordinator.reports.events().flatMap(\.event.files).first)
        let path = try #require(coordinator.store.location(of: file.digest))
        #expect(
            FileManager.default.contents(atPath: path)
                == FileManager.default.contents(atPath: server.scratch.path("original")))
        #expect(server.scratch.exists("host/eigensweep-agent"))
    }

    @Test(arguments: [HostSpec.Transport.libssh, .ssh])
    func `an unknown host key is refused, and accepted on request`(_ transport: HostSpec.Transport) throws {
        let server = try SSHServer(try Scratch())
        try server.scratch.write("", "known_hosts")
        let strict = try connect(server, server.host(transport))
        defer { strict.close() }
        let failure = try #require(try strict.wait("refusal") { !$0.failures.isEmpty }.failures.first)
        #expect(failure.kind == .hostKeyUnknown)
        #expect(failure.message.contains("--accept-new-host-keys"))
        #expect(!server.scratch.exists("host/eigensweep-agent"))
        var options = server.options
        options.acceptNewHostKeys = true
        let trusting = try connect(server, server.host(transport), options)
        try trusting.waitForConnection()
        trusting.close()
        let later = try connect(server, server.host(transport), generation: 2)
        defer { later.close() }
        try later.waitForConnection()
    }

    @Test(arguments: [HostSpec.Transport.libssh, .ssh])
    func `a changed host key is refused even when new ones are accepted`(_ transport: HostSpec.Transport) throws {
        let server = try SSHServer(try Scratch())
        try server.trust("otherkey")
        var options = server.options
        options.acceptNewHostKeys = true
        let coordinator = try connect(server, server.host(transport), options)
        defer { coordinator.close() }
        let failure = try #require(try coordinator.wait("refusal") { !$0.failures.isEmpty }.failures.first)
        #expect(failure.kind == .hostKeyChanged)
        #expect(!failure.isTransient)
        // The command that it names takes the old key away, and that of no other port.
        let command = try #require(failure.message.firstMatch(of: /`(ssh-keygen [^`]*)`/)?.1)
        #expect(command.contains("[127.0.0.1]:\(server.port)"), "\(failure.message)")
        try ChildProgram.run("/bin/sh", "-c", String(command))
        #expect(server.read("known_hosts").isEmpty)
    }

    /// Only the agent has the right key: no key file is named, and the account's own would not fit.
    @Test(arguments: [HostSpec.Transport.libssh, .ssh])
    func `a key that only the SSH agent holds opens the door`(_ transport: HostSpec.Transport) throws {
        let server = try SSHServer(try Scratch())
        let socket = server.scratch.path("agent")
        let agent = try KeyAgent.start(socket, keys: [server.scratch.path("userkey")], in: server.scratch)
        let before = ProcessInfo.processInfo.environment["SSH_AUTH_SOCK"]
        setenv("SSH_AUTH_SOCK", socket, 1)
        defer {
            if let before { setenv("SSH_AUTH_SOCK", before, 1) } else { unsetenv("SSH_AUTH_SOCK") }
            kill(agent, SIGTERM)
        }
        try FileManager.default.removeItem(atPath: server.scratch.path("userkey"))
        var host = server.host(transport)
        host.identity = nil
        let coordinator = try connect(server, host)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
    }

    @Test func `a stranger's key is refused in words`() throws {
        let server = try SSHServer(try Scratch())
        let coordinator = try connect(server, server.host(identity: "strangerkey"))
        defer { coordinator.close() }
        let failure = try #require(try coordinator.wait("refusal") { !$0.failures.isEmpty }.failures.first)
        #expect(failure.kind == .authenticationFailed)
        #expect(failure.message.contains("strangerkey"))
    }

    @Test func `a host that let this program in before is asked again`() throws {
        let server = try SSHServer(try Scratch())
        let coordinator = try connect(server)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        try server.scratch.write("", "authorized_keys")
        for session in server.sessions { kill(session, SIGKILL) }
        let failures = try coordinator.wait("refusal") {
            $0.failures.contains { $0.message.contains("does not let") }
        }.failures
        let lasting = failures.filter { !$0.isTransient }
        #expect(lasting.isEmpty)
        try server.scratch.write(server.scratch.read("userkey.pub") ?? "", "authorized_keys")
        try coordinator.wait("reconnection") { $0.count { if case .connected = $0 { true } else { false } } == 2 }
    }

    @Test func `agent, programs and data are brought once`() throws {
        let server = try SSHServer(try Scratch())
        let first = try connect(server)
        try first.waitForConnection()
        first.send(.start(try ScriptedWorker.order(1, in: first.store, "started; finished")), to: "far")
        #expect(try first.waitForEnd() == .exited(code: 0))
        first.close()
        // A file that was written again has another inode or another change time.
        let files = ["host/eigensweep-agent"] + first.store.hostCopies(under: "host/store", of: server.scratch)
        #expect(files.count == 3)
        let before = files.map { Stamp(server.scratch.path($0)) }
        let second = try connect(server, generation: 2)
        defer { second.close() }
        try second.waitForConnection()
        second.send(.start(try ScriptedWorker.order(2, in: second.store, "started; finished")), to: "far")
        #expect(try second.waitForEnd(2) == .exited(code: 0))
        #expect(files.map { Stamp(server.scratch.path($0)) } == before)
        #expect(before.allSatisfy { $0.inode != 0 })
    }

    @Test func `a damaged agent on the host is replaced`() throws {
        let server = try SSHServer(try Scratch())
        try FileManager.default.createDirectory(
            atPath: server.scratch.path("host"), withIntermediateDirectories: true)
        try server.scratch.write("#!/bin/sh\nexit 1\n", "host/eigensweep-agent")
        chmod(server.scratch.path("host/eigensweep-agent"), 0o700)
        let coordinator = try connect(server)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
    }

    @Test func `a cut connection is made again and the result is whole`() throws {
        let server = try SSHServer(try Scratch())
        let coordinator = try connect(server)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        let script = "started; await go; head -c 2000000 /dev/zero > w; checkpoint 100 w; finished"
        coordinator.send(.start(try ScriptedWorker.order(1, in: coordinator.store, script)), to: "far")
        try coordinator.wait("started") { $0.events().count == 1 }
        for session in server.sessions { kill(session, SIGKILL) }
        try coordinator.wait("the cut is noticed") { !$0.failures.isEmpty }
        try server.scratch.write("", "go")
        #expect(try coordinator.waitForEnd() == .exited(code: 0))
        let lasting = coordinator.reports.failures.filter { !$0.isTransient }
        #expect(lasting.isEmpty)
        let events = coordinator.reports.events()
        #expect(events.last?.event == .finished)
        let file = try #require(events.flatMap(\.event.files).first)
        #expect(coordinator.store.location(of: file.digest) != nil)
    }

    @Test func `a login shell that talks and one session at a time are borne`() throws {
        let scratch = try Scratch()
        let server = try SSHServer(
            scratch, extra: "MaxSessions 1\nForceCommand echo Welcome to the machine; eval \"$SSH_ORIGINAL_COMMAND\"")
        let coordinator = try connect(server)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
    }
}

/// Which file it is, and when it was last written.
private struct Stamp: Equatable {
    var inode: UInt
    var modified: Int

    init(_ path: String) {
        var status = stat()
        inode = stat(path, &status) == 0 ? status.st_ino : 0
        modified = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
    }
}

extension ContentStore {
    /// The paths at which the host keeps files that this store has too.
    fileprivate func hostCopies(under folder: String, of scratch: Scratch) -> [String] {
        let digests = (try? digests()) ?? []
        return digests.map { "\(folder)/\($0.hex.prefix(2))/\($0.hex)" }.filter { scratch.exists($0) }
    }
}
