import Foundation
import Testing

/// Tests what the tools of faults do to hosts, seen from the hosts.
@Suite(
    .serialized, .enabled(if: slowTestsWanted, whySlow),
    .enabled(if: RelayedCables.areAvailable, "hosts are made as root, in network namespaces, with /dev/net/tun"))
struct RelayedHostsTests {
    private func echo(_ host: NamespaceHosts.Host, _ hosts: NamespaceHosts) -> Double? {
        let start = Date()
        let isHeard =
            (try? hosts.run(
                on: host,
                [
                    "/usr/bin/python3", "-c",
                    "import socket,sys; s=socket.create_connection((sys.argv[1],int(sys.argv[2])),1); s.settimeout(1); "
                        + "s.recv(4) or sys.exit(1)",
                    hosts.hosts[1].address, "22",
                ])) != nil
        return isHeard ? Date().timeIntervalSince(start) : nil
    }

    @Test func `a cable delays and loses what it is told to`() throws {
        let hosts = try NamespaceHosts(count: 2, isRelayed: true)
        defer { hosts.remove() }
        let (host, relay) = (hosts.hosts[0], try #require(hosts.relay))
        let cable = try #require(host.relayed)
        let usual = try #require(echo(host, hosts))
        relay.set(cable) { $0.delay = 0.2 }
        // The greeting of sshd takes a way there and back for the connection and one way for itself; ARP may come before.
        #expect(try #require(echo(host, hosts)) > usual + 0.3)
        relay.set(cable) { $0 = RelayedCables.Condition(losesToHost: true) }
        #expect(echo(host, hosts) == nil)
        relay.set(cable) { $0 = RelayedCables.Condition(losesFromHost: true) }
        #expect(echo(host, hosts) == nil)
        relay.set(cable) { $0 = RelayedCables.Condition() }
        #expect(echo(host, hosts) != nil)
    }

    @Test func `leftovers of a killed test are removed`() throws {
        let mark = "ffff\(Int.random(in: 0...9))"
        let directory = "/tmp/es-hosts-\(mark)"
        try FileManager.default.createDirectory(atPath: directory + "/h1/home", withIntermediateDirectories: true)
        // Its process number is in use again, by a process that started at another time.
        try "1 1".write(toFile: directory + "/owner", atomically: false, encoding: .utf8)
        try NamespaceHosts.run("/usr/sbin/ip", "netns", "add", "es\(mark)h1")
        try NamespaceHosts.run("/usr/bin/mount", "-t", "tmpfs", "none", directory + "/h1/home")
        Leftovers.remove()
        #expect(!FileManager.default.fileExists(atPath: directory))
        #expect(try !NamespaceHosts.run("/usr/sbin/ip", "netns", "list").contains(mark))
    }

    @Test func `a host that starts again has another boot id, the same home and none of its processes`() throws {
        let hosts = try NamespaceHosts(count: 1, isRelayed: true, homeBytes: 1 << 20)
        defer { hosts.remove() }
        let host = hosts.hosts[0]
        func boot() throws -> String { try hosts.run(on: host, ["/bin/cat", "/proc/sys/kernel/random/boot_id"]) }
        let before = try boot()
        try "kept".write(toFile: host.home + "/file", atomically: false, encoding: .utf8)
        let old = Set(hosts.processes(of: host))
        #expect(!old.isEmpty)
        hosts.halt(host)
        #expect(hosts.processes(of: host).isEmpty)
        try hosts.boot(host)
        #expect(try boot() != before)
        #expect(Set(hosts.processes(of: host)).isDisjoint(with: old))
        #expect(try hosts.run(on: host, ["/bin/cat", "\(hosts.directory)/home/file"]) == "kept")
        for pid in hosts.processes(of: host, running: "sshd") { kill(pid, SIGKILL) }
        try hosts.restartServer(of: host)
        #expect(!hosts.processes(of: host, running: "sshd").isEmpty)
    }
}
