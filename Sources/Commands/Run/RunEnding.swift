import Coordination
import Foundation
import ResultCatalogue
import SweepModel

/// Says how a run ended, and what to do then.
struct RunEnding {
    let sweeps: [ExpandedSweep]
    /// Trials that still wait for samples of others.
    let students: Int
    let workplace: Workplace
    let options: HostOptions
    /// What ended it in order, if it was no person.
    var stop: Stop?

    enum Stop {
        /// The disk here runs full; in words.
        case diskFull(String)
        /// With `--fail-fast`.
        case trialFailed
        /// The hours of `--max-hours` are over.
        case timeOver
    }

    /// Throws `ExitStatusError` for every outcome but "all done".
    func tell(_ outcome: CoordinationOutcome) throws {
        let name = sweeps.count == 1 ? " " + ShellWord.quoted(sweeps[0].name) : ""
        switch outcome {
        case .succeeded where students > 0, .someFailed where students > 0:
            Terminal.note(
                "\(Readable.trials(students)) \(students == 1 ? "waits" : "wait") for samples of trials that did not come to give "
                    + "them; `eigensweep status\(catalogueOption)` says why")
            throw ExitStatusError(status: .someFailed)
        case .succeeded: return Terminal.note(try success())
        case .someFailed(let count):
            let trials = Readable.trials(count)
            let what =
                sweeps.allSatisfy(\.comparisons.isEmpty) ? trials : Readable.counted(count, "trial") + " or comparisons"
            Terminal.note(
                "\(what) failed; `eigensweep status\(name)\(catalogueOption)` says why")
        case .noUsableHost(let reason):
            Terminal.note(
                """
                error: no usable host is left: \(reason)
                `eigensweep hosts check\(hostsOption)` tries each. Once one can be used, go on with:
                  eigensweep resume\(name)\(catalogueOption)\(hostsOption)
                """)
        case .catalogueFailed(let reason):
            Terminal.note("error: the catalogue refused a commit, and nothing of it was acknowledged: \(reason)")
        case .interrupted, .replan:
            let command = "\n  eigensweep resume\(name)\(catalogueOption)\(hostsOption)"
            switch stop {
            case .diskFull(let words):
                Terminal.note("error: \(words):\(command)")
                throw ExitStatusError(status: .catalogue)
            case .trialFailed:
                Terminal.note("stopped at the first failure, as --fail-fast asks. Go on with the others:\(command)")
                throw ExitStatusError(status: .someFailed)
            case .timeOver:
                Terminal.note("stopped, as the hours of --max-hours are over; nothing is lost. Go on with:\(command)")
            case nil: Terminal.note("interrupted; nothing is lost. Go on with:\(command)")
            }
        case .cancelled:
            Terminal.note(
                """
                cancelled; the trials wait for who wants them:
                  eigensweep resume\(name)\(catalogueOption)\(hostsOption)
                  eigensweep cancel\(name.isEmpty ? " SWEEP" : name)\(catalogueOption)
                """)
        }
        throw ExitStatusError(status: ExitStatus(rawValue: outcome.exitCode) ?? .internalError)
    }

    private func success() throws -> String {
        let trials = Set(sweeps.flatMap { $0.trials.map(\.id) }).count
        let names = Set(sweeps.map(\.name))
        let cancelled = try workplace.catalogue.reader.sweeps().filter { names.contains($0.name) }
            .reduce(0) { $0 + $1.counts[.cancelled, default: 0] }
        guard cancelled == 0 else {
            return
                "done, less \(Readable.counted(cancelled, "cancelled trial")), which `eigensweep retry` would want again"
        }
        let done = trials == 1 ? "the trial has its results" : "all \(Readable.count(trials)) trials have their results"
        guard sweeps.count == 1 else { return "done: \(done)" }
        let name = ShellWord.quoted(sweeps[0].name)
        return "done: \(done). See them with:\n  eigensweep trials \(name)\(catalogueOption)\n"
            + "  eigensweep analyze \(name)\(catalogueOption)"
    }

    private var catalogueOption: String { CatalogueOptions.option(for: workplace.catalogue.path) }

    private var hostsOption: String {
        let file = options.hosts.map { " --hosts " + ShellWord.quoted($0) } ?? ""
        let config = options.sshConfig.map { " --ssh-config " + ShellWord.quoted($0) } ?? ""
        return file + config
    }
}

extension CatalogueOptions {
    /// What to add to a command for the catalogue at `path`: nothing for the usual one.
    static func option(for path: String) -> String {
        let usual = URL(fileURLWithPath: defaultPath).standardizedFileURL.path
        return usual == path ? "" : " --catalogue " + ShellWord.quoted(path)
    }
}
