import Foundation
import JobContract
import Measures
import Testing

@testable import JobExecution

struct EventWriterTests {
    /// A pipe that takes less than a line breaks it off; the next line must not continue it.
    @Test func anEventAfterHalfALineStartsItsOwn() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        for end in ends { try #require(fcntl(end, F_SETFL, O_NONBLOCK) == 0) }
        let writer = EventWriter(file: ends[1])
        let long = String(repeating: "x", count: 1 << 20)
        #expect(throws: EventsUnwritable.self) { try writer.send(.failed(.init(kind: .internal, message: long))) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        let half = read(ends[0], &buffer, buffer.count)
        #expect(half > 0 && !buffer[..<half].contains(UInt8(ascii: "\n")))
        try writer.send(.finished)
        try writer.send(.finished)
        let rest = read(ends[0], &buffer, buffer.count)
        #expect(rest > 0)
        let text = String(decoding: buffer[..<max(rest, 0)], as: UTF8.self)
        let line = #"{"event":"finished"}"#
        #expect(text == "\n\(line)\n\(line)\n")
    }

    @Test func whoIsBlamedForAMeasureDependsOnWhatItLacks() {
        #expect(JobFailure(MeasureError("no AVX2", isHosts: true)).kind == .unfitHost)
        #expect(JobFailure(MeasureError("no such measure")).kind == .unsupported)
    }
}
