import CPosix
import Foundation
import JobContract
import SweepModel
import Testing

@testable import RemoteHosts

/// Whether a host is the one it was is decided as the `ssh` program decides it, file by file.
@Suite(.serialized, .enabled(if: SSHServer.isAvailable, "needs openssh-server and openssh-client"))
struct SSHKnownHostsTests {
    /// A known-hosts file, and what both programs must say of it; nil: they reach the host.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let kind: HostFailure.Kind?
        var acceptsNew = false
        /// Lines of the SSH configuration, and known-hosts text.
        let make: @Sendable (SSHServer) throws -> (configuration: [String], known: String)

        init(
            _ name: String, _ kind: HostFailure.Kind?, acceptsNew: Bool = false,
            _ make: @escaping @Sendable (SSHServer) throws -> (configuration: [String], known: String)
        ) {
            testDescription = name
            self.kind = kind
            self.acceptsNew = acceptsNew
            self.make = make
        }
    }

    static let cases: [Case] = [
        Case("a hashed name", nil) { server in
            try server.scratch.write(server.knownLine(), "hashed")
            try ChildProgram.run("/usr/bin/ssh-keygen", "-q", "-H", "-f", server.scratch.path("hashed"))
            return ([], server.scratch.read("hashed") ?? "")
        },
        Case("a hashed name of another key", .hostKeyChanged) { server in
            try server.scratch.write(server.knownLine("otherkey"), "hashed")
            try ChildProgram.run("/usr/bin/ssh-keygen", "-q", "-H", "-f", server.scratch.path("hashed"))
            return ([], server.scratch.read("hashed") ?? "")
        },
        Case("wildcards in name and port", nil) { ([], $0.knownLine(as: "[127.0.?.*]:\($0.port),other")) },
        Case("a wildcard that excludes the host", .hostKeyUnknown) { server in
            ([], server.knownLine(as: "[127.*]:*,![*.1]:*"))
        },
        Case("a name without the port", nil) { ([], $0.knownLine(as: "127.0.0.1")) },
        Case("another key under the name without the port", .hostKeyUnknown) { server in
            ([], server.knownLine("otherkey", as: "127.0.0.1"))
        },
        Case("a key of another kind", .hostKeyChanged) { ([], try $0.otherKind()) },
        Case("a key of another kind, new ones accepted", .hostKeyChanged, acceptsNew: true) {
            ([], try $0.otherKind())
        },
        Case("this key and one of another kind", nil) { ([], try $0.otherKind() + $0.knownLine()) },
        Case("this key beside another of its kind", nil) { ([], $0.knownLine("otherkey") + $0.knownLine()) },
        Case("a revoked key", .hostKeyChanged) { ([], $0.knownLine() + "@revoked * " + $0.keyText()) },
        Case("a revoked key, new ones accepted", .hostKeyChanged, acceptsNew: true) { server in
            ([], "@revoked * " + server.keyText())
        },
        Case("another revoked key", nil) { ([], $0.knownLine() + "@revoked * " + $0.keyText("otherkey")) },
        Case("an authority for others", nil) { server in
            ([], "@cert-authority *.elsewhere " + server.keyText("otherkey") + server.knownLine())
        },
        Case("HostKeyAlias", nil) { (["HostKeyAlias Cluster"], $0.knownLine(as: "cluster")) },
        Case("HostKeyAlias that is not known", .hostKeyUnknown) { (["HostKeyAlias cluster"], $0.knownLine()) },
        Case("CheckHostIP", nil) { (["CheckHostIP yes"], $0.knownLine()) },
        Case("several UserKnownHostsFile, one of them missing", nil) { server in
            try server.scratch.write(server.knownLine(), "second")
            let files = "/nowhere/known \(server.scratch.path("second"))"
            return (["UserKnownHostsFile \(files)"], "")
        },
        Case("GlobalKnownHostsFile", nil) { server in
            try server.scratch.write(server.knownLine(), "global")
            return (["GlobalKnownHostsFile \(server.scratch.path("global"))"], "")
        },
        Case("another key in GlobalKnownHostsFile", .hostKeyChanged) { server in
            try server.scratch.write(server.knownLine("otherkey"), "global")
            return (["GlobalKnownHostsFile \(server.scratch.path("global"))"], "")
        },
        Case("no file, new keys accepted", .hostKeyUnknown, acceptsNew: true) { _ in
            (["UserKnownHostsFile none"], "")
        },
        Case("a file that keeps nothing, new keys accepted", nil, acceptsNew: true) { _ in
            (["UserKnownHostsFile /dev/null"], "")
        },
        Case("lines that are none, and the right one without its end", nil) { server in
            let odd = "# a comment\n\n  \nnonsense\n[127.0.0.1]:\(server.port) sk-odd AAAA\n@later * x y\n"
            return ([], odd + "  " + server.knownLine().dropLast())
        },
        Case("lines that end as on Windows", nil) { server in
            ([], "# a comment\r\n" + server.knownLine().dropLast() + " a comment\r\n")
        },
    ]

    private func failure(_ test: Case, _ transport: HostSpec.Transport) throws -> HostFailure? {
        var place = SSHScenario.Place(scratch: try Scratch())
        let server = try place.serve()
        let (lines, known) = try test.make(server)
        place.add("far", server, lines.joined(separator: "\n  "))
        place.known = known
        try place.placeAgent()
        var (host, options) = try place.finish(transport)
        options.acceptNewHostKeys = test.acceptsNew
        host.directory = place.scratch.path("host")
        let coordinator = try TestCoordinator([host], scratch: place.scratch, options: options)
        defer { coordinator.close() }
        let reports = try coordinator.wait("an answer") { reports in
            !reports.failures.isEmpty || reports.contains { if case .connected = $0 { true } else { false } }
        }
        return reports.failures.first
    }

    @Test(
        .enabled(if: ProcessInfo.processInfo.environment["EIGENSWEEP_SLOW_TESTS"] != nil, "slow: dozens of servers"),
        arguments: cases, [HostSpec.Transport.libssh, .ssh])
    func `a host is reached or refused as ssh would`(_ test: Case, _ transport: HostSpec.Transport) throws {
        let found = try failure(test, transport)
        #expect(found?.kind == test.kind, "\(found.map { "\($0)" } ?? "reached")")
    }

    @Test func `a new key is written as ssh would read it`() throws {
        for hashes in [false, true] {
            let server = try SSHServer(try Scratch())
            try server.scratch.write("# no end", "known_hosts")
            try server.scratch.write("Host *\n  HashKnownHosts \(hashes ? "yes" : "no")\n", "ssh_config")
            var options = server.options
            options.acceptNewHostKeys = true
            let coordinator = try TestCoordinator([server.host()], scratch: server.scratch, options: options)
            try coordinator.waitForConnection()
            coordinator.close()
            let text = server.read("known_hosts")
            #expect(text.hasPrefix("# no end\n") && text.split(separator: "\n").count == 2)
            #expect(text.contains("127.0.0.1") == !hashes)
            try ChildProgram.run(
                "/usr/bin/ssh-keygen", "-F", "[127.0.0.1]:\(server.port)", "-f", server.path("known_hosts"))
        }
    }

    @Test func `a server that has the known kind of key beside another is asked for that`() throws {
        var place = SSHScenario.Place(scratch: try Scratch())
        let rsa = place.scratch.path("rsakey")
        try ChildProgram.run("/usr/bin/ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", rsa)
        let server = try place.serve("target", "HostKey \(rsa)")
        place.add("far", server)
        let words = (place.scratch.read("rsakey.pub") ?? "").split(separator: " ")
        place.known = "[127.0.0.1]:\(server.port) \(words[0]) \(words[1])\n"
        try place.placeAgent()
        let (host, options) = try place.finish(.libssh)
        let coordinator = try TestCoordinator([host], scratch: place.scratch, options: options)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
    }

    /// What the files say of a key when no server shows it.
    @Test func `known hosts are read as ssh reads them`() throws {
        let scratch = try Scratch()
        for name in ["this", "that"] {
            try ChildProgram.run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", scratch.path(name))
        }
        let keys = ["this", "that"].map { name in
            (scratch.read(name + ".pub") ?? "").split(separator: " ").prefix(2).joined(separator: " ")
        }
        let blob = try #require(SSHKeyFile(scratch.path("this")).publicBlob)
        try scratch.write("[box.lab]:2222 \(keys[0])\n", "hashed")
        try ChildProgram.run("/usr/bin/ssh-keygen", "-q", "-H", "-f", scratch.path("hashed"))
        let cases: [(text: String, verdict: KnownHosts.Verdict)] = [
            ("", .unknown), ("[box.lab]:2222 \(keys[0])", .known), ("box.lab \(keys[0])", .known),
            ("box.lab \(keys[1])", .unknown), ("BOX.lab,[Box.Lab]:2222 \(keys[0])", .known),
            (scratch.read("hashed") ?? "", .known), ("[*.lab]:22?2 \(keys[0])", .known),
            ("[*]:*,![box*]:* \(keys[0])", .unknown), ("other \(keys[0])", .unknown),
            ("[box.lab]:2222 \(keys[1])", .changed(["ssh-ed25519 at \(scratch.path("known")):1"])),
            ("[box.lab]:2222 \(keys[1])\n[box.lab]:2222 \(keys[0])", .known),
            ("[box.lab]:2222 \(keys[0])\n\n@revoked * \(keys[0])", .revoked(at: "\(scratch.path("known")):3")),
            ("@revoked\tother \(keys[0])\n\t[box.lab]:2222\t\(keys[0]) a comment\r\n", .known),
            ("@cert-authority * \(keys[0])", .unknown), ("@later [box.lab]:2222 \(keys[0])", .unknown),
            ("# [box.lab]:2222 \(keys[0])", .unknown), ("[box.lab]:2222 ssh-rsa \(keys[0].dropFirst(12))", .unknown),
            ("|1|bad|worse \(keys[0])\n[box.lab]:2222", .unknown),
        ]
        var settings = SSHSettings(target: "box")
        settings.address = "Box.lab"
        settings.port = 2222
        for (text, verdict) in cases {
            try scratch.write(text, "known")
            let known = KnownHosts(files: ["/nowhere", scratch.path("known")])
            #expect(known.verdict(on: blob, of: settings) == verdict, "\(text)")
        }
        settings.hostKeyAlias = "Cluster"
        try scratch.write("cluster \(keys[0])\n", "known")
        #expect(KnownHosts(files: [scratch.path("known")]).verdict(on: blob, of: settings) == .known)
    }

    /// The values are those of RFC 2202.
    @Test func `HMAC-SHA1 is the standard's`() {
        func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }
        #expect(
            hex(KeyedSHA1.digest(of: Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8)))
                == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
        #expect(
            hex(
                KeyedSHA1.digest(
                    of: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                    key: [UInt8](repeating: 0xaa, count: 80))) == "aa4ae5e15272d00e95705637ce8a3b55ed402112")
    }
}

extension SSHServer {
    /// The kind and the key, as they end a known-hosts line.
    fileprivate func keyText(_ key: String = "hostkey") -> String {
        knownLine(key).split(separator: " ").dropFirst().joined(separator: " ")
    }

    /// A known-hosts line with a key of another kind than the server has.
    fileprivate func otherKind() throws -> String {
        let path = scratch.path("ecdsa")
        try ChildProgram.run("/usr/bin/ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", path)
        let words = (scratch.read("ecdsa.pub") ?? "").split(separator: " ")
        return "[127.0.0.1]:\(port) \(words[0]) \(words[1])\n"
    }
}
