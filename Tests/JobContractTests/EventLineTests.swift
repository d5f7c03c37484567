import Foundation
import JobContract
import Testing

/// Lines are taken apart by hand where that is quick, and mean the same as by the compiler's coding.
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
    func `what is no event is none`(_ line: String) {
        #expect(WorkerEvent(line: Array(line.utf8)) == nil)
        #expect(throws: (any Error).self) { try JSONDecoder().decode(WorkerEvent.self, from: Data(line.utf8)) }
    }
}
