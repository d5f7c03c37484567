import Foundation
import JobContract
import SweepModel
import Testing

/// A worker floods its standard error: the beginning and the end stay, and a reader sees that something is gone between.
@Suite struct LogBoundTests {
    private static let first = AttemptNumber(1)
    /// 400 000 lines of 16 bytes.
    private static let flood = "seq -f '%015.0f' 1 400000 >&2"

    private func allocated(_ scratch: Scratch) throws -> Int {
        let host = scratch.path("host")
        let name = try #require(
            try FileManager.default.subpathsOfDirectory(atPath: host).first { $0.hasSuffix("1/errors") })
        var status = stat()
        #expect(stat("\(host)/\(name)", &status) == 0)
        return Int(status.st_blocks) * 512
    }

    /// All pieces that can be read, with where each begins.
    private func read(_ coordinator: TestCoordinator) throws -> [LogPiece] {
        var pieces: [LogPiece] = []
        var offset = 0
        while true {
            let question = LogQuestion(attempt: Self.first, stream: .errors, offset: offset)
            let piece = try #require(coordinator.fleet.read(question, on: "here"))
            #expect(piece.problem == nil)
            if piece.end == offset { return pieces }
            pieces.append(piece)
            offset = piece.end
        }
    }

    private func gaps(of pieces: [LogPiece]) -> [(LogPiece, LogPiece)] {
        zip(pieces, pieces.dropFirst()).filter { $0.end < $1.offset }
    }

    private func check(_ pieces: [LogPiece]) throws {
        let gaps = gaps(of: pieces)
        try #require(gaps.count == 1, "one middle is cut out")
        let gap = gaps[0]
        #expect(gap.0.end >= 256 << 10, "the beginning is kept")
        #expect((pieces.last?.end ?? 0) - gap.1.offset >= 1 << 20, "the end is kept")
        #expect(pieces.first?.text.hasPrefix("000000000000001\n000000000000002\n") == true)
        #expect(pieces.last?.text.hasSuffix("000000000399999\n000000000400000\n") == true)
    }

    @Test(arguments: ["await go; finished", "finished"])
    func `only the beginning and the end of a long standard error are kept`(_ rest: String) throws {
        let scratch = try Scratch()
        let coordinator = try TestCoordinator([scratch.localHost(slots: 1)], scratch: scratch)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        let order = try ScriptedWorker.order(1, in: coordinator.store, "started; \(Self.flood); \(rest)")
        coordinator.send(.start(order), to: "here")
        try coordinator.wait("running") { $0.contains(.running(Self.first)) }
        let isRunning = rest.contains("await")
        if !isRunning { #expect(try coordinator.waitForEnd() == .exited(code: 0)) }
        var pieces: [LogPiece] = []
        for _ in 0..<300 {
            usleep(100_000)
            pieces = try read(coordinator)
            // What is read may be older than what the disk says, so the loop asks for it alone. A log that grows loses more
            // while it is read.
            if gaps(of: pieces).count == 1, pieces.last?.text.hasSuffix("400000\n") == true { break }
        }
        // A log that was cut while it grew may have more on the disk than its beginning and end, but no more than twice
        // both.
        #expect(try allocated(scratch) <= 2 * (256 << 10 + 1 << 20))
        try check(pieces)
        if isRunning {
            try scratch.write("", "go")
            #expect(try coordinator.waitForEnd() == .exited(code: 0))
        }
    }
}
