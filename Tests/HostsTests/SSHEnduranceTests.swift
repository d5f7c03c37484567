import CPosix
import Foundation
import SweepModel
import Testing

@testable import RemoteHosts

/// Silence is noticed within the stated time, and many hosts do not storm one server.
@Suite(.serialized, .enabled(if: SSHServer.isAvailable, "needs openssh-server and openssh-client"))
struct SSHEnduranceTests {
    /// The options with silence noticed after two seconds in place of 45.
    private func impatient(_ options: ConnectionOptions) -> ConnectionOptions {
        var options = options
        options.connectSeconds = 1
        options.pingSeconds = 0.5
        options.silenceSeconds = 2
        return options
    }

    @Test(arguments: [HostSpec.Transport.libssh, .ssh])
    func `a server that takes the call and says nothing is given up`(_ transport: HostSpec.Transport) throws {
        let scratch = try Scratch()
        let port = try LoopbackPort.free("127.0.0.1")
        let mute = try port.listenMute()
        defer { close(mute) }
        try scratch.write("", "ssh_config")
        var options = impatient(.quick)
        options.sshConfig = scratch.path("ssh_config")
        let host = HostSpec(name: "far", transport: transport, address: "127.0.0.1", port: port.number)
        let coordinator = try TestCoordinator([host], scratch: scratch, options: options)
        defer { coordinator.close() }
        let failure = try #require(try coordinator.wait("refusal") { !$0.failures.isEmpty }.failures.first)
        #expect(failure.kind == .unreachable)
        #expect(failure.isTransient)
    }

    /// Which way of the cable is cut.
    enum Cut: CaseIterable { case toHost, fromHost, both }

    @Test(arguments: [HostSpec.Transport.libssh, .ssh], Cut.allCases)
    func `a cable that goes dead is noticed though nothing closes`(
        _ transport: HostSpec.Transport, _ cut: Cut
    ) throws {
        let server = try SSHServer(try Scratch())
        let cable = try TestCable(to: server.port)
        defer { cable.remove() }
        try server.scratch.write(server.knownLine(as: "[127.0.0.1]:\(cable.port)"), "known_hosts")
        var host = server.host(transport)
        host.port = cable.port
        let coordinator = try TestCoordinator([host], scratch: server.scratch, options: impatient(server.options))
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        let script = "started; await go; echo a > a; checkpoint 100 a; finished"
        coordinator.send(.start(try ScriptedWorker.order(1, in: coordinator.store, script)), to: "far")
        try coordinator.wait("started") { $0.events().count == 1 }
        cable.cut(toHost: cut != .fromHost, fromHost: cut != .toHost)
        try coordinator.wait("silence is noticed") { !$0.failures.isEmpty }
        #expect(coordinator.reports.failures.allSatisfy { $0.isTransient })
        cable.mend()
        try server.scratch.write("", "go")
        #expect(try coordinator.waitForEnd() == .exited(code: 0))
        #expect(coordinator.reports.events().last?.event == .finished)
    }

    /// The server counts: it would drop every connection beyond seven that it has not let in yet.
    @Test(arguments: [HostSpec.Transport.libssh, .ssh])
    func `many hosts behind one bastion do not trip its limit`(_ transport: HostSpec.Transport) throws {
        let scratch = try Scratch()
        let bastion = try SSHServer(scratch, extra: "MaxStartups 7:100:7", named: "bastion")
        let target = try SSHServer(scratch, named: "target")
        var place = SSHScenario.Place(scratch: scratch)
        place.add("bastion", bastion)
        place.add("far*", target, "ProxyJump bastion")
        try place.placeAgent()
        var (host, options) = try place.finish(transport)
        // Nobody connects twice: every host but the first is refused because it is the same machine.
        options.firstRetrySeconds = 100
        let hosts = (1...16).map { number in
            host.name = "far\(number)"
            return host
        }
        let coordinator = try TestCoordinator(hosts, scratch: scratch, options: options)
        defer { coordinator.close() }
        try coordinator.wait(seconds: 120, "every host") { reports in
            reports.failures.count + reports.count { if case .connected = $0 { true } else { false } } >= hosts.count
        }
        #expect(coordinator.reports.failures.allSatisfy { $0.kind == .duplicateMachine })
        let log = bastion.log
        #expect(log.components(separatedBy: "Accepted publickey").count - 1 >= hosts.count)
        #expect(!log.contains("drop connection") && !log.contains("MaxStartups"))
    }

    @Test func `pauses between tries grow, and no two hosts' are the same`() {
        var options = ConnectionOptions()
        options.firstRetrySeconds = 1
        options.lastRetrySeconds = 60
        var backOff = BackOff(options)
        let pauses = (0..<10).map { _ in backOff.next() }
        for (pause, most) in zip(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]) {
            #expect(pause <= Double(most) && pause >= Double(most) / 2)
        }
        var other = BackOff(options)
        #expect((0..<10).map { _ in other.next() } != pauses)
        backOff.reset()
        #expect(backOff.next() <= 1)
    }
}
