import Foundation
import Testing

@testable import Commands

@Suite struct BackgroundLogTests {
    @Test func aLogThatGrowsTooLongGoesOnInANewFile() throws {
        let path = "/tmp/es-log-\(UInt32.random(in: 0...UInt32.max))"
        defer { for file in [path, path + ".1"] { unlink(file) } }
        let log = BackgroundLog(path: path, longest: 100)
        let descriptor = log.open()
        defer { close(descriptor) }
        func say(_ text: String) {
            log.bound(descriptor)
            let bytes = Array((text + "\n").utf8)
            #expect(write(descriptor, bytes, bytes.count) == bytes.count)
        }
        for line in 1...50 { say("line \(line)") }
        let now = try String(contentsOfFile: path, encoding: .utf8)
        let before = try String(contentsOfFile: path + ".1", encoding: .utf8)
        #expect(now.hasSuffix("line 50\n"))
        #expect(now.utf8.count <= 120 && before.utf8.count <= 120)
        let kept = (before + now).split(separator: "\n")
        #expect(
            kept == (51 - kept.count...50).map { "line \($0)" }[...].map { Substring($0) }, "nothing between is lost")
        // An output that is no file, such as a terminal, is left alone.
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        log.bound(ends[1])
        #expect(fcntl(ends[1], F_GETFL) & O_ACCMODE == O_WRONLY)
        for end in ends { close(end) }
    }
}
