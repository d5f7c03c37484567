import Foundation
import Testing

/// What has no end is ended, with a sentence that names the bound.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow), .timeLimit(.minutes(4)))
struct BoundsTests {
    private static let tiny = """
        name: tiny
        dataset: {source: geometric, resolution: 8, count: 64, held_out: 16}
        model: {architecture: linear}
        training: {batch: 8}
        grid: {dataset.size: [8], training.steps: [10]}
        """

    /// A query that never ends, one whose single step never ends, and two that would take all memory.
    private static let queries = [
        (1, "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT sum(x) FROM r", "ended after 1"),
        (1, "SELECT instr(hex(zeroblob(100000000)), hex(zeroblob(50000000)) || '1')", "within one function"),
        (60, "SELECT replace(hex(zeroblob(100000000)), '0', 'ab')", "256 MiB"),
        (
            60,
            "SELECT hex(zeroblob(100000000)) FROM (WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) "
                + "SELECT x FROM r)", "256 MiB"
        ),
    ]

    @Test func queriesEnd() throws {
        try withLab { lab in
            #expect(try lab.run("launch", try lab.write("tiny.yaml", Self.tiny)).status == 0)
            for (seconds, sql, words) in Self.queries {
                let start = ContinuousClock.now
                let answer = try lab.run("query", "--time-limit", "\(seconds)", "--sql", sql)
                #expect(answer.status == 2 && answer.err.contains(words), "\(answer)")
                #expect(ContinuousClock.now - start < .seconds(60))
            }
        }
    }

    /// Runs `eigensweep` behind what a shell does first.
    private static func run(_ arguments: String, after first: String, in lab: Lab) throws -> (Int32, String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        let program = lab.programs.appendingPathComponent("eigensweep").path
        process.arguments = ["-c", "\(first); exec '\(program)' \(arguments) --catalogue \(lab.catalogue)"]
        process.currentDirectoryURL = lab.directory
        let words = Pipe()
        process.standardError = words
        try process.run()
        let said = String(decoding: words.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, said)
    }

    @Test func aShellThatLetsTooLittleBeOpenIsNamed() throws {
        try withLab { lab in
            let (status, said) = try Self.run("status", after: "ulimit -n 40", in: lab)
            #expect(status == 2 && said.contains("40 files") && said.contains("ulimit"), "\(said)")
        }
    }

    @Test func aDescriptorBeyondTheLimitThatWasHandedDownIsInNobodysWay() throws {
        try withLab { lab in
            let file = try lab.write("tiny.yaml", Self.tiny)
            let (status, said) = try Self.run("launch \(file)", after: "exec 251</dev/null; ulimit -n 200", in: lab)
            #expect(status == 0, "\(said)")
        }
    }
}
