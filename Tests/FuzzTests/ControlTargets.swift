import CPosix
import Foundation
import JobContract

@testable import Commands
@testable import Scheduling

/// Messages that commands and the coordinator send one another over its socket.
let controlTargets = [
    FuzzTarget("control-requests", seeds: { try Samples.controlRequests.map(ControlMessages.line) }) { bytes, _ in
        if let request = read(ControlRequest.self, bytes) { checkComesBack(request) }
    },
    FuzzTarget("control-answers", seeds: { try Samples.controlAnswers.map(ControlMessages.line) }) { bytes, _ in
        if let answer = read(ControlAnswer.self, bytes) { checkComesBack(answer) }
    },
    FuzzTarget(
        "control-lines",
        seeds: { [try Samples.controlRequests.flatMap(ControlMessages.line), Array("a\n\nb\nc".utf8), [10]] }
    ) { bytes, _ in
        let limit = 64
        let expected = bytes.split(separator: 10, omittingEmptySubsequences: false).dropLast().map(Array.init)
        var ends: [Int32] = [-1, -1]
        precondition(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        guard let stream = LineStream(descriptor: ends[0]) else { fatalError("a socket of this account is refused") }
        precondition(bytes.isEmpty || send(ends[1], bytes, bytes.count, 0) == bytes.count)
        close(ends[1])
        var found: [[UInt8]] = []
        while let line = stream.read(limit: limit, seconds: 5) { found.append(Array(line)) }
        // A line beyond the limit may still be read where it came in one piece; nothing is made up or left out.
        precondition(found == Array(expected.prefix(found.count)), "other lines came than were sent")
        precondition(
            found.count == expected.count || expected[found.count].count > limit, "a line was not read")
    },
]

private func read<Body: Codable>(_: Body.Type, _ bytes: [UInt8]) -> Body? {
    do throws(ControlError) { return try ControlMessages.read(Body.self, bytes) } catch {
        precondition(error.words.utf8.count < 2000, "a refusal repeats what it refuses")
        return nil
    }
}

/// Compares texts: a number that is none equals nothing.
private func checkComesBack<Body: Codable>(_ body: Body) {
    do {
        let line = try ControlMessages.line(body)
        precondition(!line.dropLast().contains(10), "one message is one line")
        let again = try ControlMessages.line(try ControlMessages.read(Body.self, line.dropLast()))
        precondition(again.count == line.count, "\(body) came back otherwise")
    } catch {
        fatalError("\(body) does not come back: \(error)")
    }
}

extension Samples {
    fileprivate static let controlRequests: [ControlRequest] = [
        .watch, .look, .change(.launch(file: "/a\nb.yaml", overrides: ["name=x y"], folder: "/home")),
        .change(.resume(["faces"])), .change(.cancel(sweep: "faces", where: "state = failed")),
        .change(.retry(sweep: "faces", where: nil)), .change(.drain(host: "far", reason: "slow \u{1}")),
        .change(.undrain(host: "far")), .read(LogQuestion(attempt: attempt, stream: .errors, offset: -100)),
    ]

    fileprivate static var controlAnswers: [ControlAnswer] {
        let running = FleetSnapshot.Running(
            attempt: attempt, kind: .train, training: training, trials: [trial],
            progress: .init(done: 1, of: 2, unit: "steps", rate: 3), seconds: 4)
        let fleet = FleetSnapshot(
            trials: [.waiting: 2, .failed: 1], total: 3,
            hosts: [
                .init(name: "far", status: .unreachable("no route"), slots: 2, running: [running], backlog: 1),
                .init(name: "near", status: .connected, slots: 1, running: [], backlog: 0),
            ], workDone: 0, workWanted: 1, measuresLeft: 2, elapsedSeconds: 3, secondsLeft: .infinity,
            imagesPerSecond: .nan)
        return [
            .view(RunView(process: 12, fleet: fleet, progress: RunProgress(fraction: 0.5), notices: ["far: silent"])),
            .ending, .ended(status: 6),
            .done(.init(count: 3, sweeps: ["a"], notes: ["b"])), .refused(status: 3, message: "no such key"),
            .log(LogPiece(offset: 1, end: 3, text: "é", isComplete: false)),
        ]
    }
}
