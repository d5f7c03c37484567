import CPosix
import Foundation
import RemoteHosts
import SweepModel

/// An sshd of the test's own on loopback, for the account that runs the test, with throw-away keys and another home.
/// Several servers may share a scratch directory under different names.
final class SSHServer {
    let port: Int
    let address: String
    let scratch: Scratch
    private let prefix: String
    private let around: [String]
    private var process: pid_t = 0

    static let isAvailable =
        FileManager.default.isExecutableFile(atPath: "/usr/sbin/sshd")
        && FileManager.default.isExecutableFile(atPath: "/usr/bin/ssh-keygen")

    static let hasIPv6 = LoopbackPort(address: "::1", number: 0).isFree

    /// - Parameters:
    ///   - extra: lines of the server's configuration, before the ordinary ones.
    ///   - name: begins the names of its files in the scratch directory.
    ///   - around: a command that runs the server's as its last words, such as one that makes a namespace.
    init(
        _ scratch: Scratch, extra: String = "", named name: String = "", address: String = "127.0.0.1",
        around: [String] = []
    ) throws {
        self.scratch = scratch
        self.address = address
        self.around = around
        prefix = name.isEmpty ? "" : name + "-"
        port = try LoopbackPort.free(address).number
        try FileManager.default.createDirectory(atPath: scratch.path("home"), withIntermediateDirectories: true)
        for key in ["hostkey", "otherkey", "userkey", "strangerkey"] {
            try ChildProgram.run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path(key))
        }
        try scratch.write(read("userkey.pub"), prefix + "authorized_keys")
        try scratch.write(
            """
            \(extra)
            Port \(port)
            ListenAddress \(address)
            HostKey \(path("hostkey"))
            PidFile \(path("sshd.pid"))
            AuthorizedKeysFile \(path("authorized_keys"))
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin prohibit-password
            LogLevel VERBOSE
            SetEnv HOME=\(scratch.path("home"))
            """, prefix + "sshd_config")
        if !scratch.exists("ssh_config") { try scratch.write("", "ssh_config") }
        try trust("hostkey")
        try start()
    }

    func path(_ file: String) -> String { scratch.path(prefix + file) }
    func read(_ file: String) -> String { scratch.read(prefix + file) ?? "" }

    func start() throws {
        if getuid() == 0 {
            try? FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        }
        process = try ChildProgram.start(
            around + ["/usr/sbin/sshd", "-D", "-E", path("log"), "-f", path("sshd_config")])
        try scratch.waitUntil("sshd listens") { LoopbackPort(address: address, number: port).answers }
    }

    /// Ends the server, not its sessions, and starts it again.
    func restart() throws {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        try start()
    }

    /// What the server has logged so far.
    var log: String { read("log") }

    /// The known-hosts line that gives one of the keys as the server's.
    func knownLine(_ key: String = "hostkey", as name: String? = nil) -> String {
        let words = read("\(key).pub").split(separator: " ")
        return "\(name ?? "[\(address)]:\(port)") \(words[0]) \(words[1])\n"
    }

    /// Writes a known-hosts file that gives one of the keys as the server's.
    func trust(_ key: String) throws { try scratch.write(knownLine(key), prefix + "known_hosts") }

    func host(_ transport: HostSpec.Transport = .libssh, identity: String = "userkey") -> HostSpec {
        HostSpec(
            name: "far", transport: transport, address: address, port: port, identity: path(identity),
            directory: scratch.path("host"), slots: 2, environment: ["SCRATCH": scratch.directory])
    }

    var options: ConnectionOptions {
        var options = ConnectionOptions.quick
        options.knownHosts = path("known_hosts")
        options.sshConfig = scratch.path("ssh_config")
        return options
    }

    /// The processes that serve connections.
    var sessions: [pid_t] {
        Self.descendants(of: process).filter {
            (try? String(contentsOfFile: "/proc/\($0)/comm", encoding: .utf8))?.hasPrefix("sshd") == true
        }
    }

    deinit {
        guard process > 0 else { return }
        for session in sessions { kill(session, SIGKILL) }
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }

    private static func descendants(of pid: pid_t) -> [pid_t] {
        let text = try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)
        return (text ?? "").split(separator: " ").compactMap { pid_t($0) }.flatMap { [$0] + descendants(of: $0) }
    }
}
