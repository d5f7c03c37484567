import Foundation
import JobContract
import Testing

/// Lines are taken apart by hand where that is quick, and then mean what the compiler's coding makes of them.
struct EventLineTests {
    private static let file = #"{"path":"weights","digest":"\#(String(repeating: "a7", count: 32))","bytes":12}"#
    private static let started =
        #""event":"started","contract":1,"worker":"w","numerics":2,"build":"b","cpu":"c","kernels":"avx2""#
    private static let checkpoint = #""event":"checkpoint","steps":5,"milestone":true,"parameters":9,"seconds":1.5"#

    @Test(arguments: [
        "{\(started)}", "{\(started),\"more\":[1]}", "{\(checkpoint)}",
        "{\(checkpoint),\"weights\":\(file)}", "{\(checkpoint),\"state\":\(file),\"weights\":null}",
        "{\(checkpoint),\"weights\":\(file),\"losses\":[]}", #"{"event":"finished"}"#, #"{"event":"finished","x":0}"#,
        #"{"event":"paused","steps":3}"#, #"{"event":"failed","kind":"diverged","message":"m"}"#,
    ])
    func `events are read`(_ line: String) throws {
        #expect(
            try WorkerEvent(line: Array(line.utf8)) == JSONDecoder().decode(WorkerEvent.self, from: Data(line.utf8)))
    }

    @Test(arguments: [
        "", "{", "[]", "{}", #"{"event":"unheard"}"#, #"{"event":"started","contract":1}"#,
        "{\(started.replacing("\"w\"", with: "7"))}", "{\(checkpoint.replacing("true", with: "1"))}",
        "{\(checkpoint),\"weights\":{}}", "{\(checkpoint),\"weights\":\(file.replacing("a7", with: "g7"))}",
        "{\(checkpoint),\"state\":\(file.replacing("12", with: "\"12\""))}", "{\(checkpoint),\"losses\":7}",
    ])
    func `a line that is no event is not read as one`(_ line: String) {
        #expect(WorkerEvent(line: Array(line.utf8)) == nil)
        #expect(throws: (any Error).self) { try JSONDecoder().decode(WorkerEvent.self, from: Data(line.utf8)) }
    }

    /// Without this a member whose name has a damaged byte would be missing, and the rest believed.
    @Test(arguments: [
        "{\(started)}", "{\(checkpoint),\"weights\":\(file),\"losses\":[[5,0.5]]}",
        #"{"event":"paused","steps":3}"#, #"{"event":"failed","kind":"diverged","message":"m"}"#,
    ])
    func `a line with a byte that no JSON has there is no event`(_ line: String) {
        #expect(WorkerEvent(line: Array(line.utf8)) != nil)
        for place in 0..<line.utf8.count {
            for byte in [0, 1, 31, 0x80, 0xC3, 0xFF] as [UInt8] {
                var bytes = Array(line.utf8)
                bytes[place] = byte
                #expect(WorkerEvent(line: bytes) == nil, "byte \(byte) at \(place)")
            }
        }
    }
}
