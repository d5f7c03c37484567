import Foundation
import Testing

/// The real programs killed in mid-work: every sweep ends complete, nothing is recorded twice, and the measurements
/// equal those of an undisturbed run to the bit.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow))
struct ResumeTests {
    /// Lengths of some seconds of training, so that a kill lands in the middle.
    static let lengths = "[300, 1500]"

    static let undisturbed: Result<[String], any Error> = Result {
        try withLab { lab in
            let output = try lab.run("launch", lab.write("small.yaml", smallSweep(lengths: lengths)))
            #expect(output.status == 0, "\(output.err)")
            return try lab.measurements()
        }
    }

    private func expectCompleteAndEqual(_ lab: Lab) throws {
        #expect(try lab.rows("SELECT state, count(*) FROM trials GROUP BY 1") == ["succeeded|8"])
        #expect(try lab.measurements() == Self.undisturbed.get())
        #expect(try lab.rows("PRAGMA integrity_check") == ["ok"])
    }

    private func launch(_ lab: Lab) throws -> Process {
        let sweep = try lab.write("small.yaml", smallSweep(lengths: Self.lengths))
        return try lab.start(["launch", sweep])
    }

    @Test func killedCoordinator() throws {
        try withLab { lab in
            let coordinator = try launch(lab)
            try lab.wait(120, for: "two milestones") { try lab.count("milestone") >= 2 }
            kill(coordinator.processIdentifier, SIGKILL)
            coordinator.waitUntilExit()
            let before = try lab.rows("SELECT trial, attempt FROM milestone")
            // What waits behind its slots does not run.
            let hosts = try lab.run("hosts", "list", "--format", "csv").out.split(separator: "\n")
            let cells = hosts.last.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
            #expect(cells?[4] == "2" && (Int(cells?[5] ?? "") ?? 9) <= 2, "\(hosts)")
            let resumed = try lab.run("resume", "small")
            #expect(resumed.status == 0, "\(resumed.err)")
            try expectCompleteAndEqual(lab)
            // The workers went on meanwhile: no training was started twice.
            #expect(try lab.count("attempt WHERE kind = 'train'") == 4)
            // What was recorded before the kill still stands under the attempts that made it.
            let after = Set(try lab.rows("SELECT trial, attempt FROM milestone"))
            #expect(!before.isEmpty && before.allSatisfy { after.contains($0) })
        }
    }

    @Test func killedWorker() throws {
        try withLab { lab in
            let coordinator = try launch(lab)
            try lab.wait(120, for: "a first milestone") { try lab.count("milestone") >= 1 }
            let workers = lab.processes(matching: "eigensweep-worker")
            #expect(!workers.isEmpty)
            if let worker = workers.first { kill(worker, SIGKILL) }
            coordinator.waitUntilExit()
            #expect(coordinator.terminationStatus == 0)
            // Only the killed attempt's job runs again, from its last milestone.
            #expect(try lab.count("attempt WHERE kind = 'train'") == 5)
            try expectCompleteAndEqual(lab)
        }
    }

    @Test func killedAgent() throws {
        try withLab { lab in
            let coordinator = try launch(lab)
            try lab.wait(120, for: "a first milestone") { try lab.count("milestone") >= 1 }
            let agents = lab.processes(matching: "agent")
            #expect(!agents.isEmpty)
            for agent in agents { kill(agent, SIGKILL) }
            coordinator.waitUntilExit()
            #expect(coordinator.terminationStatus == 0)
            // The next agent adopts the workers that run.
            #expect(try lab.count("attempt WHERE kind = 'train'") == 4)
            try expectCompleteAndEqual(lab)
        }
    }

    @Test func interruptedByATerminalSignalItPrintsHowToResume() throws {
        try withLab { lab in
            let coordinator = try launch(lab)
            try lab.wait(120, for: "an attempt") { try lab.count("attempt") >= 1 }
            kill(coordinator.processIdentifier, SIGINT)
            coordinator.waitUntilExit()
            #expect(coordinator.terminationStatus == 6)
            let resumed = try lab.run("resume")
            #expect(resumed.status == 0, "\(resumed.err)")
            try expectCompleteAndEqual(lab)
        }
    }
}
