import SweepFiles
import SweepModel
import Testing

@Suite struct HostsFileTests {
    @Test func readsEverySetting() throws {
        let hosts = try HostsFile.parse(
            """
            defaults: {directory: /scratch/me, threads: 2, user: everyone}
            hosts:
              - local                       # this machine
              - gpubox
              - node[08-10]: {slots: 4, threads: 1, memory: 16G, tags: [avx512], env: {TMPDIR: /scratch, OMP: 3}}
              - far: {address: 203.0.113.7, port: 2222, user: me, identity: ~/.ssh/lab, proxy_jump: head, slots: 2, transport: ssh}
            """, file: "h.yaml")
        #expect(hosts.map(\.name) == ["local", "gpubox", "node08", "node09", "node10", "far"])
        #expect(hosts[0] == HostSpec(name: "local", transport: .local, directory: "/scratch/me", threads: 2))
        #expect(
            hosts[1]
                == HostSpec(name: "gpubox", transport: .libssh, user: "everyone", directory: "/scratch/me", threads: 2))
        #expect(
            hosts[3]
                == HostSpec(
                    name: "node09", transport: .libssh, user: "everyone", directory: "/scratch/me", slots: 4,
                    threads: 1,
                    memory: 16 << 30, tags: ["avx512"], environment: ["TMPDIR": "/scratch", "OMP": "3"]))
        #expect(
            hosts[5]
                == HostSpec(
                    name: "far", transport: .ssh, address: "203.0.113.7", port: 2222, user: "me",
                    identity: "~/.ssh/lab",
                    proxyJump: "head", directory: "/scratch/me", slots: 2, threads: 2))
    }

    @Test func hostsThatShareAMachineIDKeepTheirFilesApart() throws {
        let hosts = try HostsFile.parse(
            "hosts:\n  - copy[1-2]: {machine: shared, directory: /scratch}\n  - other: {machine: own}\n", file: "h.yaml"
        )
        #expect(hosts.map(\.sharesMachineID) == [true, true, false])
        #expect(
            hosts.map(\.directory)
                == ["/scratch/machines/host-copy1", "/scratch/machines/host-copy2", "~/.eigensweep"])
        let error = #expect(throws: SweepFileError.self) {
            try HostsFile.parse("hosts:\n  - copy: {machine: shard}\n", file: "h.yaml")
        }
        #expect(error.map { "\($0)".contains("h.yaml:2") && "\($0)".contains("shared") } == true, "\(error as Any)")
    }

    @Test func readsPlainLines() throws {
        let hosts = try HostsFile.parse("# mine\n:\n\n4/node[1-2]  # four each\nme@far\n", file: "hosts")
        #expect(
            hosts == [
                HostSpec(name: "local", transport: .local),
                HostSpec(name: "node1", transport: .libssh, slots: 4),
                HostSpec(name: "node2", transport: .libssh, slots: 4),
                HostSpec(name: "me@far", transport: .libssh, address: "far", user: "me"),
            ])
    }

    @Test(
        arguments: [
            ("n[1-3]", ["n1", "n2", "n3"]), ("n[08-10]", ["n08", "n09", "n10"]),
            ("n[1,3-4].lab", ["n1.lab", "n3.lab", "n4.lab"]),
            ("r[1-2]n[1-2]", ["r1n1", "r1n2", "r2n1", "r2n2"]), ("n[7]", ["n7"]),
        ])
    func expandsRanges(pattern: String, names: [String]) throws {
        #expect(try HostsFile.parse("hosts: [\"\(pattern)\"]", file: "h").map(\.name) == names)
        #expect(try HostsFile.parse(pattern, file: "h").map(\.name) == names)
    }

    @Test(
        arguments: [
            ("", "h: no hosts are given"), ("hosts: []", "h: no hosts are given"),
            ("hosts: 3", "h:1: hosts: expected a list of hosts"),
            ("host: [a]", "h:1: host: no such key; did you mean hosts?"),
            ("hosts:\n  - a\n  - a", "h:3: a: this host stands at h:2 already"),
            ("hosts:\n  - n[1-3]\n  - n2", "h:3: n2: this host stands at h:2 already"),
            ("hosts:\n  - n[3-1]", "h:2: expected a range such as node[01-08]"),
            ("hosts:\n  - n[1-99999999]", "h:2: n[1-99999999] is more than 10000 hosts"),
            ("n[1-9999][1-9999]", "h:1: n[1-9999][1-9999] is more than 10000 hosts"),
            ("n[1-6000,6001-12000]", "h:1: n[1-6000,6001-12000] is more than 10000 hosts"),
            ((0..<40).map { "n\($0)x[1-500]\n" }.joined(), "h:21: there are more than 10000 hosts"),
            (String(repeating: "[1]", count: 100_000), "h:1: expected a range such as node[01-08]"),
            ("hosts:\n  - n[1", "h:2: expected a range"), ("hosts:\n  - \"n]1\"", "h:2: expected a range"),
            ("hosts:\n  - a: {slot: 3}", "h:2: a.slot: no such setting; did you mean slots?"),
            (
                "hosts:\n  - a: {slots: 0}",
                "h:2: a.slots: expected a number of slots, an integer (1 to 100000), got \"0\""
            ),
            ("hosts:\n  - a: {port: 70000}", "h:2: a.port: expected a port"),
            ("hosts:\n  - a: {memory: 16X}", "h:2: a.memory: expected a size such as 2G or 512M"),
            ("hosts:\n  - a: {transport: sssh}", "h:2: a.transport: no such transport: sssh; did you mean ssh?"),
            ("hosts:\n  - a: {env: {1A: x}}", "h:2: a.env: \"1A\" is no name of a variable"),
            ("hosts:\n  - {a: {}, b: {}}", "h:2: expected one host with its settings"),
            ("hosts:\n  - local: {port: 3}", "h:2: local.port: this machine has no port"),
            ("hosts:\n  - \"-oProxyCommand=x\"", "h:2: expected a host's name"),
            ("hosts:\n  - \"a b\"", "h:2: expected a host's name"),
            ("hosts:\n  - \"..\"", "h:2: expected a host's name"),
            ("hosts:\n  - a: {address: \"-oProxyCommand=x\"}", "h:2: a.address: expected a host name or address"),
            ("hosts:\n  - a: {user: \"-x\"}", "h:2: a.user: expected a user's name"),
            ("hosts:\n  - a: {proxy_jump: \"head,-oProxyCommand=x\"}", "h:2: a.proxy_jump: expected a host"),
            ("hosts:\n  - a: {directory: \"x\\e[2J\"}", "h:2: a.directory: expected a directory"),
            ("defaults: {slots: x}\nhosts: [a]", "h:1: defaults.slots: expected a number of slots"),
            ("a\n0/b", "h:2: expected n/host with n slots, got 0/b"),
            ("a b", "h:1: expected one host on the line, got 2 words"),
            ("a\nb;rm", "h:2: expected a host's name"),
        ])
    func complains(text: String, message: String) {
        #expect {
            try HostsFile.parse(text, file: "h")
        } throws: { error in
            let matches = "\(error)".hasPrefix(message)
            if !matches { print("hosts file complaint:", error) }
            return matches
        }
    }

    @Test(
        arguments: [
            ("16G", 17_179_869_184), ("512M", 536_870_912), ("1.5 KiB", 1536), ("3GB", 3_221_225_472),
            ("2t", 2_199_023_255_552),
            ("100", 100), ("7b", 7),
        ])
    func readsSizes(text: String, bytes: Int) {
        #expect(ByteSize.parse(text) == bytes)
    }

    @Test(arguments: ["", "G", "-1G", "1X", "1GG", "inf", "nan", "1e3", "9999999T", "0", "1 2G3"])
    func refusesWhatIsNoSize(text: String) {
        #expect(ByteSize.parse(text) == nil)
    }
}
