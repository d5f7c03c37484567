import Foundation
import JobContract
import SweepModel
import Testing

@testable import Commands
@testable import Scheduling

/// Messages between commands and the coordinator.
@Suite struct ControlMessagesTests {
    private func roundTrip<Body: Codable & Equatable>(_ body: Body) throws -> Body {
        let line = try ControlMessages.line(body)
        #expect(line.last == 10)
        #expect(!line.dropLast().contains(10), "one message is one line")
        return try ControlMessages.read(Body.self, line.dropLast())
    }

    @Test(arguments: [
        ControlRequest.watch, .look, .change(.launch(file: "/a\nb.yaml", overrides: ["name=x y"], folder: "/home")),
        .change(.cancel(sweep: "faces", where: "state = failed")), .change(.retry(sweep: "faces", where: nil)),
        .change(.resume([])), .change(.drain(host: "far", reason: "slow \u{1}")), .change(.undrain(host: "far")),
        .read(LogQuestion(attempt: AttemptNumber(7), stream: .errors, offset: -100)),
    ])
    func requestsReadBack(_ request: ControlRequest) throws {
        #expect(try roundTrip(request) == request)
    }

    @Test func viewsReadBackWithNumbersThatAreNone() throws {
        let progress = WorkerEvent.Progress(done: 1, of: 2, unit: "steps", rate: 3)
        let running = FleetSnapshot.Running(
            attempt: AttemptNumber(3), kind: .train, training: TrainingID(Digest(of: "t".utf8)),
            trials: [TrialID(Digest(of: "x".utf8))], progress: progress, seconds: 4)
        let fleet = FleetSnapshot(
            trials: [.waiting: 2, .failed: 1], total: 3,
            hosts: [
                .init(name: "far", status: .unreachable("no route"), slots: 2, running: [running], backlog: 1),
                .init(name: "near", status: .connected, slots: 1, running: [], backlog: 0),
            ], workDone: 0, workWanted: 1, measuresLeft: 2, elapsedSeconds: 3, secondsLeft: .infinity,
            imagesPerSecond: 0)
        let answer = ControlAnswer.view(
            RunView(process: 12, fleet: fleet, progress: RunProgress(fraction: 0.5), notices: ["far: silent"]))
        #expect(try roundTrip(answer) == answer)
    }

    @Test(arguments: [
        ControlAnswer.ending, .ended(status: 6), .done(.init(count: 3, sweeps: ["a"], notes: ["b"])),
        .refused(status: 3, message: "no such key"), .log(LogPiece(offset: 1, end: 3, text: "é", isComplete: false)),
    ])
    func answersReadBack(_ answer: ControlAnswer) throws {
        #expect(try roundTrip(answer) == answer)
    }

    @Test(arguments: ["", "{}", "null", "[1]", #"{"version":1}"#, #"{"version":1,"body":{"nonsense":{}}}"#, "\u{0}"])
    func whatIsNoMessageIsRefused(_ text: String) {
        #expect { try ControlMessages.read(ControlRequest.self, Array(text.utf8)) } throws: { error in
            if case .damaged? = error as? ControlError { true } else { false }
        }
    }

    @Test func anotherVersionIsNamed() {
        #expect(throws: ControlError.otherVersion(2)) {
            try ControlMessages.read(ControlRequest.self, Array(#"{"version":2,"body":{"dance":{}}}"#.utf8))
        }
    }
}
