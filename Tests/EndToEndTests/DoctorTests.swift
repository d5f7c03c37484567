import Foundation
import Testing

/// What the doctor finds and mends, on a real catalogue, store and host.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow), .timeLimit(.minutes(4)))
struct DoctorTests {
    /// Changes the catalogue as no program of ours would.
    private func execute(_ lab: Lab, _ sql: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
        process.arguments = [lab.catalogue, sql]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func aHealthyCatalogueHasNoFindingsAndADamagedOneIsExplainedAndMended() throws {
        try withLab { lab in
            let sweep = try lab.write("small.yaml", smallSweep())
            #expect(try lab.run("launch", sweep).status == 0)
            #expect(try lab.run("doctor").status == 0, "the worker's program in the store is no ailment")
            let first = try lab.run("doctor", "--repair")
            #expect(first.status == 0, "\(first)")
            let healthy = try lab.run("doctor", "--thorough")
            #expect(healthy.status == 0, "\(healthy)")
            #expect(healthy.err.contains("nothing is wrong"), "\(healthy)")

            try execute(lab, "UPDATE trial SET state = 'running' WHERE key = 1")
            let weights = try lab.rows("SELECT weights FROM milestone WHERE trial = 2")[0]
            let file = lab.directory.appendingPathComponent("store/\(weights.prefix(2))/\(weights)")
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
            try Data("damaged".utf8).write(to: file)
            let found = try lab.run("doctor", "--thorough", "--format", "json")
            #expect(found.status == 5, "\(found)")
            #expect(found.out.contains("said to run") && found.out.contains("is damaged"), "\(found.out)")
            #expect(try lab.rows("SELECT state FROM trial WHERE key = 1") == ["running"], "it only looks")
            let mended = try lab.run("doctor", "--thorough", "--repair")
            #expect(mended.status == 0, "\(mended)")
            #expect(FileManager.default.contents(atPath: file.path) != Data("damaged".utf8), "the host has it whole")
            #expect(FileManager.default.fileExists(atPath: file.path))
            #expect(try lab.rows("SELECT state FROM trial WHERE key = 1") == ["waiting"])
            let resumed = try lab.run("resume")
            #expect(resumed.status == 0, "\(resumed.err)")
        }
    }

    @Test func attemptsThatAHostHoldsAndTheCatalogueDoesNotKnowAreStopped() throws {
        try withLab { lab in
            let file = try lab.write("small.yaml", smallSweep(lengths: "[300, 4000000]"))
            let coordinator = try lab.start(["launch", file])
            try lab.wait(120, for: "a running attempt") { try lab.count("attempt WHERE started_at NOT NULL") >= 1 }
            let beside = try lab.run("doctor")
            #expect(beside.err.contains("\(coordinator.processIdentifier)"), "\(beside)")
            kill(coordinator.processIdentifier, SIGKILL)
            coordinator.waitUntilExit()
            // The catalogue is as if it had been put back from a copy made before.
            try execute(lab, "UPDATE attempt SET outcome = 'host-fault', ended_at = '2026-01-01T00:00:00.000Z'")
            let found = try lab.run("doctor")
            #expect(found.status == 5, "\(found)")
            #expect(found.out.contains("unknown or over here"), "\(found)")
            #expect(!lab.processes(matching: "eigensweep-worker").isEmpty)
            let mended = try lab.run("doctor", "--repair")
            #expect(mended.status == 0, "\(mended)")
            #expect(lab.processes(matching: "eigensweep-worker").isEmpty)
        }
    }

    @Test func attemptsOnAHostThatLeftTheHostsFileAreGivenUpOnRequest() throws {
        try withLab { lab in
            #expect(try lab.run("launch", lab.write("small.yaml", smallSweep())).status == 0)
            try execute(
                lab,
                """
                INSERT INTO attempt (number, job, training, kind, host, machine, boot, cpu, generation, intended_at)
                SELECT 99, job, training, kind, 'gone', machine, boot, cpu, generation, intended_at FROM attempt
                WHERE number = 1
                """)
            let found = try lab.run("doctor")
            #expect(found.status == 5 && found.out.contains("gone"), "\(found)")
            let mended = try lab.run("doctor", "--repair")
            #expect(mended.status == 0, "\(mended)")
            #expect(try lab.count("attempt WHERE outcome IS NULL") == 0)
        }
    }

    @Test func workersThatNoAgentKnowsOfAndTheSocketOfADeadCoordinatorAreFoundAndRemoved() throws {
        try withLab { lab in
            let file = try lab.write("small.yaml", smallSweep(lengths: "[300, 4000000]"))
            let coordinator = try lab.start(["launch", file])
            try lab.wait(120, for: "two workers") { lab.processes(matching: "eigensweep-worker").count >= 2 }
            // After their first milestones the workers write nothing for minutes, and the next agent takes their place for
            // remains.
            try lab.wait(120, for: "their first milestones") { try lab.count("milestone") >= 2 }
            let workers = lab.processes(matching: "eigensweep-worker")
            kill(coordinator.processIdentifier, SIGKILL)
            coordinator.waitUntilExit()
            let held = try lab.run("doctor", "--format", "json")
            #expect(!held.out.contains("no agent there holds"), "what an agent holds is no orphan: \(held)")
            #expect(held.out.contains("the socket of a coordinator that died"), "\(held)")
            // The agent dies and its memory is lost, as when somebody empties the directory below it.
            for agent in lab.processes(matching: "eigensweep-agent") { kill(agent, SIGKILL) }
            let journals = try FileManager.default.subpathsOfDirectory(atPath: lab.directory.path + "/host")
                .filter { $0.hasSuffix("/journal") }
            #expect(journals.count == 1)
            for journal in journals {
                try FileManager.default.removeItem(atPath: "\(lab.directory.path)/host/\(journal)")
            }
            let found = try lab.run("doctor", "--format", "json")
            #expect(found.status == 5 && found.out.contains("no agent there holds"), "\(found)")
            for pid in workers { #expect(found.out.contains("\(pid)"), "\(found)") }
            #expect(lab.processes(matching: "eigensweep-worker") == workers, "it only looks")
            let mended = try lab.run("doctor", "--repair")
            #expect(mended.status == 0, "\(mended)")
            #expect(lab.processes(matching: "eigensweep-worker").isEmpty)
            let healthy = try lab.run("doctor", "--format", "json")
            #expect(!healthy.out.contains("socket"), "\(healthy)")
        }
    }
}
