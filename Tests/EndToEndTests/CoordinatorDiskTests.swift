import Foundation
import Testing

/// A small disk below the catalogue and its store, which is really filled.
@Suite(
    .serialized, .enabled(if: slowTestsWanted && getuid() == 0, "slow, and file systems are mounted as root"),
    .timeLimit(.minutes(4)))
struct CoordinatorDiskTests {
    /// Calls `body` with the path of a catalogue on a disk of 320 MiB.
    private func withSmallDisk(_ body: (Lab, String) throws -> Void) throws {
        try withLab { lab in
            let volume = lab.directory.path + "/volume"
            try FileManager.default.createDirectory(atPath: volume, withIntermediateDirectories: true)
            try NamespaceHosts.run("/usr/bin/mount", "-t", "tmpfs", "-o", "size=320m", "none", volume)
            defer { _ = try? NamespaceHosts.run("/usr/bin/umount", "-l", volume) }
            try body(lab, volume)
        }
    }

    /// Leaves that many kilobytes free on the disk at `volume`.
    private func fill(_ volume: String, leaving kilobytes: Int) throws {
        let path = volume + "/filler"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        var space = statvfs()
        // Other programs write to the disk meanwhile.
        while true {
            try #require(statvfs(volume, &space) == 0)
            let left = Int(space.f_bavail * space.f_frsize) / 1024 - kilobytes
            guard left > 0 else { return }
            try #require(write(descriptor, zeros, min(left, 1024) * 1024) > 0)
        }
    }

    @Test func aSweepThatTheDiskHasNoRoomForIsRefusedUnlessThatIsAccepted() throws {
        try withSmallDisk { lab, volume in
            let big = smallSweep(name: "big").replacing("model.scale: [4, 8]", with: "model.scale: [64, 128]")
            let file = try lab.write("big.yaml", big)
            let catalogue = volume + "/catalogue.sqlite"
            let refused = try lab.run("launch", file, "--catalogue", catalogue)
            #expect(refused.status == 5, "\(refused)")
            for word in [volume, "are free", "--accept-low-space"] { #expect(refused.err.contains(word), "\(refused)") }
            #expect(lab.processes(matching: "eigensweep-worker").isEmpty)
            try lab.write("small.yaml", smallSweep())
            let plan = try lab.run("plan", file, "--catalogue", catalogue)
            #expect(plan.out.contains("to keep"), "\(plan)")

            // A sweep that fits is not refused, nor one that a person insists on.
            let small = try lab.run("launch", "small.yaml", "--catalogue", catalogue)
            #expect(small.status == 0, "\(small)")
            try fill(volume, leaving: 10_000)
            let full = try lab.run("resume", "--accept-low-space", "--catalogue", catalogue)
            #expect(full.status == 5, "\(full)")
            #expect(full.err.contains("before anything is started"), "\(full)")
            try FileManager.default.removeItem(atPath: volume + "/filler")
            let accepted = try lab.start(["resume", "--accept-low-space", "--catalogue", catalogue])
            try lab.wait(60, for: "a worker") { !lab.processes(matching: "eigensweep-worker").isEmpty }
            kill(accepted.processIdentifier, SIGTERM)
            accepted.waitUntilExit()
            #expect(accepted.terminationStatus == 6)
        }
    }

    @Test func aDiskThatFillsUpIsSaidInTimeAndThenEndsTheRunInOrder() throws {
        try withSmallDisk { lab, volume in
            let catalogue = volume + "/catalogue.sqlite"
            let file = try lab.write("small.yaml", smallSweep(lengths: "[300, 4000000]"))
            let coordinator = try lab.start(["launch", file, "--catalogue", catalogue])
            // The worker is also run to try steps, before anything is begun.
            try lab.wait(120, for: "two jobs") { lab.processes(matching: "eigensweep-worker\u{0}run").count >= 2 }
            try fill(volume, leaving: 10_000)
            try lab.wait(30, for: "a warning") { lab.said(by: coordinator).contains("are left. Free some") }
            #expect(coordinator.isRunning)
            try FileManager.default.removeItem(atPath: volume + "/filler")
            try lab.wait(30, for: "relief") { lab.said(by: coordinator).contains("there is room again") }
            try fill(volume, leaving: 2_000)
            coordinator.waitUntilExit()
            #expect(coordinator.terminationStatus == 5)
            let said = lab.said(by: coordinator)
            #expect(said.contains("too few to go on recording") && said.contains("eigensweep resume"), "\(said)")
            #expect(lab.processes(matching: "eigensweep-worker\u{0}run").count >= 2, "hosts go on")
            try FileManager.default.removeItem(atPath: volume + "/filler")
            let cancelled = try lab.run("cancel", "small", "--catalogue", catalogue)
            #expect(cancelled.status == 0, "\(cancelled)")
        }
    }
}
