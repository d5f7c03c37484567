import Foundation
import JobContract
import Supervision

/// The lines that a worker writes, in a real file, and what its agent makes of them by the real code.
final class SimulatedLines {
    /// Something that the agent tells of the attempt.
    struct Word {
        let event: WorkerEvent
        let line: [UInt8]
        let end: Int
        /// Whether the line broke the contract, so that the worker is stopped.
        var isBreach = false
    }
    private let path: String
    private var reader: EventFollower
    /// What the agent tells in place of lines, by where these end.
    private var problems: [Int: WorkerEvent] = [:]
    /// What the worker was about to say as it was cut off. Its agent knows nothing of it.
    private var torn: WorkerEvent?

    init(path: String) {
        self.path = path
        reader = EventFollower(path: path, from: 0)
        _ = FileManager.default.createFile(atPath: path, contents: nil)
    }

    /// How far the agent has read.
    var position: Int { reader.position }

    static func line(_ event: WorkerEvent) -> [UInt8] { ((try? JSONText.encode(event)) ?? []) + [10] }

    func write(_ bytes: [UInt8]) {
        change { file in
            try file.seekToEnd()
            try file.write(contentsOf: Data(bytes))
        }
    }

    /// Changes the file. A failure here is none of the schedule's faults.
    private func change(_ body: (FileHandle) throws -> Void) {
        do {
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            try body(file)
            try file.close()
        } catch { fatalError("\(path): \(error)") }
    }

    /// Lets the worker die as it writes: only so many bytes of the line are there.
    func tear(_ event: WorkerEvent, after count: Int) {
        write(Array(Self.line(event).prefix(count)))
        torn = event
    }

    /// Removes the last bytes, which never reached the disk.
    func lose(_ count: Int) {
        change { file in
            let end = try file.seekToEnd()
            try file.truncate(atOffset: end - min(end, UInt64(count)))
        }
    }

    /// Lets the agent tell everything from there on, to another coordinator.
    func tell(from offset: Int) { reader = EventFollower(path: path, from: offset) }

    /// Lets another agent read on, which does not know what was wrong before.
    func isTakenOver(from offset: Int) {
        problems = [:]
        tell(from: offset)
    }

    /// The files that the worker named.
    var files: [Digest] {
        let all = EventFollower(path: path, from: 0)
        var files: [Digest] = []
        while let line = all.next(atEnd: true) { files += line.event?.files.map(\.digest) ?? [] }
        return files
    }

    func endByLastWord(from offset: Int) -> AttemptEnd {
        EventFollower(path: path, from: offset).endByLastWord()
    }

    /// The next thing to tell; nil: there is none yet.
    func next(atEnd: Bool, _ mutant: Mutant) -> Word? {
        while let line = reader.next(atEnd: atEnd) {
            if let problem = problems[line.end] { return told(problem, line.end) }
            if let event = line.event ?? mutant.event(in: line.bytes) {
                return Word(event: event, line: line.bytes, end: line.end)
            }
            if line.isCut, mutant == .tornLinesCount, let torn { return told(torn, line.end) }
            guard line.isWhole, problems.isEmpty else { continue }
            let problem = WorkerEvent.failed(.init(kind: .internal, message: "its line is no event"))
            problems[line.end] = problem
            var word = told(problem, line.end)
            word.isBreach = true
            return word
        }
        reader.close()
        return nil
    }

    private func told(_ event: WorkerEvent, _ end: Int) -> Word {
        Word(event: event, line: Self.line(event).dropLast(), end: end)
    }
}
