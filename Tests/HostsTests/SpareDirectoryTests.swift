import Foundation
import JobContract
import SweepModel
import Testing

/// An attempt's directory is emptied and given to a later one, unless somebody still writes to it.
@Suite(.serialized)
struct SpareDirectoryTests {
    /// Runs one attempt to its end and releases it, then another. Returns the last file that the second named.
    private func run(_ first: String, then second: String) throws -> (reports: [HostReport], file: String) {
        let scratch = try Scratch()
        let coordinator = try TestCoordinator([scratch.localHost(slots: 2)], scratch: scratch)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        func start(_ attempt: Int, _ script: String) throws {
            let order = try ScriptedWorker.order(attempt, in: coordinator.store, script)
            coordinator.send(.start(order), to: "here")
        }
        // While something runs, the agent keeps directories that may be used again.
        try start(1, "started; await go; finished")
        try start(2, first)
        #expect(try coordinator.waitForEnd(2) == .exited(code: 0))
        let end = try #require(coordinator.reports.events(of: 2).last?.end)
        coordinator.send(.acknowledge(AttemptNumber(2), offset: end), to: "here")
        coordinator.send(.release(AttemptNumber(2)), to: "here")
        try scratch.waitUntil("the attempt is forgotten") { scratch.journal.contains("released") }
        try start(3, second)
        #expect(try coordinator.waitForEnd(3) == .exited(code: 0))
        try scratch.write("", "go")
        #expect(try coordinator.waitForEnd(1) == .exited(code: 0))
        let file = try #require(coordinator.reports.events(of: 3).flatMap(\.event.files).last)
        let path = try #require(coordinator.store.location(of: file.digest))
        return (coordinator.reports, try String(contentsOfFile: path, encoding: .utf8))
    }

    @Test func `the next attempt gets the same directory and files, and finds nothing in them`() throws {
        let places = "stat -L -c %i . /proc/$$/fd/1 /proc/$$/fd/2"
        let (reports, file) = try run(
            "places=$(\(places)); echo \"$places\" > $SCRATCH/first; started; touch 'a b' .c; echo old >&2; finished",
            then: """
                names=$(ls -A); places=$(\(places)); started
                (echo "$names"; cat $SCRATCH/first; echo "$places") > found; checkpoint 100 found
                echo new >&2; finished
                """)
        let lines = file.split(separator: "\n").map(String.init)
        #expect(lines.prefix(2) == ["given.json", "worker"])
        #expect(lines.count == 8 && Array(lines[2..<5]) == Array(lines[5...]))
        #expect(reports.events(of: 3).count == 3)
        let diagnostics = reports.compactMap {
            if case .ended(AttemptNumber(3), _, let diagnostics) = $0 { diagnostics } else { nil }
        }
        #expect(diagnostics == ["new\n"])
    }

    @Test func `a directory to which a stray process still writes serves nobody else`() throws {
        // The stray process leaves its group, so that the end of the attempt does not end it.
        let stray = "for i in 1 2 3 4 5 6 7 8 9; do sleep 0.2; finished; done"
        let script = "echo '#!/bin/sh' > stray; sed -n '/^finished()/p' worker >> stray; echo '\(stray)' >> stray"
        let (reports, _) = try run(
            "started; \(script); (setsid sh ./stray &); finished",
            then: "started; sleep 0.7; echo 1 > a; checkpoint 100 a; finished")
        #expect(reports.events(of: 3).map(\.event.files.count) == [0, 1, 0])
    }
}
