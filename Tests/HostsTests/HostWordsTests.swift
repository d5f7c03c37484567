import CPosix
import Foundation
import SweepModel
import Testing

@testable import RemoteHosts

/// Accounts that run no program of ours: people see their own words, and nobody waits for what does not pass by itself.
@Suite(.serialized, .enabled(if: SSHServer.isAvailable, "needs openssh-server and openssh-client"))
struct HostWordsTests {
    private func failure(_ server: SSHServer, _ transport: HostSpec.Transport) throws -> HostFailure {
        let notes = NoteBook()
        let coordinator = try TestCoordinator(
            [server.host(transport)], scratch: server.scratch, options: server.options, interaction: notes)
        defer { coordinator.close() }
        return try #require(try coordinator.wait("refusal") { !$0.failures.isEmpty }.failures.first)
    }

    /// Programs in the shell's place, and words that must be told of each.
    private static let shells: [(command: String, words: [String])] = [
        (
            "echo This account is currently not available.; exit 1",
            ["This account is currently not available.", "exit status 1"]
        ),
        ("echo only backups here >&2; exit 3", ["only backups here", "exit status 3"]),
        ("exit 0", ["said nothing", "exit status 0"]),
        ("echo \"refused: $SSH_ORIGINAL_COMMAND\"; exit 1", ["refused: exec /bin/sh"]),
        ("printf 'a\\033[31mred\\007\\r\\nline'; exit 1", ["\"a[31mred / line\""]),
        ("yes no", ["prints without end", "no / no"]),
    ]

    @Test(arguments: shells.indices, [HostSpec.Transport.libssh, .ssh])
    func `an account that runs no program is given up with its words`(
        _ index: Int, _ transport: HostSpec.Transport
    ) throws {
        let (command, words) = Self.shells[index]
        let scratch = try Scratch()
        try scratch.write(command + "\n", "login")
        let failure = try failure(SSHServer(scratch, extra: "ForceCommand sh \(scratch.path("login"))"), transport)
        #expect(failure.kind == .noShell && !failure.isTransient, "\(failure)")
        for word in words { #expect(failure.message.contains(word), "\(failure)") }
        #expect(!failure.message.contains("space") && !failure.message.contains("quota"))
    }

    @Test func `a start-up file that exits is given up with its words`() throws {
        let scratch = try Scratch()
        try scratch.write("echo no jobs on this node; exit 4\n", "bashrc")
        let server = try SSHServer(
            scratch, extra: "ForceCommand bash --rcfile \(scratch.path("bashrc")) -i -c \"$SSH_ORIGINAL_COMMAND\"")
        let failure = try failure(server, .libssh)
        #expect(failure.kind == .noShell && failure.message.contains("no jobs on this node"), "\(failure)")
    }

    @Test(arguments: [HostSpec.Transport.libssh, .ssh])
    func `a directory that cannot be made is told in the host's words`(_ transport: HostSpec.Transport) throws {
        let server = try SSHServer(try Scratch())
        try server.scratch.write("a file", "host")
        let failure = try failure(server, transport)
        #expect(failure.kind == .directory && !failure.isTransient, "\(failure)")
        #expect(failure.message.contains("File exists") && failure.message.contains(server.scratch.path("host")))
    }

    @Test(arguments: [HostSpec.Transport.libssh, .ssh])
    func `a shell that is killed may come back`(_ transport: HostSpec.Transport) throws {
        let server = try SSHServer(try Scratch(), extra: "ForceCommand kill -9 $$")
        let failure = try failure(server, transport)
        #expect(failure.isTransient, "\(failure)")
    }

    @Test(arguments: [HostSpec.Transport.libssh, .ssh])
    func `a start-up file that reads and prints is borne`(_ transport: HostSpec.Transport) throws {
        let server = try SSHServer(
            try Scratch(), extra: "ForceCommand echo Hello; read -t 0.2 x; eval \"$SSH_ORIGINAL_COMMAND\"")
        let coordinator = try TestCoordinator(
            [server.host(transport)], scratch: server.scratch, options: server.options)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
    }

    @Test(
        .enabled(if: getuid() == 0, "file systems are mounted as root"),
        arguments: [HostSpec.Transport.libssh, .ssh])
    func `a home where no program may run does for a directory elsewhere`(_ transport: HostSpec.Transport) throws {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch.path("home"), withIntermediateDirectories: true)
        let enter = "mount -t tmpfs -o noexec,ro none \(scratch.path("home")) && exec \"$@\""
        let server = try SSHServer(scratch, around: ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", enter, "sh"])
        let coordinator = try TestCoordinator([server.host(transport)], scratch: scratch, options: server.options)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
    }

    @Test func `a directory below the home is where the agent is`() throws {
        let server = try SSHServer(try Scratch())
        var host = server.host()
        host.directory = "~/of mine/'quoted' $HOME"
        let coordinator = try TestCoordinator([host], scratch: server.scratch, options: server.options)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        #expect(server.scratch.exists("home/of mine/'quoted' $HOME/eigensweep-agent"))
        #expect(server.scratch.exists("home/of mine/'quoted' $HOME/hosts"))
    }
}
