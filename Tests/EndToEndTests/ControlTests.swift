import Foundation
import Testing

/// What people do with a run that goes on: one coordinator of the real programs, and other commands beside it.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow), .timeLimit(.minutes(4)))
struct ControlTests {
    /// Lengths of some seconds of training each.
    static let lengths = "[300, 3000]"
    /// Lengths that take far longer than any test.
    static let endless = "[300, 4000000]"

    private func states(_ lab: Lab, _ sweep: String) throws -> [String] {
        try lab.rows("SELECT state || ' ' || count(*) FROM sweep_trials WHERE sweep = '\(sweep)' GROUP BY state")
    }

    private func startedSweep(
        _ lab: Lab, lengths: String, extra: [String] = [], environment: [String: String] = [:]
    ) throws -> Process {
        let file = try lab.write("small.yaml", smallSweep(lengths: lengths))
        let coordinator = try lab.start(["launch", file] + extra, environment: environment)
        try lab.wait(120, for: "a running attempt") { try lab.count("attempt WHERE started_at NOT NULL") >= 1 }
        return coordinator
    }

    @Test func cancellingARunningSweepStopsItsJobsAndEndsTheRun() throws {
        try withLab { lab in
            let coordinator = try startedSweep(lab, lengths: Self.endless)
            let cancel = try lab.run("cancel", "small")
            #expect(cancel.status == 0, "\(cancel.err)")
            coordinator.waitUntilExit()
            #expect(coordinator.terminationStatus == 0)
            try lab.wait(30, for: "the workers' end") { lab.processes(matching: "eigensweep-worker").isEmpty }
            #expect(try lab.rows("SELECT count(*) FROM trials WHERE state IN ('waiting', 'running')") == ["0"])
            #expect(try lab.count("attempt WHERE outcome IS NULL") == 0)
            // No trial runs again by itself.
            let attempts = try lab.count("attempt")
            let again = try lab.run("launch", "small.yaml")
            #expect(again.status == 0, "\(again.err)")
            #expect(try lab.count("attempt") == attempts)
        }
    }

    @Test func cancellingTheLongTrialsAloneLetsTheShortOnesFinishAndRetryWantsThemAgain() throws {
        try withLab { lab in
            let coordinator = try startedSweep(lab, lengths: Self.endless)
            let cancel = try lab.run("cancel", "small", "--where", "training.steps > 300")
            #expect(cancel.status == 0, "\(cancel.err)")
            coordinator.waitUntilExit()
            #expect(coordinator.terminationStatus == 0)
            #expect(try states(lab, "small") == ["cancelled 4", "succeeded 4"])
            let retry = try lab.run("retry", "small", "--where", "model.scale = 8")
            #expect(retry.err.contains("2 trials"), "\(retry.err)")
            #expect(try states(lab, "small") == ["cancelled 2", "succeeded 4", "waiting 2"])
        }
    }

    @Test func aSecondLaunchIsTakenUpByTheRunThatGoesOnAndViewed() throws {
        try withLab { lab in
            let coordinator = try startedSweep(lab, lengths: Self.endless)
            let other = try lab.write(
                "other.yaml", smallSweep(name: "other", lengths: "[20, 40]").replacing("[4, 64]", with: "[16]"))
            // One of the two slots becomes free for the new trial.
            try lab.run("cancel", "small", "--where", "model.scale = 8 or dataset.size = 64")
            let second = try lab.run("launch", other)
            #expect(second.status == 0, "\(second.err)")
            #expect(second.err.contains("process \(coordinator.processIdentifier)"), "\(second.err)")
            #expect(try states(lab, "other") == ["succeeded 4"])
            #expect(coordinator.isRunning)
            #expect(try lab.rows("SELECT generation FROM catalogue_identity") == ["1"])
            let bad = try lab.run("launch", lab.write("bad.yaml", "name: x"))
            #expect(bad.status == 3)
            kill(coordinator.processIdentifier, SIGTERM)
            coordinator.waitUntilExit()
            #expect(coordinator.terminationStatus == 6)
        }
    }

    @Test func anotherTerminalStopsARunAsCtrlCDoes() throws {
        try withLab { lab in
            let coordinator = try startedSweep(lab, lengths: Self.endless)
            let stop = try lab.run("stop")
            #expect(stop.status == 0 && stop.err.contains("eigensweep resume"), "\(stop.err)")
            coordinator.waitUntilExit()
            #expect(coordinator.terminationStatus == 6)
            #expect(try lab.count("attempt WHERE outcome IS NULL") > 0)
            #expect(!lab.processes(matching: "eigensweep-worker").isEmpty)
            let again = try lab.run("stop")
            #expect(again.status == 0 && again.err.contains("no coordinator runs"), "\(again.err)")
            try lab.run("cancel", "small")
            #expect(try lab.run("resume", "small").status == 0)
        }
    }

    @Test func aViewerThatIsInterruptedLeavesTheRunAlone() throws {
        try withLab { lab in
            let coordinator = try startedSweep(lab, lengths: Self.endless)
            for arguments in [["resume", "small"], ["watch"], ["watch", "small"]] {
                let viewer = try lab.start(arguments)
                // Before it shows the run it may be asked not to begin.
                try lab.wait(60, for: "the view") { lab.said(by: viewer).contains("8 trials: ") }
                kill(viewer.processIdentifier, SIGINT)
                viewer.waitUntilExit()
                // There is nothing to resume.
                #expect(viewer.terminationStatus == 130)
            }
            #expect(coordinator.isRunning)
            #expect(!lab.processes(matching: "eigensweep-worker").isEmpty)
            let cancel = try lab.run("cancel", "small")
            #expect(cancel.status == 0)
            coordinator.waitUntilExit()
        }
    }

    @Test func aViewerWhoseCoordinatorDiesSaysHowToGoOn() throws {
        try withLab { lab in
            let coordinator = try startedSweep(lab, lengths: Self.endless)
            let viewers = try [["resume", "small"], ["watch"], ["watch", "small"]].map { try lab.start($0) }
            for viewer in viewers { try lab.wait(30, for: "a view") { lab.said(by: viewer).contains("trials:") } }
            kill(coordinator.processIdentifier, SIGKILL)
            for viewer in viewers {
                viewer.waitUntilExit()
                #expect(viewer.terminationStatus == 6)
                let said = lab.said(by: viewer)
                #expect(said.contains("the coordinator is gone") && said.contains("eigensweep resume"), "\(said)")
            }
            let cancel = try lab.run("cancel", "small")
            #expect(cancel.status == 0 && cancel.err.contains("eigensweep resume small"), "\(cancel.err)")
            #expect(!lab.processes(matching: "eigensweep-worker").isEmpty)
            #expect(try lab.run("resume", "small").status == 0)
            try lab.wait(30, for: "the workers' end") { lab.processes(matching: "eigensweep-worker").isEmpty }
        }
    }

    /// Who clears `/tmp` by night takes a run's socket away.
    @Test func aSocketThatSomebodyRemovesIsMadeAnew() throws {
        try withLab { lab in
            let runtime = lab.directory.path + "/runtime"
            try FileManager.default.createDirectory(atPath: runtime, withIntermediateDirectories: true)
            let place = ["XDG_RUNTIME_DIR": runtime]
            let coordinator = try startedSweep(lab, lengths: Self.endless, environment: place)
            try FileManager.default.removeItem(atPath: runtime + "/eigensweep")
            let cancel = try lab.run(["cancel", "small"], place)
            #expect(cancel.status == 0 && coordinator.isRunning, "\(cancel.err)")
            coordinator.waitUntilExit()
        }
    }

    /// Whenever a change comes, it is made once: either by the run, which then goes on with it, or by the command, which
    /// says that no run goes on.
    @Test func aRetryThatComesAsTheRunEndsIsNeverLost() throws {
        try withLab { lab in
            // Eight trials are cancelled before anything ran.
            #expect(
                try lab.run("launch", lab.write("first.yaml", smallSweep(name: "first", lengths: "[10]"))).status == 0)
            #expect(try lab.run("hosts", "drain", "local").status == 0)
            #expect(try lab.run("launch", lab.write("small.yaml", smallSweep())).status == 4)
            #expect(try lab.run("cancel", "small").status == 0)
            #expect(try lab.run("hosts", "undrain", "local").status == 0)
            #expect(try states(lab, "small") == ["cancelled 8"])
            let points = [4, 64].flatMap { size in
                [20, 40].map { "dataset.size = \(size) and model.scale = 4 and training.steps = \($0)" }
            }
            var told = 0
            for (round, point) in points.enumerated() {
                let other = smallSweep(name: "other\(round)", lengths: "[\(50 + round)]")
                    .replacing("[4, 64]", with: "[4]").replacing("[4, 8]", with: "[4]")
                let run = try lab.start(["launch", lab.write("other.yaml", other)])
                try lab.wait(60, for: "the run's end to be near") {
                    try lab.rows(
                        """
                        SELECT 1 FROM milestone m JOIN trial t ON t.key = m.trial
                        JOIN sweep_trials s ON s.trial_id = t.trial_id WHERE s.sweep = 'other\(round)'
                        """
                    ).count == 1 || !run.isRunning
                }
                usleep(UInt32(round * 70_000))
                let retry = try lab.run("retry", "small", "--where", point)
                #expect(retry.status == 0 && retry.err.contains("1 trial waits again"), "\(retry)")
                run.waitUntilExit()
                #expect(run.terminationStatus == 0, "\(lab.said(by: run))")
                let isTold = retry.err.contains("eigensweep resume small")
                #expect(try states(lab, "small").contains("waiting 1") == isTold, "round \(round): \(retry.err)")
                if isTold {
                    told += 1
                    #expect(try lab.run("resume", "small").status == 0)
                }
                #expect(try states(lab, "small").contains("succeeded \(round + 1)"))
            }
            print("\(told) of \(points.count) retries came when no coordinator ran any more")
        }
    }

    /// Launches a sweep of the worker that fails some jobs and never ends others.
    private func launchChoosy(_ lab: Lab, _ options: String...) throws -> Lab.Output {
        let worker = try lab.write("choosy", choosyWorker)
        chmod(worker, 0o755)
        let file = try lab.write(
            "choosy.yaml",
            smallSweep(
                name: "choosy", lengths: "[20]", extra: "worker: {command: [./choosy], upload: [\(worker)]}"))
        // There is room for all jobs at once: one that takes for ever must not keep the others waiting.
        try lab.write(
            "hosts.yaml", "defaults: {directory: \(lab.directory.path)/host}\nhosts:\n  - local: {slots: 4}\n")
        return try lab.run(["launch"] + options + [file])
    }

    @Test func failFastStopsAtTheFirstFailureAndLeavesTheRest() throws {
        try withLab { lab in
            let run = try launchChoosy(lab, "--fail-fast")
            #expect(run.status == 1, "\(run)")
            #expect(run.err.contains("--fail-fast") && run.err.contains("eigensweep resume choosy"), "\(run)")
            #expect(try states(lab, "choosy").contains { $0.hasPrefix("failed") })
            #expect(try lab.count("attempt WHERE outcome IS NULL") > 0, "what runs is left to its host")
            #expect(try lab.run("cancel", "choosy").status == 0)
        }
    }

    @Test func aRunThatMayTakeNoLongerStopsAndLeavesTheRest() throws {
        try withLab { lab in
            #expect(try lab.run("launch", "--max-hours", "0", "small.yaml").status == 2)
            let run = try launchChoosy(lab, "--max-hours", "0.001")
            #expect(run.status == 6, "\(run)")
            #expect(run.err.contains("--max-hours") && run.err.contains("eigensweep resume choosy"), "\(run)")
            #expect(try lab.count("attempt WHERE outcome IS NULL") > 0, "what runs is left to its host")
            #expect(try lab.run("cancel", "choosy").status == 0)
        }
    }

    @Test func sweepsAndHostsAreCompleted() throws {
        try withLab { lab in
            #expect(try lab.run("launch", lab.write("small.yaml", smallSweep(lengths: "[10]"))).status == 0)
            let sweeps = try lab.run(
                "---completion", "resume", "--", "positional@0", "2", "0", "eigensweep", "resume", "")
            #expect(sweeps.out.split(separator: "\n").map(String.init) == ["small", "small.yaml"], "\(sweeps)")
            let hosts = try lab.run(
                "---completion", "hosts", "drain", "--", "positional@0", "3", "0", "eigensweep", "hosts", "drain", "")
            #expect(hosts.out.split(separator: "\n").map(String.init) == ["local"], "\(hosts)")
        }
    }

    @Test func theLogOfADetachedCoordinatorIsBounded() throws {
        try withLab { lab in
            let log = lab.catalogue + ".log"
            try Data(repeating: 0x78, count: 9 << 20).write(to: URL(fileURLWithPath: log))
            let launch = try lab.run("launch", "--detach", lab.write("small.yaml", smallSweep()))
            #expect(launch.status == 0, "\(launch.err)")
            try lab.wait(60, for: "the coordinator's end") { lab.processes(matching: "in-background").isEmpty }
            #expect(try String(contentsOfFile: log, encoding: .utf8).contains("done"))
            #expect(try FileManager.default.attributesOfItem(atPath: log + ".1")[.size] as? Int == 9 << 20)
        }
    }

    @Test func aDetachedCoordinatorIsFoundByLaterCommands() throws {
        try withLab { lab in
            let bad = try lab.run("launch", "--detach", lab.write("bad.yaml", "name: x"))
            #expect(bad.status == 3)
            #expect(bad.err.contains("bad.yaml"), "\(bad.err)")
            let file = try lab.write("small.yaml", smallSweep(lengths: Self.lengths))
            let launch = try lab.run("launch", "--detach", file)
            #expect(launch.status == 0, "\(launch.err)")
            let list = try lab.run("hosts", "--format", "csv")
            #expect(list.status == 0, "\(list.err)")
            #expect(list.out.contains("local,this machine,"), "\(list.out)")
            #expect(!list.out.contains("no coordinator runs"), "\(list.out)")
            let watch = try lab.run("watch", "small")
            #expect(watch.status == 0, "\(watch.err)")
            #expect(try states(lab, "small") == ["succeeded 8"])
            try lab.wait(30, for: "the coordinator's end") { lab.processes(matching: "in-background").isEmpty }
            let log = try String(contentsOfFile: lab.catalogue + ".log", encoding: .utf8)
            #expect(log.contains("done"), "\(log)")
            #expect(try lab.run("watch").out.contains("succeeded"))
        }
    }

    @Test func aDrainedHostGetsNoJobsUntilItIsPutBack() throws {
        try withLab { lab in
            let file = try lab.write("small.yaml", smallSweep())
            try lab.run("launch", file)
            #expect(try lab.run("hosts", "drain", "nowhere").status == 2)
            #expect(try lab.run("hosts", "drain", "local", "--reason", "it is needed").status == 0)
            let list = try lab.run("hosts", "list", "--format", "json")
            #expect(list.out.contains("it is needed") && list.out.contains("\"schema\""), "\(list.out)")
            let drained = try lab.run("launch", lab.write("more.yaml", smallSweep(lengths: "[20, 40, 60]")))
            #expect(drained.status == 4, "\(drained.err)")
            let attempts = try lab.count("attempt")
            #expect(try lab.run("hosts", "undrain", "local").status == 0)
            let resumed = try lab.run("resume")
            #expect(resumed.status == 0, "\(resumed.err)")
            #expect(try lab.count("attempt") > attempts)
        }
    }

    @Test func drainingARunningHostFinishesWhatRunsAndUndrainingGoesOn() throws {
        try withLab { lab in
            let coordinator = try startedSweep(lab, lengths: Self.endless)
            #expect(try lab.run("hosts", "drain", "local").status == 0)
            let running = lab.processes(matching: "eigensweep-worker")
            #expect(!running.isEmpty)
            #expect(coordinator.isRunning)
            #expect(try lab.run("hosts", "undrain", "local").status == 0)
            #expect(lab.processes(matching: "eigensweep-worker") == running, "what ran goes on")
            kill(coordinator.processIdentifier, SIGINT)
            coordinator.waitUntilExit()
            #expect(coordinator.terminationStatus == 6)
        }
    }

    @Test func anEditedHostsFileIsReadWhileRunning() throws {
        try withLab { lab in
            let coordinator = try startedSweep(lab, lengths: Self.endless)
            try lab.write("hosts.yaml", "hosts:\n  - local: {slots: nonsense}\n")
            sleep(3)
            #expect(coordinator.isRunning)
            try lab.write(
                "hosts.yaml", "defaults: {directory: \(lab.directory.path)/host}\nhosts:\n  - local: {slots: 4}\n")
            try lab.wait(60, for: "four workers") { lab.processes(matching: "eigensweep-worker").count == 4 }
            #expect(try lab.count("attempt WHERE kind = 'train'") == 4)
            kill(coordinator.processIdentifier, SIGINT)
            coordinator.waitUntilExit()
        }
    }

    @Test func logsOfARunningAndOfAnEndedAttempt() throws {
        try withLab { lab in
            let worker = try lab.write("noisy", noisyWorker)
            chmod(worker, 0o755)
            let file = try lab.write(
                "noisy.yaml",
                smallSweep(
                    name: "noisy", lengths: "[20]",
                    extra: "worker: {command: [./noisy], upload: [\(worker)]}"))
            let coordinator = try lab.start(["launch", file])
            try lab.wait(60, for: "a running attempt") {
                try !lab.rows("SELECT 1 FROM attempt WHERE started_at NOT NULL AND outcome IS NULL").isEmpty
            }
            let running = try lab.rows(
                """
                SELECT t.trial_id || '|' || a.number FROM attempt a JOIN attempt_trial x ON x.attempt = a.number
                JOIN trial t ON t.key = x.trial WHERE a.outcome IS NULL AND a.started_at NOT NULL LIMIT 1
                """)[0].split(separator: "|").map(String.init)
            let (trial, attempt) = (running[0], running[1])
            try lab.wait(30, for: "its first words") {
                try lab.run("logs", String(trial.prefix(12)), "--attempt", attempt).out.contains("line 1\n")
            }
            let followed = try lab.run("logs", trial, "--attempt", attempt, "--follow")
            #expect(followed.out.contains("the last line"), "\(followed)")
            try lab.wait(30, for: "its end") {
                try lab.count("attempt WHERE number = \(attempt) AND outcome NOT NULL") == 1
            }
            kill(coordinator.processIdentifier, SIGTERM)
            coordinator.waitUntilExit()
            let ended = try lab.run("logs", trial, "--attempt", attempt)
            #expect(ended.out.contains("the last line"), "\(ended)")
            #expect(try lab.run("logs", "").status == 2)
            #expect(try lab.run("logs", "zz").err.contains("no trial"))
            #expect(try lab.run("logs", trial, "--attempt", "99").status == 2)
        }
    }
}

/// A worker that talks on standard error for some seconds and fails.
private let noisyWorker = """
    #!/bin/sh
    if [ "$1" = describe ]; then
      cat <<'END'
    {"contract": 1, "name": "noisy", "numerics": 1, "deterministic": true, "jobKinds": ["train", "measure"],
     "architectures": ["ddpmpp"], "build": "test", "check": "none", "cpu": "any", "kernels": "none", "measures": [
     {"measure": "memorization", "version": 1, "parameters": {"samples": 32, "steps": 4}},
     {"measure": "gaussian-distance", "version": 1, "parameters": {"samples": 32, "sigmas": [1]}}]}
    END
      exit 0
    fi
    for i in 1 2 3 4 5 6; do echo "line $i" >&2; sleep 1; done
    echo "the last line" >&2
    exit 1
    """

/// A worker that fails at once on small sets and takes for ever on others.
private let choosyWorker =
    noisyWorker.split(separator: "for i in").first.map(String.init).map { begin in
        begin + """
            read job
            case "$job" in *'"dataset.size":4,'*) exit 1 ;; esac
            trap 'exit 0' TERM
            while :; do sleep 0.1; done
            """
    } ?? ""
