import CPosix
import Foundation
import SweepModel

/// Several hosts on this machine: each a network namespace with its own address, process numbers, boot id, machine-id, sshd
/// and home of one plain user, joined by a bridge to this machine. Where network namespaces cannot be made, each is an sshd
/// on a port of loopback. `remove` takes everything away.
final class NamespaceHosts {
    struct Host {
        let name: String
        let namespace: String
        let address: String
        let port: Int
        /// The user's home as this machine sees it.
        let home: String
        /// The network device at this machine's end of the cable, which `setLink` pulls.
        let cable: String
        let machine: String
        /// The cable's number among those of `relay`.
        var relayed: Int?
    }

    let directory: String
    let user: String
    private(set) var hosts: [Host] = []
    private let bridge: String
    /// The first three numbers of the hosts' addresses.
    private let subnet: String
    /// The first host's port on loopback.
    private let firstPort = 20_000 + Int.random(in: 0..<200) * 100
    /// The parents of the hosts' first processes.
    private var keepers: [String: pid_t] = [:]
    /// The hosts' process namespaces, as `/proc` calls them.
    private var spaces: [String: String] = [:]
    private var isRemoved = false
    /// Hands on the frames of hosts that were made with `isRelayed`.
    let relay: RelayedCables?
    /// Bytes of the file system each home has of its own; nil: it has none.
    private let homeBytes: Int?

    struct Failure: Error, CustomStringConvertible { let description: String }

    /// How the hosts are kept apart.
    enum Variant: String {
        case namespaces = "network namespaces"
        case loopback = "ports on loopback, for want of network namespaces"
    }

    /// How hosts can be kept apart here: by namespaces where this process is root and may make them.
    /// `EIGENSWEEP_LOOPBACK_HOSTS` asks for ports on loopback all the same.
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
        let isolation = ["/usr/bin/unshare", "--mount", "--uts", "--pid", "--fork", "/bin/true"]
        return (try? run(isolation)) != nil ? .loopback : nil
    }()
    static var isAvailable: Bool { variant != nil }
    private let isLoopback = variant == .loopback

    /// Makes `count` hosts h1, h2, …; `directory` is on this machine and must be reachable for the plain user.
    ///
    /// - Parameters:
    ///   - isRelayed: this program hands on their frames, so that `relay` can lose and delay them.
    ///   - homeBytes: the size of a file system that each home then is; nil: homes have none of their own.
    init(count: Int = 3, isRelayed: Bool = false, homeBytes: Int? = nil) throws {
        relay = isRelayed ? RelayedCables() : nil
        self.homeBytes = homeBytes
        let mark = String(UInt32.random(in: 0...0xffff), radix: 16)
        directory = "/tmp/es-hosts-\(mark)"
        user = "es\(mark)"
        bridge = "esb\(mark)"
        subnet = "10.\(Int.random(in: 64...250)).\(Int.random(in: 0...255))"
        Leftovers.remove()
        print("hosts of the test: \(count) on \(Self.variant?.rawValue ?? "nothing")")
        do { try build(count, mark) } catch {
            remove()
            throw error
        }
    }

    private func build(_ count: Int, _ mark: String) throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try Leftovers.claim(directory)
        try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        // The account has no password that opens it, and is not locked.
        try Self.changeUsers("/usr/sbin/useradd", "-M", "-d", "\(directory)/home", "-s", "/bin/sh", "-p", "*", user)
        try FileManager.default.createDirectory(atPath: "\(directory)/home", withIntermediateDirectories: true)
        try Self.run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(directory)/userkey")
        if !isLoopback {
            try Self.run("/usr/sbin/ip", "link", "add", bridge, "type", "bridge")
            try Self.run("/usr/sbin/ip", "addr", "add", "\(subnet).1/24", "dev", bridge)
            try Self.run("/usr/sbin/ip", "link", "set", bridge, "up")
        }
        var known = ""
        for number in 1...count {
            var host = Host(
                name: "h\(number)", namespace: "es\(mark)h\(number)",
                address: isLoopback ? "127.0.0.1" : "\(subnet).\(10 + number)",
                port: isLoopback ? firstPort + number : 22,
                home: "\(directory)/h\(number)/home", cable: "ev\(mark)h\(number)",
                machine: (0..<32).map { _ in String(Int.random(in: 0...15), radix: 16) }.joined())
            if let relay {
                host.relayed = try relay.lay(host: "ew\(mark)h\(number)", bridge: host.cable)
            }
            hosts.append(host)
            try make(host, mark, number)
            let key = try String(contentsOfFile: "\(directory)/\(host.name)/hostkey.pub", encoding: .utf8)
            known += isLoopback ? "[\(host.address)]:\(host.port) " : "\(host.address) "
            known += key.split(separator: " ").prefix(2).joined(separator: " ") + "\n"
        }
        try known.write(toFile: knownHosts, atomically: true, encoding: .utf8)
        try "".write(toFile: sshConfig, atomically: true, encoding: .utf8)
        relay?.start()
        for host in hosts { try boot(host) }
    }

    private func make(_ host: Host, _ mark: String, _ number: Int) throws {
        let own = "\(directory)/\(host.name)"
        try FileManager.default.createDirectory(atPath: host.home, withIntermediateDirectories: true)
        if let homeBytes {
            try Self.run("/usr/bin/mount", "-t", "tmpfs", "-o", "size=\(homeBytes),mode=755", "none", host.home)
        }
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
        if relay == nil {
            try Self.run("/usr/sbin/ip", "link", "add", host.cable, "type", "veth", "peer", "name", inner)
        }
        try Self.run("/usr/sbin/ip", "link", "set", inner, "netns", host.namespace)
        try Self.run("/usr/sbin/ip", "link", "set", host.cable, "master", bridge, "up")
        let within = ["/usr/sbin/ip", "-n", host.namespace]
        try Self.run(within + ["addr", "add", "\(host.address)/24", "dev", inner])
        try Self.run(within + ["link", "set", inner, "up"])
        try Self.run(within + ["link", "set", "lo", "up"])
    }

    /// Starts a host: its first process, with a boot id and process numbers of its own, and its sshd.
    func boot(_ host: Host) throws {
        let own = "\(directory)/\(host.name)"
        let script = """
            mount --make-rprivate / && mount -t proc proc /proc && mount --bind "$1/machine-id" /etc/machine-id \
            && mount --bind "$1/boot-id" /proc/sys/kernel/random/boot_id \
            && mount --bind "$1/home" "$2/home" && hostname "$3" || exit 1
            /usr/sbin/sshd -D -E "$1/sshd.log" -f "$1/sshd_config" &
            sleep infinity & wait
            """
        try "\(UUID().uuidString.lowercased())\n".write(toFile: "\(own)/boot-id", atomically: false, encoding: .utf8)
        try "".write(toFile: "\(own)/sshd.log", atomically: false, encoding: .utf8)
        let within = isLoopback ? [] : ["/usr/sbin/ip", "netns", "exec", host.namespace]
        let isolated = ["/usr/bin/unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child"]
        // The script lies in a file, so that no word of it is found in the first process's command line.
        try script.write(toFile: "\(own)/boot", atomically: false, encoding: .utf8)
        let words = within + isolated + ["/bin/sh", "\(own)/boot", own, directory, host.name]
        let keeper = try Self.start(words, log: "\(own)/boot.log")
        keepers[host.name] = keeper
        try awaitServer(of: host)
        guard let first = Self.children(of: keeper).first else {
            throw Failure(description: "\(host.name) has no first process")
        }
        spaces[host.name] = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(first)/ns/pid")
    }

    private func awaitServer(of host: Host) throws {
        let own = "\(directory)/\(host.name)"
        let limit = Date(timeIntervalSinceNow: 20)
        while !((try? String(contentsOfFile: "\(own)/sshd.log", encoding: .utf8)) ?? "").contains("Server listening") {
            guard Date() < limit, let keeper = keepers[host.name], kill(keeper, 0) == 0 else {
                let words = ["boot.log", "sshd.log"].compactMap {
                    try? String(contentsOfFile: "\(own)/\($0)", encoding: .utf8)
                }
                throw Failure(description: "sshd of \(host.name) does not start: \(words.joined())")
            }
            usleep(20_000)
        }
    }

    private static func children(of parent: pid_t) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { pid in
            let status = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
            let fields = status.split(separator: ")").last?.split(separator: " ") ?? []
            return fields.count > 1 && pid_t(fields[1]) == parent
        }
    }

    /// Ends everything that runs on a host, at once.
    func halt(_ host: Host) {
        guard let keeper = keepers.removeValue(forKey: host.name) else { return }
        let first = Self.children(of: keeper)
        for pid in first.isEmpty ? [keeper] : first { kill(pid, SIGKILL) }
        waitpid(keeper, nil, 0)
    }

    func isUp(_ host: Host) -> Bool { keepers[host.name] != nil }

    /// Runs a program on a host, as its root, to its end.
    @discardableResult
    func run(on host: Host, _ words: [String]) throws -> String {
        guard let keeper = keepers[host.name], let first = Self.children(of: keeper).first else {
            throw Failure(description: "\(host.name) is down")
        }
        return try Self.run(["/usr/bin/nsenter", "-t", "\(first)", "-m", "-u", "-n", "-p"] + words)
    }

    /// Starts the sshd of a host again.
    func restartServer(of host: Host) throws {
        let own = "\(directory)/\(host.name)"
        try "".write(toFile: "\(own)/sshd.log", atomically: false, encoding: .utf8)
        try run(on: host, ["/usr/sbin/sshd", "-E", "\(own)/sshd.log", "-f", "\(own)/sshd_config"])
        try awaitServer(of: host)
    }

    var knownHosts: String { "\(directory)/known_hosts" }
    var sshConfig: String { "\(directory)/ssh_config" }
    var identity: String { "\(directory)/userkey" }

    /// The host's entry in a hosts file.
    func spec(_ host: Host, slots: Int = 1, environment: [String: String] = [:]) -> HostSpec {
        HostSpec(
            name: host.name, transport: .libssh, address: host.address, port: host.port, user: user,
            identity: identity, slots: slots, environment: environment)
    }

    /// Plugs or pulls a host's cable; on loopback its sshd falls silent.
    func setLink(of host: Host, up: Bool) throws {
        if let relay, let cable = host.relayed {
            relay.set(cable) { ($0.losesToHost, $0.losesFromHost) = (!up, !up) }
        } else if isLoopback {
            for pid in processes(of: host, running: "sshd") { kill(pid, up ? SIGCONT : SIGSTOP) }
        } else {
            try Self.run("/usr/sbin/ip", "link", "set", host.cable, up ? "up" : "down")
        }
    }

    /// All processes on a host, by their numbers on this machine.
    func processes(of host: Host) -> [pid_t] {
        guard let space = spaces[host.name] else { return [] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { pid in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/pid")) == space
        }
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
        for pid in processes(of: host, running: "sshd: \(user)") { kill(pid, SIGKILL) }
    }

    /// Ends every process of the hosts and takes everything away again.
    func remove() {
        guard !isRemoved else { return }
        isRemoved = true
        for host in hosts {
            halt(host)
            if homeBytes != nil { _ = try? Self.run("/usr/bin/umount", "-l", host.home) }
            if isLoopback { continue }
            _ = try? Self.run("/usr/sbin/ip", "netns", "del", host.namespace)
            if relay == nil { _ = try? Self.run("/usr/sbin/ip", "link", "del", host.cable) }
        }
        relay?.close()
        if !isLoopback { _ = try? Self.run("/usr/sbin/ip", "link", "del", bridge) }
        _ = try? Self.changeUsers("/usr/sbin/userdel", user)
        try? FileManager.default.removeItem(atPath: directory)
    }

    deinit { remove() }
}
