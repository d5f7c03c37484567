import CPosix
import Foundation
import JobContract
import SweepModel
import Testing

@testable import RemoteHosts

/// A catalogue was copied: two coordinators with one name come to one host.
@Suite(.serialized)
struct CopiedCatalogueTests {
    private func start(_ generation: Int, _ nonce: String) -> CoordinatorStart {
        CoordinatorStart(generation: generation, nonce: nonce)
    }

    private func coordinator(
        _ scratch: Scratch, _ starts: [CoordinatorStart], at place: CataloguePlace? = nil,
        options: ConnectionOptions = .quick, store: String
    ) throws -> TestCoordinator {
        try TestCoordinator(
            [scratch.localHost()], scratch: scratch, generation: starts.map(\.generation).max() ?? 1, starts: starts,
            place: place, options: options, store: store)
    }

    private func place(_ name: String, file: UInt64) -> CataloguePlace {
        CataloguePlace(machine: "m", host: "laptop", path: "/\(name)/catalogue.sqlite", file: file)
    }

    private func refusal(of coordinator: TestCoordinator) throws -> String {
        try #require(try coordinator.wait("refusal") { !$0.failures.isEmpty }.failures.first).message
    }

    @Test func `a host stays with the original while that works, whoever else remembers its start`() throws {
        let scratch = try Scratch()
        let starts = [start(1, "original")]
        let original = try coordinator(scratch, starts, at: place("original", file: 1), store: "original")
        try original.waitForConnection()
        // The copy was made while the original ran, and started later: only its place tells it apart.
        let later = starts + [start(2, "copy")]
        let copy = try coordinator(scratch, later, at: place("copy", file: 2), store: "copy")
        let words = try refusal(of: copy)
        for expected in ["/original/catalogue.sqlite on laptop", "heard last at 20", "doctor --separate"] {
            #expect(words.contains(expected), "\(words)")
        }
        copy.close()
        #expect(original.reports.failures.isEmpty)
        // The file is the same where it was moved, or is seen from another machine.
        let moved = try coordinator(scratch, later, at: place("moved", file: 1), store: "moved")
        try moved.waitForConnection()
        moved.close()
        original.close()
        // A coordinator that ends in order leaves the host to whoever comes next.
        let next = try coordinator(scratch, later + [start(3, "next")], at: place("copy", file: 2), store: "copy")
        defer { next.close() }
        try next.waitForConnection()
    }

    @Test func `a host whose original was killed is free after a lease, whatever became of the agent`() throws {
        let scratch = try Scratch()
        var options = ConnectionOptions.quick
        options.leaseSeconds = 4
        let starts = [start(1, "original")]
        var silent = options
        // The coordinator never comes back, as if it had been killed.
        (silent.firstRetrySeconds, silent.lastRetrySeconds) = (3600, 3600)
        let original = try coordinator(
            scratch, starts, at: place("original", file: 1), options: silent, store: "original")
        defer { original.close() }
        try original.waitForConnection()
        #expect(scratch.agents.count == 1)
        for pid in scratch.agents { kill(pid, SIGKILL) }
        try original.wait("the end of its connection") { !$0.failures.isEmpty }
        let killed = Date()
        let later = starts + [start(2, "copy")]
        let early = try coordinator(scratch, later, at: place("copy", file: 2), options: options, store: "copy")
        #expect(try refusal(of: early).contains("the host is free in"))
        early.close()
        Thread.sleep(forTimeInterval: max(0, 6 - Date().timeIntervalSince(killed)))
        let late = try coordinator(scratch, later, at: place("copy", file: 2), options: options, store: "copy")
        defer { late.close() }
        try late.waitForConnection()
    }

    /// After it was copied the original may have recorded events that the copy was not told.
    @Test func `a coordinator from another place is told everything again, whatever became of the agent`() throws {
        let scratch = try Scratch()
        let starts = [start(1, "original")]
        let original = try coordinator(scratch, starts, at: place("original", file: 1), store: "original")
        try original.waitForConnection()
        let script = "started; echo ours > a; checkpoint 100 a; finished"
        original.send(.start(try ScriptedWorker.order(1, in: original.store, script)), to: "here")
        #expect(try original.waitForEnd() == .exited(code: 0))
        let told = original.reports.events()
        original.send(.acknowledge(AttemptNumber(1), offset: try #require(told.last).end), to: "here")
        original.close()

        for (number, name) in ["copy", "copy of the copy"].enumerated() {
            let later = starts + (0...number).map { start(2 + $0, "start \($0)") }
            let copy = try coordinator(scratch, later, at: place(name, file: UInt64(2 + number)), store: "copy")
            #expect(try copy.waitForEnd() == .exited(code: 0))
            #expect(copy.reports.events().map(\.event) == told.map(\.event))
            copy.send(.acknowledge(AttemptNumber(1), offset: try #require(told.last).end), to: "here")
            copy.close()
            for pid in scratch.agents { kill(pid, SIGKILL) }
        }
    }

    @Test func `a copy that went its own way is refused, and neither loses or doubles a result`() throws {
        let scratch = try Scratch()
        // Both remember start 1; each then starts by itself.
        let common = start(1, "common")
        let original = try coordinator(scratch, [common, start(2, "original")], store: "original")
        try original.waitForConnection()
        let script = "echo 1 >> $SCRATCH/runs; started; await go; echo ours > a; checkpoint 100 a; finished"
        original.send(.start(try ScriptedWorker.order(1, in: original.store, script)), to: "here")
        try original.wait("started") { $0.events().count == 1 }

        // One copy has the same number of start, another a larger one; neither remembers the original's starts.
        for starts in [[common, start(2, "copy")], [common, start(2, "copy"), start(3, "copy again")]] {
            let copy = try coordinator(scratch, starts, store: "copy")
            defer { copy.close() }
            let failure = try #require(try copy.wait("refusal") { !$0.failures.isEmpty }.failures.first)
            #expect(failure.kind == .protocolViolation)
            #expect(failure.message.contains("another copy of this catalogue"))
            #expect(copy.reports.held().isEmpty && copy.reports.events().isEmpty)
        }

        // The original goes on, and so does its successor, which remembers it.
        original.close()
        let successor = try coordinator(
            scratch, [common, start(2, "original"), start(3, "later")], store: "original")
        defer { successor.close() }
        try successor.waitForConnection()
        #expect(successor.reports.held().map(\.attempt) == [AttemptNumber(1)])
        try scratch.write("", "go")
        #expect(try successor.waitForEnd() == .exited(code: 0))
        #expect(successor.reports.events().last?.event == .finished)
        #expect(scratch.read("runs") == "1\n")
    }

    @Test func `a coordinator that remembers no earlier starts is known by its number alone`() throws {
        let scratch = try Scratch()
        let first = try coordinator(scratch, [start(4, "a")], store: "one")
        try first.waitForConnection()
        first.close()
        let older = try coordinator(scratch, [start(3, "b")], store: "one")
        defer { older.close() }
        let failure = try #require(try older.wait("refusal") { !$0.failures.isEmpty }.failures.first)
        #expect(failure.message.contains("later coordinator"))
        let later = try coordinator(scratch, [start(5, "c")], store: "one")
        defer { later.close() }
        try later.waitForConnection()
    }
}
