import CPosix
import Foundation
import RemoteHosts
import SweepModel
import Testing

/// One way in which people have their SSH set up: a server and the configuration that leads to it.
struct SSHScenario: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// Whether only the `ssh` program can do it, for a host whose transport is libssh too.
    var needsProgram = false
    var bringsAgent = false
    let build: @Sendable (inout Place) throws -> Void

    /// Collects what a scenario is made of. Its configuration calls the host `far`.
    struct Place {
        let scratch: Scratch
        var servers: [SSHServer] = []
        /// Lines of the SSH configuration.
        var lines: [String] = []
        /// Lines of the known-hosts file of the configuration.
        var known = ""
        var processes: [pid_t] = []

        mutating func serve(
            _ name: String = "target", _ extra: String = "", address: String = "127.0.0.1"
        ) throws -> SSHServer {
            let server = try SSHServer(scratch, extra: extra, named: name, address: address)
            servers.append(server)
            return server
        }

        /// The lines by which `alias` leads to a server.
        func entry(_ alias: String, _ server: SSHServer, _ more: String...) -> String {
            (["Host \(alias)", "HostName \(server.address)", "Port \(server.port)"] + more).joined(separator: "\n  ")
        }

        /// The ordinary entry with key and known host.
        mutating func add(_ alias: String, _ server: SSHServer, _ more: String...) {
            lines.append(entry(alias, server, "IdentityFile \(server.path("userkey"))", more.joined(separator: "\n  ")))
            known += server.knownLine()
        }

        /// Starts an SSH agent with these keys, and returns the path of its socket.
        mutating func agent(_ keys: [String]) throws -> String {
            let socket = scratch.path("agent")
            processes.append(try KeyAgent.start(socket, keys: keys, in: scratch))
            return socket
        }

        /// Places the agent beforehand: other tests are about bringing it.
        func placeAgent() throws {
            try FileManager.default.createDirectory(
                atPath: scratch.path("host"), withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: scratch.path("host/eigensweep-agent"), withDestinationPath: TestPrograms.agent)
        }

        /// Writes the configuration, and a host that it leads to.
        func finish(_ transport: HostSpec.Transport) throws -> (HostSpec, ConnectionOptions) {
            try scratch.write(known, "known")
            let all = ["Host *", "  UserKnownHostsFile \(scratch.path("known"))", "  GlobalKnownHostsFile /dev/null"]
            // ssh takes the first setting it finds, so what a scenario says of known hosts comes before.
            try scratch.write((lines + all).joined(separator: "\n") + "\n", "ssh_config")
            var options = ConnectionOptions.quick
            options.sshConfig = scratch.path("ssh_config")
            return (HostSpec(name: "far", transport: transport, directory: scratch.path("host"), slots: 1), options)
        }
    }
}

extension SSHScenario {
    init(
        _ name: String, needsProgram: Bool = false, bringsAgent: Bool = false,
        _ build: @escaping @Sendable (inout Place) throws -> Void
    ) {
        self.init(testDescription: name, needsProgram: needsProgram, bringsAgent: bringsAgent, build: build)
    }

    static let all: [SSHScenario] = [
        SSHScenario("Include and Match") { place in
            let server = try place.serve()
            try place.scratch.write("Match host \(server.address)\n  Port \(server.port)\n", "more")
            place.lines = [
                "Host far", "  HostName \(server.address)", "  IdentityFile \(server.path("userkey"))",
                "Include \(place.scratch.path("more"))",
            ]
            place.known = server.knownLine()
        },
        SSHScenario("IdentitiesOnly past an agent full of other keys") { place in
            let server = try place.serve("target", "MaxAuthTries 2")
            let others = try (1...4).map { number -> String in
                let path = place.scratch.path("other\(number)")
                try ChildProgram.run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path)
                return path
            }
            let socket = try place.agent(others)
            place.add("far", server, "IdentitiesOnly yes", "IdentityAgent \(socket)")
        },
        SSHScenario("a key of IdentityAgent named by its public part") { place in
            let server = try place.serve()
            let socket = try place.agent([server.path("strangerkey"), server.path("userkey")])
            try FileManager.default.removeItem(atPath: server.path("userkey"))
            place.add("far", server, "IdentitiesOnly yes", "IdentityAgent \(socket)")
        },
        SSHScenario("IdentityAgent and no key file") { place in
            let server = try place.serve()
            let socket = try place.agent([server.path("userkey")])
            place.lines = [place.entry("far", server, "IdentityAgent \(socket)", "IdentityFile /nowhere")]
            place.known = server.knownLine()
        },
        SSHScenario("a certificate beside the key") { place in
            let server = try place.serveWithAuthority()
            place.add("far", server)
        },
        SSHScenario("a certificate by CertificateFile") { place in
            let server = try place.serveWithAuthority()
            let elsewhere = place.scratch.path("certificate")
            try FileManager.default.moveItem(atPath: server.path("userkey-cert.pub"), toPath: elsewhere)
            place.add("far", server, "CertificateFile \(elsewhere)")
        },
        SSHScenario("a host certificate", needsProgram: true) { place in
            let server = try place.serve(
                "target", "HostCertificate \(place.scratch.path("target-hostkey-cert.pub"))")
            try ChildProgram.run(
                "/usr/bin/ssh-keygen", "-q", "-s", server.path("otherkey"), "-I", "host", "-h", "-n", server.address,
                server.path("hostkey.pub"))
            // sshd reads its certificate when it starts.
            try server.restart()
            place.add("far", server)
            place.known = server.knownLine("otherkey", as: "@cert-authority *")
        },
        SSHScenario("HostKeyAlias") { place in
            let server = try place.serve()
            place.add("far", server, "HostKeyAlias the-cluster")
            place.known = server.knownLine(as: "the-cluster")
        },
        SSHScenario("several known-hosts files") { place in
            let server = try place.serve()
            let (first, second) = (place.scratch.path("first"), place.scratch.path("second"))
            try place.scratch.write(server.knownLine(as: "[192.0.2.1]:22"), "first")
            try place.scratch.write(server.knownLine(), "second")
            place.add("far", server, "UserKnownHostsFile \(first) \(second)")
            place.known = ""
        },
        SSHScenario("ProxyJump") { place in
            let (head, server) = (try place.serve("head"), try place.serve())
            place.add("head", head)
            place.add("far", server, "ProxyJump head")
        },
        SSHScenario("ProxyJump over three hops") { place in
            let hops = try ["one", "two", "three"].map { try place.serve($0) }
            let server = try place.serve()
            for (name, hop) in zip(["one", "two", "three"], hops) { place.add(name, hop) }
            place.add("far", server, "ProxyJump one,two,three")
        },
        SSHScenario("ProxyJump to a host that has a ProxyJump") { place in
            let (outer, inner, server) = (try place.serve("outer"), try place.serve("inner"), try place.serve())
            place.add("outer", outer)
            place.add("inner", inner, "ProxyJump outer")
            place.add("far", server, "ProxyJump inner")
        },
        SSHScenario("ProxyCommand") { place in
            let (head, server) = (try place.serve("head"), try place.serve())
            place.add("head", head)
            place.add("far", server, "ProxyCommand ssh -F \(place.scratch.path("ssh_config")) -W [%h]:%p head")
        },
        SSHScenario("AddressFamily and BindAddress") { place in
            place.add("far", try place.serve(), "AddressFamily inet", "BindAddress 127.0.0.1")
        },
        SSHScenario("Ciphers", needsProgram: true) { place in
            place.add("far", try place.serve("target", "Ciphers aes256-ctr"), "Ciphers aes256-ctr")
        },
        SSHScenario("compression, forwardings, a remote command and a multiplexed connection") { place in
            place.add(
                "far", try place.serve(), "Compression yes", "LocalForward 1 localhost:1", "RemoteCommand false",
                "RequestTTY force", "ForwardAgent yes", "ControlMaster auto",
                "ControlPath \(place.scratch.path("master"))", "ControlPersist yes")
        },
        SSHScenario("a banner before the login") { place in
            try place.scratch.write(String(repeating: "Authorized use only.\n", count: 200), "banner")
            place.add("far", try place.serve("target", "Banner \(place.scratch.path("banner"))"))
        },
        SSHScenario("a login shell that prints much and takes a second", bringsAgent: true) { place in
            try place.scratch.write(
                "head -c 200000 /dev/zero | tr '\\0' x; sleep 1; eval \"$SSH_ORIGINAL_COMMAND\"\n", "login")
            place.add("far", try place.serve("target", "ForceCommand sh \(place.scratch.path("login"))"))
        },
        SSHScenario("no sftp, one session at a time", bringsAgent: true) { place in
            place.add("far", try place.serve("target", "MaxSessions 1"))
        },
    ]

    static let overIPv6 = SSHScenario("IPv6") { place in
        place.add("far", try place.serve("target", address: "::1"))
    }
}

extension SSHScenario.Place {
    /// Starts a server that knows no key, only the authority that signed the user's.
    mutating func serveWithAuthority() throws -> SSHServer {
        try ChildProgram.run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", scratch.path("authority"))
        let server = try serve("target", "TrustedUserCAKeys \(scratch.path("authority.pub"))")
        try scratch.write("", "target-authorized_keys")
        let user = NSUserName()
        try ChildProgram.run(
            "/usr/bin/ssh-keygen", "-q", "-s", scratch.path("authority"), "-I", "user", "-n", user,
            server.path("userkey.pub"))
        return server
    }
}
