import CPosix
import Foundation
import SweepModel
import Testing

@testable import RemoteHosts

/// SSH agents that do not behave. Key files reach hosts without them, within seconds.
@Suite(.serialized, .enabled(if: SSHServer.isAvailable, "needs openssh-server and openssh-client"))
struct SSHAgentTests {
    enum Behaviour: String, CaseIterable, Sendable { case mute, full, gone, closing, garbage, endless, cut }

    /// A socket at `path` behind which something behaves like this until its descriptor is closed.
    private func listen(_ path: String, _ behaviour: Behaviour) throws -> Int32 {
        if behaviour == .gone { return -1 }
        let listener = posix_listen_local(path)
        #expect(listener >= 0)
        switch behaviour {
        case .mute, .gone: break
        case .full:
            // Callers fill the queue of connections that wait.
            for _ in 0..<100_000 where posix_try_connect_local(path) < 0 {
                #expect(errno == EAGAIN)
                return listener
            }
        case .closing, .garbage, .endless, .cut:
            let answer: [UInt8] =
                switch behaviour {
                case .garbage: Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)
                case .endless: [255, 255, 255, 255, 12]
                case .cut: [0, 0, 0, 20, 12, 0, 0, 0, 1, 0]
                default: []
                }
            Thread {
                while true {
                    var polled = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
                    guard poll(&polled, 1, 20_000) > 0, polled.revents & Int16(POLLNVAL) == 0 else { return }
                    let caller = accept(listener, nil, nil)
                    guard caller >= 0 else { continue }
                    send(caller, answer, answer.count, Int32(MSG_NOSIGNAL))
                    if behaviour == .closing { close(caller) }
                }
            }.start()
        }
        return listener
    }

    @Test(arguments: [Behaviour.gone, .closing, .garbage, .endless])
    func `an agent that talks nonsense is passed over`(_ behaviour: Behaviour) throws {
        try reaches(behaviour, .libssh, within: 15)
    }

    @Test(
        .enabled(if: ProcessInfo.processInfo.environment["EIGENSWEEP_SLOW_TESTS"] != nil, "slow: it is waited for"),
        arguments: [Behaviour.mute, .full, .cut], [HostSpec.Transport.libssh, .ssh])
    func `an agent that does not answer is waited for a while and passed over`(
        _ behaviour: Behaviour, _ transport: HostSpec.Transport
    ) throws {
        try reaches(behaviour, transport, within: 40)
    }

    private func reaches(_ behaviour: Behaviour, _ transport: HostSpec.Transport, within seconds: Double) throws {
        var place = SSHScenario.Place(scratch: try Scratch())
        let socket = place.scratch.path("mute")
        let listener = try listen(socket, behaviour)
        defer { if listener >= 0 { close(listener) } }
        place.add("far", try place.serve(), "IdentityAgent \(socket)")
        try place.placeAgent()
        let (host, options) = try place.finish(transport)
        let notes = NoteBook()
        let coordinator = try TestCoordinator([host], scratch: place.scratch, options: options, interaction: notes)
        defer { coordinator.close() }
        try coordinator.wait(seconds: seconds, "connected") {
            $0.contains { if case .connected = $0 { true } else { false } }
        }
        #expect(notes.words.contains { $0.contains(socket) } == (behaviour != .gone), "\(notes.words)")
    }
}
