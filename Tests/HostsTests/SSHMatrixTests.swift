import CPosix
import Foundation
import SweepModel
import Testing

@testable import RemoteHosts

/// SSH as people set it up, over both transports, against real servers.
@Suite(
    .serialized, .enabled(if: SSHServer.isAvailable, "needs openssh-server and openssh-client"),
    .enabled(if: ProcessInfo.processInfo.environment["EIGENSWEEP_SLOW_TESTS"] != nil, "slow: dozens of servers"))
struct SSHMatrixTests {
    private func connects(_ scenario: SSHScenario, _ transport: HostSpec.Transport) throws {
        var place = SSHScenario.Place(scratch: try Scratch())
        defer { for process in place.processes { kill(process, SIGTERM) } }
        try scenario.build(&place)
        if !scenario.bringsAgent { try place.placeAgent() }
        let (host, options) = try place.finish(transport)
        let notes = NoteBook()
        let coordinator = try TestCoordinator([host], scratch: place.scratch, options: options, interaction: notes)
        defer { coordinator.close() }
        do { try coordinator.waitForConnection() } catch {
            throw Refused(error: "\(error)", logs: place.servers.map(\.log))
        }
        #expect(coordinator.reports.failures.isEmpty)
        #expect(
            notes.words.contains { $0.contains("reached by the ssh program") }
                == (scenario.needsProgram && transport == .libssh), "\(notes.words)")
    }

    struct Refused: Error { let error: String, logs: [String] }

    @Test(arguments: SSHScenario.all, [HostSpec.Transport.libssh, .ssh])
    func `the host is reached`(_ scenario: SSHScenario, _ transport: HostSpec.Transport) throws {
        try connects(scenario, transport)
    }

    @Test(.enabled(if: SSHServer.hasIPv6, "no IPv6 here"), arguments: [HostSpec.Transport.libssh, .ssh])
    func `the host is reached over IPv6`(_ transport: HostSpec.Transport) throws {
        try connects(.overIPv6, transport)
    }

    @Test(arguments: [HostSpec.Transport.libssh, .ssh])
    func `the key of every hop is verified`(_ transport: HostSpec.Transport) throws {
        // Whichever hop's key is unknown or another one, the host is not reached.
        for hop in ["one", "two", "far"] {
            for isChanged in [false, true] {
                var place = SSHScenario.Place(scratch: try Scratch())
                let servers = try ["one", "two", "far"].map { ($0, try place.serve($0)) }
                for (name, server) in servers {
                    place.add(name, server, name == "far" ? "ProxyJump one,two" : "")
                    guard name == hop else { continue }
                    place.known = place.known.replacingOccurrences(
                        of: server.knownLine(), with: isChanged ? server.knownLine("otherkey") : "")
                }
                let (host, options) = try place.finish(transport)
                let coordinator = try TestCoordinator([host], scratch: place.scratch, options: options)
                defer { coordinator.close() }
                let failure = try #require(try coordinator.wait("refusal") { !$0.failures.isEmpty }.failures.first)
                #expect(failure.kind == (isChanged ? .hostKeyChanged : .hostKeyUnknown), "\(hop): \(failure)")
                #expect(!place.scratch.exists("host/eigensweep-agent"))
            }
        }
    }

    @Test(arguments: [HostSpec.Transport.libssh, .ssh])
    func `new keys of all hops are accepted on request`(_ transport: HostSpec.Transport) throws {
        var place = SSHScenario.Place(scratch: try Scratch())
        for name in ["one", "two", "far"] {
            place.add(name, try place.serve(name), name == "far" ? "ProxyJump one,two" : "")
        }
        place.known = ""
        var (host, options) = try place.finish(transport)
        options.acceptNewHostKeys = true
        let trusting = try TestCoordinator([host], scratch: place.scratch, options: options)
        try trusting.waitForConnection()
        trusting.close()
        host.directory += "2"
        options.acceptNewHostKeys = false
        let later = try TestCoordinator([host], scratch: place.scratch, generation: 2, options: options)
        defer { later.close() }
        try later.waitForConnection()
    }

    @Test(arguments: [HostSpec.Transport.libssh, .ssh])
    func `a login shell that prints without end is given up in words`(_ transport: HostSpec.Transport) throws {
        let server = try SSHServer(try Scratch(), extra: "ForceCommand yes no")
        let coordinator = try TestCoordinator(
            [server.host(transport)], scratch: server.scratch, options: server.options)
        defer { coordinator.close() }
        let failure = try #require(try coordinator.wait("refusal") { !$0.failures.isEmpty }.failures.first)
        #expect(failure.message.contains("prints without end"))
    }

    @Test func `without an ssh program libssh reads the configuration`() throws {
        var place = SSHScenario.Place(scratch: try Scratch())
        place.add("far", try place.serve())
        let (host, options) = try place.finish(.libssh)
        let settings = try SSHSettings.resolve(host, options, ssh: nil)
        #expect(settings.port == place.servers[0].port)
        #expect(settings.address == "127.0.0.1")
        #expect(settings.identities.first == place.servers[0].path("userkey"))
        #expect(settings.knownHosts == [place.scratch.path("known")])
    }
}
