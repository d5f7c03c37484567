import Foundation
import JobContract
import SweepModel
import TestSupport
import Testing

@testable import Supervision

/// What an agent knows survives it, and the next agent reads what is left of it on disk as it is.
@Suite(.serialized)
struct JournalTests {
    private static func lines() -> [[UInt8]] {
        [
            JournalRecord.acknowledged(AttemptNumber(1), offset: 100),
            .ended(AttemptNumber(1), .neverStarted(reason: "a\nb")), .released(AttemptNumber(1)),
        ].map(JournalText.line)
    }

    private func offset(_ record: JournalRecord?) -> Int? {
        if case .acknowledged(_, let offset)? = record { offset } else { nil }
    }

    @Test func `a journal cut at any byte is read up to its last whole line`() throws {
        let lines = Self.lines()
        let all = lines.flatMap { $0 }
        for length in 0...all.count {
            let text = JournalText(Array(all[..<length]))
            var whole = 0
            var count = 0
            while count < lines.count, whole + lines[count].count <= length {
                whole += lines[count].count
                count += 1
            }
            #expect(text.records.count == count)
            #expect(text.end == whole)
            #expect(text.unreadable.isEmpty)
        }
    }

    @Test func `every record is read as it was written`() throws {
        let order = AgentOrder(
            attempt: AttemptNumber(7), job: JobID(Digest(of: [1])), text: JobText(bytes: Array(#"{"a":[1,"b"]}"#.utf8)),
            inputs: [Digest(of: [2]), Digest(of: [3])], output: 5, command: ["./w \"", ""],
            uploads: ["w": Digest(of: [4]), "ü": Digest(of: [5])], gpus: 2)
        let ends: [AttemptEnd] = [
            .exited(code: -1), .signalled(signal: 9), .vanished, .stopped(.noSpace, exit: -9),
            .stopped(.cancelled, exit: nil), .neverStarted(reason: "no \"room\"\n"),
        ]
        let process = ProcessIdentity(boot: "b", pid: 7, start: .max / 2)
        let records: [JournalRecord] =
            [
                .ordered(order, boot: "boot"), .started(AttemptNumber(7), process),
                .acknowledged(AttemptNumber(7), offset: 100), .released(AttemptNumber(7)),
                .stopping(AttemptNumber(7), .misbehaved),
            ] + ends.map { .ended(AttemptNumber(7), $0) }
        let text = JournalText(records.flatMap(JournalText.line))
        #expect(text.records == records && text.unreadable.isEmpty)
    }

    @Test func `a damaged line between others is kept and costs no other`() throws {
        var lines = Self.lines()
        lines[1][20] ^= 1
        let text = JournalText(lines.flatMap { $0 })
        #expect(text.records.count == 2)
        #expect(text.unreadable == [Array(lines[1].dropLast())])
        // At the end of the journal such a line was being written.
        let torn = JournalText((lines[0] + lines[1]))
        #expect(torn.records.count == 1 && torn.unreadable.isEmpty && torn.end == lines[0].count)
    }

    @Test func `random bytes never crash the reading of a journal`() throws {
        var random = SeededRandom()
        let all = Self.lines().flatMap { $0 }
        for _ in 0..<2000 {
            var bytes = all
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            #expect(JournalText(bytes).records.count <= 8)
        }
    }

    private func connections(_ reports: [HostReport]) -> Int {
        reports.count { if case .connected = $0 { true } else { false } }
    }

    @Test func `the next agent knows attempts that run, wait and have ended`() throws {
        let scratch = try Scratch()
        let first = try TestCoordinator([scratch.localHost(slots: 1)], scratch: scratch)
        try first.waitForConnection()
        let scripts = [
            "started; finished", "started; finished", "started; echo 3 >> $SCRATCH/order; await go; finished",
            "started; echo 4 >> $SCRATCH/order; finished", "started; echo 5 >> $SCRATCH/order; finished",
        ]
        for (index, script) in scripts.enumerated() {
            first.send(.start(try ScriptedWorker.order(index + 1, in: first.store, script)), to: "here")
        }
        #expect(try first.waitForEnd(2) == .exited(code: 0))
        try first.wait("the third runs, the fifth is taken") {
            $0.events(of: 3).count == 1 && $0.contains(.accepted(AttemptNumber(5)))
        }
        let told = first.reports.events(of: 2)
        first.send(.acknowledge(AttemptNumber(2), offset: told[0].end), to: "here")
        first.send(.release(AttemptNumber(1)), to: "here")
        try scratch.waitUntil("the first is forgotten") { scratch.journal.contains("released") }
        first.close()
        kill(try #require(scratch.agents.first), SIGKILL)
        let second = try TestCoordinator([scratch.localHost(slots: 1)], scratch: scratch, generation: 2)
        defer { second.close() }
        try second.waitForConnection()
        #expect(
            second.reports.held().map(\.state) == [.ended(.exited(code: 0)), .running, .backlog, .backlog])
        #expect(try second.waitForEnd(2) == .exited(code: 0))
        #expect(second.reports.events(of: 2).map(\.end) == told.dropFirst().map(\.end))
        // Nothing of attempts that are over is left in the journal with which the next agent begins.
        #expect(!scratch.journal.contains("released"))
        try scratch.write("", "go")
        for attempt in 3...5 { #expect(try second.waitForEnd(attempt) == .exited(code: 0)) }
        #expect(scratch.read("order") == "3\n4\n5\n")
    }

    @Test func `a journal torn by a loss of power is gone on with`() throws {
        let scratch = try Scratch()
        let coordinator = try TestCoordinator([scratch.localHost(slots: 1)], scratch: scratch)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        let script = "started; await go; finished"
        coordinator.send(.start(try ScriptedWorker.order(1, in: coordinator.store, script)), to: "here")
        try coordinator.wait("started") { $0.events().count == 1 }
        try scratch.editJournal { $0 + ["0123abcd {\"ordered\":"] }
        kill(try #require(scratch.agents.first), SIGKILL)
        try coordinator.wait("reconnection") { connections($0) == 2 }
        coordinator.send(.start(try ScriptedWorker.order(2, in: coordinator.store, "finished")), to: "here")
        try coordinator.wait("the next order is taken") { $0.contains(.accepted(AttemptNumber(2))) }
        try scratch.write("", "go")
        #expect(try coordinator.waitForEnd() == .exited(code: 0))
        #expect(try coordinator.waitForEnd(2) == .exited(code: 0))
    }
}
