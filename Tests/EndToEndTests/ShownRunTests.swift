import Foundation
import Testing

/// What people see of a run on a terminal, and what they can do with what they see.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow), .timeLimit(.minutes(4)))
struct ShownRunTests {
    private static let columns = 80

    /// Runs `eigensweep` on a terminal of 80 by 24; `type` is given what it has shown so far, until it returns keys.
    private func onTerminal(
        _ lab: Lab, _ words: String, type: (TerminalScreen) -> String? = { _ in nil }
    ) throws -> (screen: TerminalScreen, status: Int32) {
        let shown = lab.directory.appendingPathComponent("shown")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/script")
        let program = lab.programs.appendingPathComponent("eigensweep").path
        process.arguments = ["-qefc", "stty cols 80 rows 24; exec \(program) \(words)", shown.path]
        process.currentDirectoryURL = lab.directory
        process.environment = ProcessInfo.processInfo.environment.merging([
            "EIGENSWEEP_CATALOGUE": lab.catalogue, "TERM": "xterm", "SHELL": "/bin/sh",
            "XDG_STATE_HOME": lab.directory.appendingPathComponent("state").path,
        ]) { $1 }
        let keys = Pipe()
        process.standardInput = keys
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        func screen() throws -> TerminalScreen {
            let text = String(decoding: try Data(contentsOf: shown), as: UTF8.self)
            // The file begins and ends with a line of `script` itself.
            let own = text.split(separator: "\n", maxSplits: 1).dropFirst().joined()
            return TerminalScreen(columns: Self.columns, showing: own.components(separatedBy: "\nScript done")[0])
        }
        var hasTyped = false
        while process.isRunning {
            usleep(200_000)
            if !hasTyped, let typed = (try? screen()).flatMap(type) {
                keys.fileHandleForWriting.write(Data(typed.utf8))
                hasTyped = true
            }
        }
        return (try screen(), process.terminationStatus)
    }

    /// The IDs beside the places of what runs.
    private func running(_ screen: TerminalScreen) -> [String] {
        screen.lines.filter { $0.hasPrefix("  train ") }.compactMap { line in
            line.split(separator: " ").first { $0.count == 8 && $0.allSatisfy(\.isHexDigit) }.map(String.init)
        }
    }

    @Test func aRunEndsWithOneFrame() throws {
        try withLab { lab in
            let sweep = try lab.write("small.yaml", smallSweep(lengths: "[20, 2000]"))
            let (screen, status) = try onTerminal(lab, "launch \(sweep)")
            #expect(status == 0)
            let text = screen.lines.joined(separator: "\n")
            #expect(screen.lines.count { $0.hasPrefix("8 trials: ") } == 1, "one frame stays: \(text)")
            #expect(text.contains("100 % after") && !text.contains(" left"), "\(text)")
            #expect(text.contains("results\n  N=") && text.contains("gl_score "), "\(text)")
            #expect(text.contains("done: all 8 trials have their results"))
            #expect(screen.lines.allSatisfy { $0.count <= Self.columns })
            #expect(text.contains("memorization: copied "), "what the map is made of comes first: \(text)")
            let last = screen.lines.suffix(24).joined(separator: "\n")
            #expect(last.contains("8 trials: ") && last.contains("hosts\n  local"), "all is on the screen: \(text)")
        }
    }

    @Test func watchIsLeftWithoutATrace() throws {
        try withLab { lab in
            let sweep = try lab.write("small.yaml", smallSweep(lengths: "[300, 4000000]"))
            let launch = try lab.run("launch", sweep, "--detach")
            #expect(launch.status == 0 && launch.err.contains("eigensweep stop"), "\(launch)")
            let (screen, status) = try onTerminal(lab, "watch") { running($0).isEmpty ? nil : "\u{3}" }
            let text = screen.lines.joined(separator: "\n")
            #expect(status == 130 && !text.contains("^C"), "\(text)")
            #expect(text.contains("left the view; the run goes on in process") && text.contains("\n  eigensweep watch"))
            #expect(screen.lines.allSatisfy { $0.count <= Self.columns })
            // What the run shows of itself is what others are told.
            let said = try lab.run("status", "small").out
            #expect(try lab.run("stop").status == 0)
            try lab.wait(30, for: "the coordinator's end") { lab.processes(matching: "in-background").isEmpty }
            let shares = [text, said].map { $0.matches(of: /(\d+) %/).last.flatMap { Int($0.1) } ?? -9 }
            #expect(abs(shares[0] - shares[1]) <= 1, "\(text)\n\(said)")
            #expect(try lab.run("cancel", "small").status == 0)
            _ = try lab.run("resume")
            let idle = try lab.run("resume", "--detach")
            #expect(idle.status == 0 && !idle.err.contains("in the background"), "\(idle)")
        }
    }

    @Test func ctrlCLeavesOneFrameAndTheIDsThatItShowedAreTaken() throws {
        try withLab { lab in
            let sweep = try lab.write("small.yaml", smallSweep(lengths: "[300, 4000000]"))
            var seen: [String] = []
            let (screen, status) = try onTerminal(lab, "launch \(sweep)") { screen in
                seen = running(screen)
                return seen.isEmpty ? nil : "\u{3}"
            }
            #expect(status == 6)
            let text = screen.lines.joined(separator: "\n")
            #expect(screen.lines.count { $0.hasPrefix("8 trials: ") } == 1, "one frame stays: \(text)")
            #expect(text.contains("stopping: jobs stay") && text.contains("eigensweep resume small"), "\(text)")
            #expect(!text.contains(" left"), "nobody goes on: \(text)")
            let share = text.firstMatch(of: /(\d+) % after/).map { String($0.1) } ?? ""
            let told = try lab.run("status", "small").out
            #expect(told.contains(" \(share) %"), "what is recorded is what `status` says: \(text)\n\(told)")
            let logs = try lab.run("logs", try #require(seen.first))
            #expect(logs.status == 0 && logs.err.contains("N="), "\(logs)")
            #expect(logs.err.contains("no coordinator runs"), "\(logs)")
            try lab.run("cancel", "small")
        }
    }

    @Test func statusSaysThatTheCoordinatorDied() throws {
        try withLab { lab in
            let file = try lab.write("small.yaml", smallSweep(lengths: "[300, 4000000]"))
            let coordinator = try lab.start(["launch", file])
            try lab.wait(60, for: "a running attempt") { try lab.count("attempt WHERE started_at NOT NULL") >= 1 }
            let alive = try lab.run("status", "small")
            #expect(!alive.err.contains("no coordinator"), "\(alive)")
            kill(coordinator.processIdentifier, SIGKILL)
            coordinator.waitUntilExit()
            let status = try lab.run("status")
            #expect(status.status == 0 && status.err.contains("no coordinator runs"), "\(status)")
            #expect(status.err.contains("eigensweep resume small") && !status.out.contains("left"), "\(status)")
            #expect(try lab.run("watch").err.contains("eigensweep resume small"))
        }
    }

    @Test func aTrialsFilesComeOutUnderReadableNames() throws {
        try withLab { lab in
            let first = try lab.run("launch", lab.write("small.yaml", smallSweep()))
            #expect(first.status == 0, "\(first.err)")
            let place = "@small: dataset.size=4, scale=4, training.steps=20, seed=0"
            let trial = try lab.run("trial", place, "--copy-to", "found")
            #expect(trial.status == 0, "\(trial)")
            let found = lab.directory.appendingPathComponent("found")
            let folders = try FileManager.default.contentsOfDirectory(atPath: found.path)
            #expect(folders.count == 1 && folders[0].hasPrefix("N=4_scale=4_20-steps_"), "\(folders)")
            let files = try FileManager.default.contentsOfDirectory(atPath: found.path + "/" + folders[0])
            #expect(files.contains("weights.safetensors"), "\(files)")
            let weights = try lab.rows(
                "SELECT weights FROM trials WHERE dataset_size = 4 AND model_scale = 4 AND steps = 20")
            let path = "store/\(weights[0].prefix(2))/\(weights[0])"
            let stored = try Data(contentsOf: lab.directory.appendingPathComponent(path))
            #expect(
                try Data(contentsOf: found.appendingPathComponent(folders[0] + "/weights.safetensors")) == stored)
            // Files come whoever reads what is printed.
            let unread = Process()
            unread.executableURL = URL(fileURLWithPath: "/bin/sh")
            unread.arguments = [
                "-c", "\"$0\" trial '\(place)' --copy-to unread | true",
                lab.programs.appendingPathComponent("eigensweep").path,
            ]
            unread.currentDirectoryURL = lab.directory
            unread.environment = ["EIGENSWEEP_CATALOGUE": lab.catalogue, "PATH": "/usr/bin:/bin"]
            try unread.run()
            unread.waitUntilExit()
            let unseen = lab.directory.appendingPathComponent("unread/\(folders[0])/weights.safetensors")
            #expect(FileManager.default.fileExists(atPath: unseen.path))
            // What the store has lost is named, and the rest comes out.
            try FileManager.default.removeItem(at: lab.directory.appendingPathComponent(path))
            let again = try lab.run("trial", place, "--copy-to", "found")
            #expect(again.status == 5 && again.err.contains("weights.safetensors"), "\(again)")
        }
    }

    @Test func planSaysWhatAnEditDrops() throws {
        try withLab { lab in
            let file = try lab.write("small.yaml", smallSweep())
            #expect(try lab.run("launch", file).status == 0)
            let same = try lab.run("plan", file)
            #expect(!same.out.contains("dropped"), "\(same)")
            let edited = try lab.run("plan", file, "--set", "training.steps=20")
            #expect(
                edited.out.contains("dropped            4 trials") && edited.out.contains("40 steps ("), "\(edited)")
        }
    }

    @Test func aHostsFileThatIsNotReadIsNamed() throws {
        try withLab { lab in
            let file = try lab.write("small.yaml", smallSweep(lengths: "[300, 4000000]"))
            _ = try lab.start(["launch", file])
            try lab.wait(60, for: "a running attempt") { try lab.count("attempt WHERE started_at NOT NULL") >= 1 }
            let other = try lab.write("other.yaml", smallSweep(name: "other"))
            let hosts = try lab.write("mine.yaml", "hosts:\n  - local\n")
            let handed = try lab.run("launch", other, "--detach", "--hosts", hosts)
            #expect(handed.status == 0 && handed.err.contains("mine.yaml is not read"), "\(handed)")
            let plain = try lab.run("launch", other, "--detach")
            #expect(plain.status == 0 && !plain.err.contains("is not read"), "\(plain)")
        }
    }

    @Test func aDetachedRunWithoutAHostSaysSo() throws {
        try withLab { lab in
            let hosts = try lab.write(
                "far.yaml", "hosts:\n  - far: {address: 127.0.0.1, port: 1, transport: ssh}\n")
            let begun = Date()
            let launched = try lab.run("launch", lab.write("small.yaml", smallSweep()), "--detach", "--hosts", hosts)
            #expect(Date().timeIntervalSince(begun) < 12, "all hosts were tried by then")
            #expect(launched.status == 0 && launched.err.contains("no host has answered yet"), "\(launched)")
            #expect(launched.err.contains("far: "), "its log says why: \(launched)")
            #expect(launched.err.contains("these are tried on: far"), "\(launched)")
            // Between two tries it is told when the next one comes.
            try lab.wait(30, for: "what status says of the host") {
                try lab.run("status").out.contains("\nfar: unreachable, ")
            }
            for pid in lab.processes(matching: "in-background") { kill(pid, SIGTERM) }
        }
    }
}
