import Foundation
import SweepModel
import Testing

@testable import RemoteHosts

/// Servers that libssh cannot speak to.
@Suite(.serialized, .enabled(if: SSHServer.isAvailable, "needs openssh-server and openssh-client"))
struct SSHAlgorithmTests {
    /// A server that lives as long as it is held, and a coordinator that connects to it.
    private func connect(_ extra: String, _ notes: NoteBook) throws -> (SSHServer, TestCoordinator) {
        var place = SSHScenario.Place(scratch: try Scratch())
        let server = try place.serve("target", extra)
        place.add("far", server)
        try place.placeAgent()
        let (host, options) = try place.finish(.libssh)
        return (
            server, try TestCoordinator([host], scratch: place.scratch, options: options, interaction: notes)
        )
    }

    @Test(arguments: [
        "KexAlgorithms sntrup761x25519-sha512@openssh.com", "MACs umac-128-etm@openssh.com\nCiphers aes256-ctr",
        "Ciphers chacha20-poly1305@openssh.com",
    ])
    func `such servers are reached by the ssh program`(_ extra: String) throws {
        let notes = NoteBook()
        let (server, coordinator) = try connect(extra, notes)
        defer { withExtendedLifetime(server) { coordinator.close() } }
        try coordinator.waitForConnection()
        #expect(coordinator.reports.failures.isEmpty)
        let isBeyond = !extra.contains("chacha20")
        #expect(notes.words.contains { $0.contains("transport: ssh") } == isBeyond, "\(notes.words)")
    }

    @Test func `a server that ssh cannot speak to either is given up in the words of ssh`() throws {
        // Servers offer this for old clients, and no client offers it unasked.
        let (server, coordinator) = try connect("KexAlgorithms diffie-hellman-group1-sha1", NoteBook())
        defer { withExtendedLifetime(server) { coordinator.close() } }
        let failure = try #require(try coordinator.wait("refusal") { !$0.failures.isEmpty }.failures.first)
        #expect(!failure.isTransient && failure.message.contains("diffie-hellman-group1-sha1"), "\(failure)")
    }
}
