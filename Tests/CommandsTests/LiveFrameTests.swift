import Foundation
import JobContract
import SweepModel
import Testing

@testable import Commands
@testable import Scheduling

/// What the live view shows. `EIGENSWEEP_WRITE_DOCS=1` writes `Golden/live-80x24.txt` anew.
@Suite struct LiveFrameTests {
    private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Golden/live-80x24.txt")

    private func trial(_ number: Int) -> TrialID { TrialID(Digest(of: "trial \(number)".utf8)) }

    private func point(_ number: Int) -> String {
        "N=\([16, 64, 256, 1024][number % 4]) scale=\([4, 8, 16][number % 3]) 65.5k images seed=\(number % 5)"
    }

    private func frame(jobs: Int = 4, hosts: Int = 3, news: Int = 9, failures: Int = 2) -> LiveFrame {
        let running = (0..<jobs).map { number in
            FleetSnapshot.Running(
                attempt: AttemptNumber(number + 1), kind: number % 4 == 3 ? .measure : .train,
                training: TrainingID(Digest(of: "training \(number)".utf8)), trials: [trial(number)],
                progress: number % 4 == 2
                    ? nil
                    : WorkerEvent.Progress(
                        done: 512 * (number + 1), of: 4096, unit: number % 4 == 3 ? "samples" : "steps", rate: 111,
                        loss: 0.21374),
                seconds: 12.4)
        }
        var list = (0..<hosts).map { number in
            FleetSnapshot.Host(
                name: "node\(number + 1)", status: .connected, slots: 2,
                running: running.enumerated().filter { $0.offset % hosts == number }.map(\.element), backlog: 2)
        }
        list.append(
            .init(
                name: "far", status: .unreachable("far: no route to host (port 22)"), slots: 4, running: [], backlog: 0,
                nextTrySeconds: 3.2))
        let fleet = FleetSnapshot(
            trials: [.succeeded: 41, .running: jobs, .waiting: 75, .failed: failures], total: 118 + jobs, hosts: list,
            workDone: 0, workWanted: 1, measuresLeft: 70, elapsedSeconds: 260, secondsLeft: nil, imagesPerSecond: 10432)
        var frame = LiveFrame(fleet: fleet, fraction: 0.346, secondsLeft: 491)
        for number in 0..<jobs { frame.places[trial(number)] = point(number) }
        func item(_ number: Int, _ words: String) -> LiveFrame.Item {
            LiveFrame.Item(point: point(number), id: String(trial(number).hex.prefix(8)), words: words)
        }
        frame.results = (0..<news).map { item(100 + $0, "memorization: gl_score 0.9\($0), copied 0.02") }
        frame.failures = (0..<failures).map { item(200 + $0, "diverged: the loss is not finite after 40 steps") }
        return frame
    }

    @Test func eightyByTwentyFourIsWhole() throws {
        let text = frame().lines(columns: 80, rows: 24).joined(separator: "\n") + "\n"
        if ProcessInfo.processInfo.environment["EIGENSWEEP_WRITE_DOCS"] != nil {
            try text.write(to: Self.file, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: Self.file, encoding: .utf8) == text)
        for part in ["34 %", "about 8 min left", "unreachable, next try in 4 s", "the loss is not finite", point(0)] {
            #expect(text.contains(part), "\(part) is not seen")
        }
    }

    @Test(arguments: [(80, 24), (200, 50), (40, 10), (132, 43), (20, 4), (80, 100)])
    func nothingIsLargerThanTheTerminal(_ columns: Int, _ rows: Int) {
        for frame in [
            frame(), frame(jobs: 0, news: 0, failures: 0), frame(jobs: 300, hosts: 90, news: 40, failures: 40),
        ] {
            let lines = frame.lines(columns: columns, rows: rows)
            #expect(lines.count < rows && lines.allSatisfy { $0.count < columns })
            #expect(lines.count >= 2, "the progress is always there")
        }
    }

    @Test func aLargeTerminalIsUsed() {
        let lines = frame(jobs: 30, news: 40).lines(columns: 200, rows: 50)
        #expect(lines.count == 49)
        #expect(lines.contains { $0.contains("loss 0.214") && $0.contains("512 of 4 096 steps, 111/s") })
    }

    /// What does not fit is counted, and of each kind something stays.
    @Test func whatDoesNotFitIsCounted() {
        let text = frame(jobs: 300, hosts: 90, news: 40, failures: 40).lines(columns: 80, rows: 24).joined(
            separator: "\n")
        for title in ["hosts", "running", "results", "failures", "more"] { #expect(text.contains(title)) }
        #expect(text.contains("far "), "a host with a fault is seen")
    }

    @Test func oneIsNotSeveral() {
        var frame = frame(jobs: 0)
        frame.fleet.trials = [.succeeded: 1]
        frame.fleet.total = 1
        #expect(frame.summary.hasPrefix("1 trial: 1 succeeded"))
    }
}
