import CPosix
import Foundation
import RemoteHosts
import SweepModel
import Testing

/// Passphrases and passwords are asked for once, shown to nobody, or refused in words.
@Suite(.serialized, .enabled(if: SSHServer.isAvailable, "needs openssh-server and openssh-client"))
struct SSHSecretTests {
    private static let password = "correct horse"
    /// The password as /etc/shadow has it.
    private static let hashed =
        "$6$eigensweep$eeWHqa6Vm3bgOmAQertCpTpOi7MoQZKuHw346WHSLCknmwhwNeRdQBtulIp6DEhKs4jfjzZCVFE6mvfp2lY2l."

    /// A server whose account has the password, in a mount namespace of its own.
    private func passwordServer(_ extra: String) throws -> SSHServer {
        let scratch = try Scratch()
        let shadow = try String(contentsOfFile: "/etc/shadow", encoding: .utf8).split(separator: "\n").map { line in
            line.hasPrefix("root:") ? "root:\(Self.hashed):19000:0:99999:7:::" : String(line)
        }
        try scratch.write(shadow.joined(separator: "\n") + "\n", "shadow")
        let enter = "mount --bind \(scratch.path("shadow")) /etc/shadow && exec \"$@\""
        return try SSHServer(
            scratch, extra: "PermitRootLogin yes\nAuthenticationMethods any\n\(extra)",
            around: ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", enter, "sh"])
    }

    private func host(_ server: SSHServer, _ name: String = "far") -> HostSpec {
        var host = server.host(identity: "nothing")
        host.name = name
        return host
    }

    @Test(
        .enabled(if: getuid() == 0, "another password file is mounted as root"),
        arguments: ["PasswordAuthentication yes", "UsePAM yes\nKbdInteractiveAuthentication yes"])
    func `a password is asked for until it is right, and once`(_ extra: String) throws {
        let server = try passwordServer(extra)
        let person = NoteBook(answers: ["wrong", Self.password])
        let coordinator = try TestCoordinator(
            [host(server)], scratch: server.scratch, options: server.options, interaction: person)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        #expect(person.asked.count == 2)
        #expect(person.asked.allSatisfy { $0.contains("@127.0.0.1") })
        for session in server.sessions { kill(session, SIGKILL) }
        try coordinator.wait("reconnection") { $0.count { if case .connected = $0 { true } else { false } } == 2 }
        #expect(person.asked.count == 2)
    }

    @Test(.enabled(if: getuid() == 0, "another password file is mounted as root"))
    func `a password that nobody is there to give is refused in words`() throws {
        let server = try passwordServer("PasswordAuthentication yes")
        for transport in [HostSpec.Transport.libssh, .ssh] {
            var host = host(server)
            host.transport = transport
            let coordinator = try TestCoordinator([host], scratch: server.scratch, options: server.options)
            defer { coordinator.close() }
            let failure = try #require(try coordinator.wait("refusal") { !$0.failures.isEmpty }.failures.first)
            #expect(failure.kind == .authenticationFailed)
            #expect(failure.message.contains("ssh-add"))
        }
    }

    @Test func `a passphrase is asked for once for all hosts that need the key`() throws {
        let scratch = try Scratch()
        let servers = try ["one", "two"].map { try SSHServer(scratch, named: $0) }
        try ChildProgram.run(
            "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", Self.password, "-f", scratch.path("locked"))
        for name in ["one", "two"] {
            try scratch.write(scratch.read("locked.pub") ?? "", "\(name)-authorized_keys")
        }
        try scratch.write(servers.map { $0.knownLine() }.joined(), "known")
        let hosts = servers.map { server in
            var host = server.host()
            host.name = "\(server.port)"
            host.identity = scratch.path("locked")
            return host
        }
        var options = servers[0].options
        options.knownHosts = scratch.path("known")
        let person = NoteBook(answers: ["wrong", Self.password])
        let coordinator = try TestCoordinator(hosts, scratch: scratch, options: options, interaction: person)
        // Both hosts are one machine: one of the two connects, and the other gets far enough to be told so.
        try coordinator.wait("both") { reports in
            reports.contains { if case .connected = $0 { true } else { false } }
                && reports.failures.contains { $0.kind == .duplicateMachine }
        }
        coordinator.close()
        #expect(person.asked.count == 2)
        let alone = try TestCoordinator(
            [hosts[0]], scratch: scratch, generation: 2, options: options, interaction: NoInteraction())
        defer { alone.close() }
        let failure = try #require(try alone.wait("refusal") { !$0.failures.isEmpty }.failures.first)
        #expect(failure.kind == .authenticationFailed)
        #expect(failure.message.contains("load it with ssh-add"))
    }
}
