import ArgumentParser
import Foundation
import JobContract
import ResultCatalogue
import SweepModel

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what an attempt at a trial wrote to standard error.",
        discussion: """
            A running attempt's host is asked, through the coordinator that runs; the catalogue has the last lines of an \
            attempt that is over.
            """)

    @Argument(help: "The trial: any unique beginning of its ID.")
    var trial: String
    @Option(help: "Which attempt (default: the last).")
    var attempt: Int?
    @Flag(name: .long, help: "Go on showing what comes, until the attempt is over.")
    var follow = false
    @Flag(name: .long, help: "The events a running attempt wrote, instead of standard error.")
    var events = false
    @OptionGroup var catalogue: CatalogueOptions

    func run() throws {
        let reader = try CatalogueReader(path: catalogue.path)
        let id = try reader.trial(named: trial)
        let attempts = try reader.attempts(at: id)
        guard let last = attempts.last else {
            return Terminal.note("trial \(id.short): no attempt has been made yet")
        }
        guard let story = attempt.map({ number in attempts.first { $0.attempt.value == number } }) ?? last else {
            let numbers = attempts.map { String($0.attempt.value) }.joined(separator: ", ")
            throw CommandFailure(
                .usage, "trial \(id.short) has no attempt \(attempt ?? 0); its attempts are \(numbers)")
        }
        Terminal.note(story.summary)
        if story.isOpen { try showRunning(story, reader) } else { showEnded(story) }
    }

    private func showEnded(_ story: AttemptStory) {
        if events { Terminal.note("its events are recorded: `eigensweep query` shows what came of them") }
        Terminal.print(story.diagnostics ?? story.reason ?? "it wrote nothing to standard error")
    }

    private func showRunning(_ story: AttemptStory, _ reader: CatalogueReader) throws {
        guard let client = ControlClient(catalogue: catalogue.path) else {
            return Terminal.note("no coordinator runs that could ask \(story.host); `eigensweep resume` starts one")
        }
        var question = LogQuestion(attempt: story.attempt, stream: events ? .events : .errors, offset: 0)
        while true {
            guard case .log(let piece)? = try? client.ask(.read(question)) else {
                return Terminal.note("the coordinator has ended; `eigensweep resume` goes on")
            }
            if let problem = piece.problem {
                // Where the attempt has ended in the meantime, the catalogue has its last lines.
                if let now = try reader.attempt(story.attempt), !now.isOpen { return showEnded(now) }
                return Terminal.note("\(story.host): \(problem)")
            }
            if piece.offset > question.offset {
                Terminal.note("[\(Readable.bytes(piece.offset - question.offset)) are no longer kept]")
            }
            if !piece.text.isEmpty { Terminal.printPart(piece.text) }
            let grew = piece.end > question.offset
            question.offset = piece.end
            if piece.isComplete || (!grew && !follow) { return }
            if !grew { usleep(500_000) }
        }
    }
}

extension CatalogueReader {
    /// The trial whose ID begins with `prefix`. Throws `CommandFailure` when there is none, or more than one.
    func trial(named prefix: String) throws -> TrialID {
        let isHex = !prefix.isEmpty && prefix.utf8.count <= 64 && prefix.allSatisfy(\.isHexDigit)
        let found = isHex ? try trials(startingWith: prefix, limit: 6) : []
        guard let first = found.first else {
            throw CommandFailure(
                .usage,
                "no trial of \(path) has an ID that begins with \"\(prefix)\"; expected the first digits of a trial_id, as "
                    + "`eigensweep query` lists them")
        }
        guard found.count == 1 else {
            let shown = found.prefix(5).map { String($0.hex.prefix(16)) }.joined(separator: ", ")
            let more = found.count > 5 ? " and others" : ""
            throw CommandFailure(.usage, "\"\(prefix)\" begins the IDs of several trials: \(shown)\(more)")
        }
        return first
    }
}

extension AttemptStory {
    /// The attempt in one line.
    fileprivate var summary: String {
        let times = (startedAt.map { ", started \($0)" } ?? ", not started") + (endedAt.map { ", ended \($0)" } ?? "")
        let end = outcome.map { ": \($0)" } ?? ""
        return "attempt \(attempt) (\(kind.rawValue)) on \(host)\(times)\(end)"
    }
}
