import ArgumentParser
import CPosix
import Glibc

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Do one job.",
        discussion: """
            eigensweep-worker run --job job.json

            Reads a job description as JSON, writes events as lines of JSON to standard output and files to the \
            working directory. SIGTERM asks it to checkpoint and pause.

            Exit status: 0 finished or paused, 1 failed (the event says why), 64 wrong usage, 75 no job could
            be read or no events written.
            """)

    @Option(
        help: "The file with the job description; standard input when left out.",
        completion: .file(extensions: ["json"]))
    var job: String?

    func run() throws {
        let runner = JobRunner()
        let outcome: JobRunner.Outcome
        do {
            let text: [UInt8]
            if let job {
                text = try InputFile.read(job, what: "the job description")
            } else {
                text = try InputFile.readAll(STDIN_FILENO, path: "standard input", what: "the job description from")
            }
            outcome = runner.run(text)
        } catch let failure as JobFailure {
            Diagnostics.write("\(failure.kind.rawValue): \(failure.message)")
            outcome = .hostFault
        }
        if outcome != .done { throw ExitCode(outcome.rawValue) }
    }
}
