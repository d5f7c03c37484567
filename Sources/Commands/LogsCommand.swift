import ArgumentParser
import Foundation
import JobContract
import ResultCatalogue
import ResultQueries
import SweepModel

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what an attempt at a trial wrote to standard error.",
        discussion: """
            A running attempt's host is asked, through the coordinator that runs; the catalogue has the last lines of an \
            attempt that is over. The ID of a training means the last attempt at any of its trials.

            eigensweep logs 3f2a91bc --follow
            eigensweep logs '@demo: dataset.size=256, model.scale=8, seed=0' --attempt 7
            """)

    @Argument(help: "\(TrialNaming.help)", completion: .trials)
    var trial: String
    @Option(parsing: .unconditional, help: "Which attempt (default: the last).")
    var attempt: Int?
    @Flag(name: .long, help: "Go on showing what comes, until the attempt is over.")
    var follow = false
    @Flag(name: .long, help: "The events a running attempt wrote, instead of standard error.")
    var events = false
    @OptionGroup var catalogue: CatalogueOptions

    func run() throws {
        let reader = try CatalogueReader(path: catalogue.path)
        let naming = TrialNaming(reader)
        let id = try named(naming, reader)
        let attempts = try reader.attempts(at: id)
        let name = naming.names.name(id)
        guard let last = attempts.last else {
            return Terminal.note("\(name): no attempt has been made yet")
        }
        guard let story = attempt.map({ number in attempts.first { $0.attempt.value == number } }) ?? last else {
            let numbers = attempts.map { String($0.attempt.value) }.joined(separator: ", ")
            throw CommandFailure(.usage, "there is no attempt \(attempt ?? 0) at \(name); its attempts are \(numbers)")
        }
        Terminal.note("\(name)\n\(story.summary)")
        if story.isOpen { try showRunning(story, reader) } else { showEnded(story) }
    }

    /// The trial that is named; of several of one training, that of the last attempt.
    private func named(_ naming: TrialNaming, _ reader: CatalogueReader) throws -> TrialID {
        let found = try naming.trials(trial)
        let ends = try found.map { ($0, try reader.attempts(at: $0).last) }
        let trainings = Set(ends.compactMap { $0.1?.training })
        guard found.count > 1, trainings.count == 1,
            let last = ends.max(by: { ($0.1?.attempt.value ?? 0) < ($1.1?.attempt.value ?? 0) })
        else { return try naming.trial(trial) }
        return last.0
    }

    private func showEnded(_ story: AttemptStory) {
        if let reason = story.reason { Terminal.note("reason: \(reason)") }
        if events { Terminal.note("its events are recorded: `eigensweep query` shows what came of them") }
        guard let said = story.diagnostics else { return Terminal.note("it wrote nothing to standard error") }
        Terminal.print(said)
    }

    private func showRunning(_ story: AttemptStory, _ reader: CatalogueReader) throws {
        guard let client = ControlClient(catalogue: catalogue.path) else {
            return Terminal.note("no coordinator runs that could ask \(story.host); `eigensweep resume` starts one")
        }
        var isBlank = true
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
            if isBlank, piece.end == 0, !events {
                Terminal.note("nothing was written to standard error yet; `--events` shows what the worker reports")
            }
            isBlank = false
            question.offset = piece.end
            if piece.isComplete || (!grew && !follow) { return }
            if !grew { usleep(500_000) }
        }
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
