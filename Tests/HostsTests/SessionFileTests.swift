import Foundation
import JobContract
import TestSupport
import Testing

@testable import Supervision

/// Bytes that go through a shared directory arrive whole and in order, whichever part of the files can be seen at what
/// time.
struct SessionFileTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("es-session-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    @Test func whatIsWrittenIsReadOverSeveralFiles() throws {
        try withFolder { folder in
            var (writer, reader) = (SessionWriter("\(folder)/in"), SessionReader("\(folder)/in"))
            var (sent, read): ([UInt8], [UInt8]) = ([], [])
            for round in 0..<30 {
                let bytes = (0..<(1 << 20) + round).map { UInt8(truncatingIfNeeded: $0 &* (round + 1)) }
                sent += bytes
                try writer.append(bytes)
                read += reader.read()
            }
            writer.end()
            while case let more = reader.read(), !more.isEmpty { read += more }
            #expect(read == sent)
            #expect(reader.isOver)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(files.count == 1, "what was read is removed")
        }
    }

    /// Another machine may see a file's length before its bytes, which are zeros until then.
    @Test func bytesThatAreNotThereYetAreWaitedFor() throws {
        try withFolder { folder in
            var writer = SessionWriter("\(folder)/whole")
            for piece in ["first", "second", "third"] { try writer.append(Array(piece.utf8)) }
            let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/whole.0")))
            let seen = URL(fileURLWithPath: "\(folder)/seen.0")
            for length in 0...whole.count {
                for holes in [0, whole.count - length] {
                    var reader = SessionReader("\(folder)/seen")
                    let bytes = Array(whole[..<length]) + [UInt8](repeating: 0, count: holes)
                    try Data(bytes).write(to: seen)
                    let before = reader.read()
                    #expect("firstsecondthird".utf8.starts(with: before))
                    try Data(whole).write(to: seen)
                    #expect(before + reader.read() == Array("firstsecondthird".utf8))
                }
            }
        }
    }

    @Test func aPilotThatWasBegunOnceIsNotBegunAgain() throws {
        try withFolder { folder in
            let first = try AllocationPlace.make("\(folder)/started", [1], mark: "one")
            let second = try AllocationPlace.make("\(folder)/started", [2], mark: "two")
            #expect(first && !second)
            #expect(Files.read("\(folder)/started") == [1])
        }
    }
}
