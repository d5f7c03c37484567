import Foundation
import JobContract
import SweepModel
import Testing

@testable import Commands

/// The file of workers that this account has said yes to is read a line at a time.
@Suite struct TrustedWorkersTests {
    private let directory = NSTemporaryDirectory() + "trusted-workers-" + UUID().uuidString

    private func lines(_ path: String) throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    /// A line that was being written when the power went or the disk was full is lost alone.
    @Test func aCutLineCostsNoOther() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/state/trusted-workers"
        let trusted = TrustedWorkers(path: path)
        let commands = [["first"], ["second"], ["third", "--fast"]].map { WorkerCommand(command: $0) }
        #expect(trusted.add(commands[0], of: "s", in: "c") == nil)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for cut in [whole.count - 1, whole.count / 2, 1, 0] {
            try whole.prefix(cut).write(to: URL(fileURLWithPath: path))
            // This process knows its own worker anyhow; the file is for the next one.
            let next = WorkerCommand(command: ["after", "\(cut)"])
            #expect(trusted.add(next, of: "s", in: "c") == nil)
            let found = try lines(path)
            #expect(found.count == (cut == 0 ? 1 : 2))
            let said = try #require(JSONText.object(found[found.count - 1]))
            #expect(said["command"]?.arrayValue?.compactMap(\.stringValue) == next.command)
            if cut == whole.count - 1 { #expect(found.first == String(decoding: whole.dropLast(), as: UTF8.self)) }
        }
    }
}
