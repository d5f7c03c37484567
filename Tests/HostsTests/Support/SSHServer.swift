import CPosix
import Foundation
import RemoteHosts
import SweepModel

/// An sshd of the test's own on loopback, for the account that runs the test, with throw-away keys and another home.
final class SSHServer {
    let port: Int
    let scratch: Scratch
    private var process: pid_t = 0

    static let isAvailable =
        FileManager.default.isExecutableFile(atPath: "/usr/sbin/sshd")
        && FileManager.default.isExecutableFile(atPath: "/usr/bin/ssh-keygen")

    /// - Parameter greeting: what the account's login prints before anything else.
    init(_ scratch: Scratch, extra: String = "") throws {
        self.scratch = scratch
        port = try Self.freePort()
        try FileManager.default.createDirectory(atPath: scratch.path("home"), withIntermediateDirectories: true)
        for name in ["hostkey", "otherkey", "userkey", "strangerkey"] {
            try ChildProgram.run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", scratch.path(name))
        }
        try scratch.write(scratch.read("userkey.pub") ?? "", "authorized_keys")
        try scratch.write(
            """
            Port \(port)
            ListenAddress 127.0.0.1
            HostKey \(scratch.path("hostkey"))
            PidFile \(scratch.path("sshd.pid"))
            AuthorizedKeysFile \(scratch.path("authorized_keys"))
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin prohibit-password
            SetEnv HOME=\(scratch.path("home"))
            \(extra)
            """, "sshd_config")
        try scratch.write("", "ssh_config")
        try trust("hostkey")
        try start()
    }

    func start() throws {
        if getuid() == 0 {
            try? FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        }
        process = try ChildProgram.start(["/usr/sbin/sshd", "-D", "-e", "-f", scratch.path("sshd_config")])
        try scratch.waitUntil("sshd listens") { Self.answers(port) }
    }

    /// Writes the known-hosts file with one of the keys as the server's.
    func trust(_ key: String) throws {
        let words = (scratch.read("\(key).pub") ?? "").split(separator: " ")
        try scratch.write("[127.0.0.1]:\(port) \(words[0]) \(words[1])\n", "known_hosts")
    }

    func host(_ transport: HostSpec.Transport = .libssh, identity: String = "userkey") -> HostSpec {
        HostSpec(
            name: "far", transport: transport, address: "127.0.0.1", port: port, identity: scratch.path(identity),
            directory: scratch.path("host"), slots: 2, environment: ["SCRATCH": scratch.directory])
    }

    var options: ConnectionOptions {
        var options = ConnectionOptions.quick
        options.knownHosts = scratch.path("known_hosts")
        options.sshConfig = scratch.path("ssh_config")
        return options
    }

    /// The processes that serve connections.
    var sessions: [pid_t] { Self.children(of: process).flatMap { [$0] + Self.children(of: $0) } }

    deinit {
        guard process > 0 else { return }
        for session in sessions { kill(session, SIGKILL) }
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }

    private static func children(of pid: pid_t) -> [pid_t] {
        let text = try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)
        return (text ?? "").split(separator: " ").compactMap { pid_t($0) }
    }

    private static func withSocket<Result>(_ body: (Int32) -> Result) -> Result {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return body(descriptor)
    }

    private static func withAddress<Result>(
        _ port: Int, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    private static func answers(_ port: Int) -> Bool {
        withSocket { descriptor in withAddress(port) { connect(descriptor, $0, $1) } == 0 }
    }

    private static func freePort() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 20_000..<60_000)
            if withSocket({ descriptor in withAddress(port) { bind(descriptor, $0, $1) } == 0 }) { return port }
        }
        throw Scratch.TimedOut(what: "no free port")
    }
}
