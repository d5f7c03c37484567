import CPowerLoss
import ContentStore
import Foundation
import JobContract
import Testing

@testable import Supervision

/// An agent knows after a loss of power what it has accepted or remembered. Only what was synchronised is left then.
@Suite(.serialized) struct AgentPowerLossTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch.path("disk"), withIntermediateDirectories: true)
    }

    private func place(_ disk: String) throws -> AgentPlace {
        try AgentPlace(directory: scratch.path("\(disk)/home"), catalogue: "test", machine: "machine")
    }

    /// The table of an agent that begins.
    private func begun(_ place: AgentPlace) throws -> AttemptTable {
        try place.makeDirectories()
        let table = AttemptTable(place: place, store: try ContentStore(directory: place.store))
        try table.load()
        return table
    }

    private func order(_ attempt: Int) -> AgentOrder {
        AgentOrder(
            attempt: AttemptNumber(attempt), job: JobID(Digest(of: "job \(attempt)".utf8)),
            text: JobText(bytes: Array("{}".utf8)), inputs: [], output: 0, command: ["worker"], uploads: [:])
    }

    private func isAccepted(_ attempt: Int, among news: [AgentMessage]) -> Bool {
        news.contains { if case .accepted(AttemptNumber(attempt)) = $0 { true } else { false } }
    }

    /// Waits until the next synchronisation is done, and returns what the agent tells then.
    private func settled(_ table: AttemptTable) throws -> [AgentMessage] {
        var news: [AgentMessage] = []
        try scratch.waitUntil("an order is settled") {
            try? table.settleOrders()
            news += table.takeNews()
            return !news.isEmpty
        }
        return news
    }

    private func accept(_ attempt: Int, in table: AttemptTable) throws {
        #expect(try table.start(order(attempt)) == nil)
        table.writeOrders()
        #expect(isAccepted(attempt, among: try settled(table)))
    }

    /// Does `body`, and returns the place where an agent begins after a loss of power.
    private func afterLoss(_ body: (AgentPlace) throws -> Void) throws -> AgentPlace {
        let disk = try #require(power_loss_watch(scratch.path("disk")))
        defer { power_loss_end(disk) }
        try body(place("disk"))
        #expect(power_loss_restore(disk, scratch.path("left")) == 0)
        return try place("left")
    }

    @Test func anAcceptedOrderIsKnown() throws {
        let left = try afterLoss { place in
            let table = try begun(place)
            for attempt in 1...3 { try accept(attempt, in: table) }
        }
        #expect(try begun(left).held.map(\.attempt) == [1, 2, 3].map { AttemptNumber($0) })
    }

    /// The next agent writes the journal anew, and goes on in the new file.
    @Test func whatWasAcceptedByTwoAgentsIsKnown() throws {
        let left = try afterLoss { place in
            try accept(1, in: begun(place))
            let second = try begun(place)
            try accept(2, in: second)
            try second.rewriteJournal()
            try accept(3, in: second)
        }
        #expect(try begun(left).held.map(\.attempt) == [1, 2, 3].map { AttemptNumber($0) })
    }

    /// The synchronisation of an earlier order says nothing of a later one.
    @Test func anOrderIsNotAcceptedWithAnEarlierOne() throws {
        let left = try afterLoss { place in
            let table = try begun(place)
            #expect(try table.start(order(1)) == nil)
            table.writeOrders()
            #expect(try table.start(order(2)) == nil)
            let news = try settled(table)
            #expect(isAccepted(1, among: news) && !isAccepted(2, among: news))
            #expect(table.held.map(\.attempt) == [AttemptNumber(1)])
        }
        #expect(try begun(left).held.map(\.attempt) == [AttemptNumber(1)])
    }

    @Test func theCoordinatorIsRemembered() throws {
        func memory(_ generation: Int) throws -> CoordinatorMemory {
            try JSONText.decode(
                CoordinatorMemory.self,
                from: Array(#"{"generation":\#(generation),"nonce":"abcd","environment":{},"threads":1}"#.utf8))
        }
        let left = try afterLoss { place in
            try place.makeDirectories()
            try memory(1).save(place)
            try memory(2).save(place)
        }
        #expect(try CoordinatorMemory.load(left) == memory(2))
    }
}
