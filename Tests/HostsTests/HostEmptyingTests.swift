import Foundation
import Testing

@testable import Supervision

@Suite struct HostEmptyingTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Hosts with `machine: shared` have a directory each in one that is theirs together.
    @Test func `the last of the hosts that share a home leaves nothing of it`() throws {
        let places = try ["host-a", "host-b"].map {
            try AgentPlace(directory: scratch.path("home/machines/\($0)"), catalogue: "test", machine: "machine")
        }
        for place in places { try place.makeDirectories() }
        HostEmptying(places[0]).run()
        #expect(!scratch.exists("home/machines/host-a") && scratch.exists("home/machines/host-b"))
        HostEmptying(places[1]).run()
        #expect(!scratch.exists("home"))
    }

    @Test func `what is not ours stays`() throws {
        let place = try AgentPlace(
            directory: scratch.path("home/machines/host-a"), catalogue: "test", machine: "machine")
        try place.makeDirectories()
        try Data().write(to: URL(fileURLWithPath: scratch.path("home/machines/mine")))
        HostEmptying(place).run()
        #expect(!scratch.exists("home/machines/host-a") && scratch.exists("home/machines/mine"))
    }
}
