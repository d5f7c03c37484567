import CPosix
import Foundation
import SweepModel
import Testing

@testable import RemoteHosts

/// Servers allow few tries, so keys are offered in the order in which ssh offers them.
@Suite(.serialized, .enabled(if: SSHServer.isAvailable, "needs openssh-server and openssh-client"))
struct SSHKeyOrderTests {
    /// Which parts of the right key lie in files, beside the agent that has it.
    enum Kept: CaseIterable, Sendable { case both, publicPart, privatePart, privatePartUnderPassphrase }

    private func keys(_ names: [String], in scratch: Scratch, kind: String = "ed25519") throws -> [String] {
        try names.map { name in
            try ChildProgram.run("/usr/bin/ssh-keygen", "-q", "-t", kind, "-N", "", "-f", scratch.path(name))
            return scratch.path(name)
        }
    }

    @Test(
        .enabled(if: ProcessInfo.processInfo.environment["EIGENSWEEP_SLOW_TESTS"] != nil, "slow: many servers"),
        arguments: Kept.allCases, [HostSpec.Transport.libssh, .ssh])
    func `a key of the agent that IdentityFile names is offered before its others`(
        _ kept: Kept, _ transport: HostSpec.Transport
    ) throws {
        var place = SSHScenario.Place(scratch: try Scratch())
        defer { for process in place.processes { kill(process, SIGTERM) } }
        let server = try place.serve("target", "MaxAuthTries 2")
        let others = try keys((1...6).map { "other\($0)" }, in: place.scratch)
        let user = server.path("userkey")
        let socket = try place.agent(others + [user])
        switch kept {
        case .both: break
        case .publicPart: unlink(user)
        case .privatePart: unlink(user + ".pub")
        case .privatePartUnderPassphrase:
            try ChildProgram.run("/usr/bin/ssh-keygen", "-q", "-p", "-N", "secret", "-f", user)
            unlink(user + ".pub")
        }
        place.add("far", server, "IdentityAgent \(socket)")
        try place.placeAgent()
        let (host, options) = try place.finish(transport)
        let notes = NoteBook()
        let coordinator = try TestCoordinator([host], scratch: place.scratch, options: options, interaction: notes)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        #expect(notes.words.isEmpty)
    }

    @Test func `too many keys before the right one are told with those that were tried`() throws {
        var place = SSHScenario.Place(scratch: try Scratch())
        defer { for process in place.processes { kill(process, SIGTERM) } }
        let server = try place.serve("target", "MaxAuthTries 3")
        let socket = try place.agent(try keys((1...6).map { "other\($0)" }, in: place.scratch))
        place.add("far", server, "IdentityAgent \(socket)")
        let (host, options) = try place.finish(.libssh)
        let coordinator = try TestCoordinator([host], scratch: place.scratch, options: options)
        defer { coordinator.close() }
        let failure = try #require(try coordinator.wait("refusal") { !$0.failures.isEmpty }.failures.first)
        #expect(failure.kind == .authenticationFailed)
        #expect(failure.message.contains("IdentitiesOnly"))
    }

    /// Compares the order with the one that `ssh -v` announces, for random configurations.
    @Test func `keys are offered in the order of ssh`() throws {
        var place = SSHScenario.Place(scratch: try Scratch())
        defer { for process in place.processes { kill(process, SIGTERM) } }
        let server = try place.serve("target", "MaxAuthTries 1")
        var all = try keys((1...4).map { "key\($0)" }, in: place.scratch)
        all += try keys(["ecdsa"], in: place.scratch, kind: "ecdsa") + keys(["rsa"], in: place.scratch, kind: "rsa")
        unlink(all[1] + ".pub")
        try ChildProgram.run(
            "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place.scratch.path("authority"))
        for round in 0..<9 {
            // In later rounds keys have certificates beside them, and in still later ones these are named.
            if round >= 3 {
                try ChildProgram.run(
                    "/usr/bin/ssh-keygen", "-q", "-s", place.scratch.path("authority"), "-I", "user", "-n", "someone",
                    all[[0, 2, 3, 4, 5].randomElement() ?? 0] + ".pub")
            }
            let certificates = round < 7 ? [] : all.map { $0 + "-cert.pub" }.filter { access($0, R_OK) == 0 }
            let held = all.shuffled().prefix(round % 6)
            let files = Array(all.shuffled().prefix(3)) + [place.scratch.path("missing")]
            let onlyFiles = round % 2 == 1
            let socket = place.scratch.path("agent\(round)")
            place.processes.append(try KeyAgent.start(socket, keys: Array(held), in: place.scratch))
            let ssh = place.scratch.path("ssh\(round)")
            let configured =
                files.map { "IdentityFile \($0)\n" }.joined() + "IdentitiesOnly \(onlyFiles ? "yes" : "no")\n"
                + certificates.map { "CertificateFile \($0)\n" }.joined()
                + "IdentityAgent \(held.isEmpty ? "none" : socket)\n"
            try place.scratch.write(
                "Host far\nHostName 127.0.0.1\nPort \(server.port)\nUserKnownHostsFile \(server.path("known_hosts"))\n"
                    + configured, "config\(round)")
            _ = try? ChildProgram.run(
                "/usr/bin/ssh", "-v", "-E", ssh, "-F", place.scratch.path("config\(round)"), "-o", "BatchMode=yes",
                "far", "true")
            let announced = (place.scratch.read("ssh\(round)") ?? "").split(whereSeparator: \.isNewline).compactMap {
                line in
                line.components(separatedBy: "Will attempt key: ").dropFirst().first
            }
            let identities = held.isEmpty ? [] : try #require(SSHAgent(socket: socket).identities())
            let ours = SSHKeyOffer.ordered(
                files: files, certificates: certificates, held: identities, onlyFiles: onlyFiles)
            let offered = ours.compactMap { if case .certificate(let file, _) = $0 { file } else { nil } }
            let theirs = announced.filter { line in
                // ssh also offers certificates whose keys it does not have.
                !line.hasPrefix(place.scratch.path("missing"))
                    && !certificates.contains { line.hasPrefix($0) && !offered.contains($0) }
            }
            let usable = certificates.filter { file in
                (files + held).contains {
                    SSHKeyFile($0).publicBlob.map { SSHKeyFile.isCertificate(file, of: $0) } ?? false
                }
            }
            if !certificates.isEmpty { #expect(Set(offered) == Set(usable)) }
            #expect(theirs.count == ours.count && !theirs.isEmpty, "\(theirs) \(ours)")
            for (line, offer) in zip(theirs, ours) {
                switch offer {
                case .ofAgent(let identity, let name):
                    #expect(line.contains(" agent"), "\(theirs) \(ours)")
                    // A key that no file names is called by its comment, which is its file here.
                    let names = [name, name.replacingOccurrences(of: "-cert.pub", with: ""), identity.comment]
                    #expect(names.contains { line.hasPrefix($0 + " ") }, "\(theirs) \(ours)")
                    #expect(line.contains("-CERT ") == identity.type.contains("-cert-"), "\(theirs) \(ours)")
                case .certificate(let file, let key):
                    #expect(line.contains("-CERT ") && !line.contains(" agent"), "\(theirs) \(ours)")
                    #expect(line.hasPrefix(file + " ") || line.hasPrefix((key ?? file) + " "), "\(theirs) \(ours)")
                case .file(let path): #expect(line.hasPrefix(path + " ") && !line.contains(" agent"), "\(line)")
                }
            }
        }
    }
}
