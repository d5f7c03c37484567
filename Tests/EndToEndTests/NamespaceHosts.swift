import CPosix
import Foundation
import SweepModel

/// Several hosts on this machine: each a network namespace with its own address, sshd, machine-id and home of one
/// plain user, joined by a bridge to this machine. Where network namespaces cannot be made, each is an sshd on a port
/// of loopback, in a mount namespace of its own. Everything is gone after `remove`.
final class NamespaceHosts {
    struct Host {
        let name: String
        let namespace: String
        let address: String
        let port: Int
        /// The user's home as this machine sees it.
        let home: String
        /// The end of the cable on this machine: `setLink` pulls it.
        let cable: String
        let machine: String
    }

    let directory: String
    let user: String
    private(set) var hosts: [Host] = []
    private let bridge: String
    private let subnet: Int
    private var servers: [String: pid_t] = [:]
    /// What `/proc` calls the hosts' mount namespaces.
    private var mounts: [String: Set<String>] = [:]
    private var isRemoved = false

    struct Failure: Error, CustomStringConvertible { let description: String }

    /// What sets the hosts apart.
    enum Variant: String {
        case namespaces = "network namespaces"
        case loopback = "ports on loopback, for want of network namespaces"
    }

    /// What can be made here: as root, with the programs there and namespaces allowed. `EIGENSWEEP_LOOPBACK_HOSTS`
    /// asks for ports on loopback all the same.
    static let variant: Variant? = {
        let programs = ["/usr/bin/unshare", "/usr/sbin/sshd", "/usr/sbin/useradd", "/usr/bin/ssh-keygen"]
        guard getuid() == 0, programs.allSatisfy({ FileManager.default.isExecutableFile(atPath: $0) }) else {
            return nil
        }
        let name = "es-try-\(getpid())"
        if ProcessInfo.processInfo.environment["EIGENSWEEP_LOOPBACK_HOSTS"] == nil,
            (try? run("/usr/sbin/ip", "netns", "add", name)) != nil
        {
            _ = try? run("/usr/sbin/ip", "netns", "del", name)
            return .namespaces
        }
        return (try? run("/usr/bin/unshare", "--mount", "--uts", "/bin/true")) != nil ? .loopback : nil
    }()
    static var isAvailable: Bool { variant != nil }
    private let isLoopback = variant == .loopback

    /// Makes `count` hosts h1, h2, …; `directory` is on this machine and must be reachable for the plain user.
    init(count: Int = 3) throws {
        let mark = String(UInt32.random(in: 0...0xffff), radix: 16)
        directory = "/tmp/es-hosts-\(mark)"
        user = "es\(mark)"
        bridge = "esb\(mark)"
        subnet = Int.random(in: 64...250)
        print("hosts of the test: \(count) on \(Self.variant?.rawValue ?? "nothing")")
        do { try build(count, mark) } catch {
            remove()
            throw error
        }
    }

    private func build(_ count: Int, _ mark: String) throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        try Self.run("/usr/sbin/useradd", "-M", "-d", "\(directory)/home", "-s", "/bin/sh", user)
        // No password opens the account, and it is not locked.
        try Self.run("/usr/sbin/usermod", "-p", "*", user)
        try FileManager.default.createDirectory(atPath: "\(directory)/home", withIntermediateDirectories: true)
        try Self.run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(directory)/userkey")
        if !isLoopback {
            try Self.run("/usr/sbin/ip", "link", "add", bridge, "type", "bridge")
            try Self.run("/usr/sbin/ip", "addr", "add", "10.\(subnet).77.1/24", "dev", bridge)
            try Self.run("/usr/sbin/ip", "link", "set", bridge, "up")
        }
        var known = ""
        for number in 1...count {
            let host = Host(
                name: "h\(number)", namespace: "es\(mark)h\(number)",
                address: isLoopback ? "127.0.0.1" : "10.\(subnet).77.\(10 + number)",
                port: isLoopback ? 20_000 + subnet * 100 + number : 22,
                home: "\(directory)/h\(number)/home", cable: "ev\(mark)h\(number)",
                machine: (0..<32).map { _ in String(Int.random(in: 0...15), radix: 16) }.joined())
            hosts.append(host)
            try make(host, mark, number)
            let key = try String(contentsOfFile: "\(directory)/\(host.name)/hostkey.pub", encoding: .utf8)
            known += isLoopback ? "[\(host.address)]:\(host.port) " : "\(host.address) "
            known += key.split(separator: " ").prefix(2).joined(separator: " ") + "\n"
        }
        try known.write(toFile: knownHosts, atomically: true, encoding: .utf8)
        try "".write(toFile: sshConfig, atomically: true, encoding: .utf8)
        for host in hosts { try startServer(of: host) }
    }

    private func make(_ host: Host, _ mark: String, _ number: Int) throws {
        let own = "\(directory)/\(host.name)"
        try FileManager.default.createDirectory(atPath: host.home, withIntermediateDirectories: true)
        try Self.run("/usr/bin/chown", "\(user):", host.home)
        try Self.run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(own)/hostkey")
        try "\(host.machine)\n".write(toFile: "\(own)/machine-id", atomically: true, encoding: .utf8)
        try FileManager.default.copyItem(atPath: "\(directory)/userkey.pub", toPath: "\(own)/authorized_keys")
        try """
        Port \(host.port)
        ListenAddress \(host.address)
        HostKey \(own)/hostkey
        PidFile \(own)/sshd.pid
        AuthorizedKeysFile \(own)/authorized_keys
        StrictModes no
        UsePAM no
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        AllowUsers \(user)
        """.write(toFile: "\(own)/sshd_config", atomically: true, encoding: .utf8)
        if isLoopback { return }
        try Self.run("/usr/sbin/ip", "netns", "add", host.namespace)
        let inner = "ew\(mark)h\(number)"
        try Self.run("/usr/sbin/ip", "link", "add", host.cable, "type", "veth", "peer", "name", inner)
        try Self.run("/usr/sbin/ip", "link", "set", inner, "netns", host.namespace)
        try Self.run("/usr/sbin/ip", "link", "set", host.cable, "master", bridge, "up")
        let within = ["/usr/sbin/ip", "-n", host.namespace]
        try Self.run(within + ["addr", "add", "\(host.address)/24", "dev", inner])
        try Self.run(within + ["link", "set", inner, "up"])
        try Self.run(within + ["link", "set", "lo", "up"])
    }

    /// Starts a host's sshd, in its own mount namespace with its own machine-id and home.
    func startServer(of host: Host) throws {
        let own = "\(directory)/\(host.name)"
        let script = """
            mount --make-rprivate / && mount --bind "$1/machine-id" /etc/machine-id \
            && mount --bind "$1/home" "$2/home" && hostname "$3" && exec /usr/sbin/sshd -D -e -f "$1/sshd_config"
            """
        let within = isLoopback ? [] : ["/usr/sbin/ip", "netns", "exec", host.namespace]
        let words =
            within + ["/usr/bin/unshare", "--mount", "--uts", "/bin/sh", "-c", script, "sh", own, directory, host.name]
        let log = "\(own)/sshd.log"
        try "".write(toFile: log, atomically: false, encoding: .utf8)
        let server = try Self.start(words, log: log)
        servers[host.name] = server
        let limit = Date(timeIntervalSinceNow: 20)
        while !((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").contains("Server listening") {
            guard Date() < limit, kill(server, 0) == 0 else {
                let words = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
                throw Failure(description: "sshd of \(host.name) does not start: \(words)")
            }
            usleep(20_000)
        }
        if let mount = Self.mountNamespace(of: server) { mounts[host.name, default: []].insert(mount) }
    }

    private static func mountNamespace(of pid: pid_t) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/mnt")
    }

    var knownHosts: String { "\(directory)/known_hosts" }
    var sshConfig: String { "\(directory)/ssh_config" }
    var identity: String { "\(directory)/userkey" }

    /// How the hosts file would describe a host.
    func spec(_ host: Host, slots: Int = 1, environment: [String: String] = [:]) -> HostSpec {
        HostSpec(
            name: host.name, transport: .libssh, address: host.address, port: host.port, user: user,
            identity: identity, slots: slots, environment: environment)
    }

    /// Plugs or pulls a host's cable; on loopback its sshd falls silent.
    func setLink(of host: Host, up: Bool) throws {
        if isLoopback {
            for pid in processes(of: host, running: "sshd") { kill(pid, up ? SIGCONT : SIGSTOP) }
            return
        }
        try Self.run("/usr/sbin/ip", "link", "set", host.cable, up ? "up" : "down")
    }

    /// All processes on a host.
    func processes(of host: Host) -> [pid_t] {
        if isLoopback {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            return names.compactMap { pid_t($0) }.filter { pid in
                Self.mountNamespace(of: pid).map { mounts[host.name]?.contains($0) == true } ?? false
            }
        }
        let output = (try? Self.run("/usr/sbin/ip", "netns", "pids", host.namespace)) ?? ""
        return output.split(separator: "\n").compactMap { pid_t($0) }
    }

    /// Processes on a host whose command line contains `text`.
    func processes(of host: Host, running text: String) -> [pid_t] {
        processes(of: host).filter { pid in
            guard let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return false }
            return String(decoding: line.map { $0 == 0 ? 32 : $0 }, as: UTF8.self).contains(text)
        }
    }

    /// Kills the sshd children that serve connections; the listening sshd stays.
    func cutConnections(of host: Host) {
        let listening = try? String(contentsOfFile: "\(directory)/\(host.name)/sshd.pid", encoding: .utf8)
        let server = pid_t((listening ?? "").trimmingCharacters(in: .whitespacesAndNewlines))
        for pid in processes(of: host, running: "sshd") where pid != server { kill(pid, SIGKILL) }
    }

    /// Ends every process of the hosts and takes everything away again.
    func remove() {
        guard !isRemoved else { return }
        isRemoved = true
        for host in hosts {
            for _ in 0..<50 {
                let left = processes(of: host)
                if left.isEmpty { break }
                for pid in left { kill(pid, SIGKILL) }
                usleep(20_000)
            }
            if let server = servers[host.name] {
                kill(server, SIGKILL)
                waitpid(server, nil, 0)
            }
            if isLoopback { continue }
            _ = try? Self.run("/usr/sbin/ip", "netns", "del", host.namespace)
            _ = try? Self.run("/usr/sbin/ip", "link", "del", host.cable)
        }
        if !isLoopback { _ = try? Self.run("/usr/sbin/ip", "link", "del", bridge) }
        _ = try? Self.run("/usr/sbin/userdel", user)
        try? FileManager.default.removeItem(atPath: directory)
    }

    deinit { remove() }

    @discardableResult
    static func run(_ words: String...) throws -> String { try run(words) }

    /// Runs a program to its end and returns what it printed.
    @discardableResult
    private static func run(_ words: [String]) throws -> String {
        let log = NSTemporaryDirectory() + "es-run-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: log) }
        var status: Int32 = 0
        waitpid(try start(words, log: log), &status, 0)
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        guard posix_exit_of(status) == 0 else {
            throw Failure(description: "\(words.joined(separator: " ")): \(text)")
        }
        return text
    }

    /// Starts a program whose output goes to a file. Foundation's `Process` is no use for sshd: it takes the closing
    /// of inherited descriptors for the program's end.
    private static func start(_ words: [String], log: String) throws -> pid_t {
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { for descriptor in [null, output] { close(descriptor) } }
        let path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin\0"
        var pid: pid_t = 0
        let rc = words.map { $0 + "\0" }.joined().withCString { list in
            path.withCString { path in
                words[0].withCString { program in
                    var program = posix_program(
                        path: program, arguments: list, argument_count: words.count, environment: path,
                        environment_count: 1, directory: nil, input: null, output: output, error: output,
                        own_session: 0)
                    return posix_start_program(&program, &pid)
                }
            }
        }
        guard rc == 0 else { throw Failure(description: "\(words[0]): \(String(cString: strerror(rc)))") }
        return pid
    }
}
