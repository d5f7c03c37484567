import CPosix
import Foundation
import JobContract
import SweepModel
import Testing

@testable import RemoteHosts

/// A catalogue that was copied: two coordinators, one name, one host.
@Suite(.serialized)
struct CopiedCatalogueTests {
    private func start(_ generation: Int, _ nonce: String) -> CoordinatorStart {
        CoordinatorStart(generation: generation, nonce: nonce)
    }

    private func coordinator(
        _ scratch: Scratch, _ starts: [CoordinatorStart], store: String
    ) throws -> TestCoordinator {
        try TestCoordinator(
            [scratch.localHost()], scratch: scratch, generation: starts.map(\.generation).max() ?? 1, starts: starts,
            store: store)
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

        // The same number of start, and then a larger one: neither is the one that remembers.
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
