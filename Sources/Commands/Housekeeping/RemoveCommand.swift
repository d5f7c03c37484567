import ArgumentParser
import ContentStore
import Foundation
import JobContract
import ResultCatalogue
import SweepModel

struct RemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove sweeps, or trials with their results, from the catalogue.",
        discussion: """
            eigensweep remove first-try
            eigensweep remove first-try --files --yes
            eigensweep remove '@demo: dataset.size=256, seed=0'

            Shows what would go, and asks. A trial that another sweep lists stays, and so does everything of it. What is \
            removed is gone: only training gives it again. A sweep that runs, here or on hosts, is refused.
            """)

    @Argument(help: ArgumentHelp(Subject.help, valueName: "sweep|trial"), completion: .sweeps)
    var subjects: [String]
    @Flag(help: "Remove the files of the store, too, that nothing names any more.")
    var files = false
    @Flag(help: "Do not ask.")
    var yes = false
    @OptionGroup var catalogue: CatalogueOptions

    func run() throws {
        try catalogue.requireCatalogue()
        let naming = TrialNaming(try CatalogueReader(path: catalogue.path))
        var sweeps: [String] = []
        var trials: [TrialID] = []
        for subject in try subjects.map({ try Subject($0, in: naming).remark }) {
            switch subject {
            case .sweep(let name): if !sweeps.contains(name) { sweeps.append(name) }
            case .trial(let id): if !trials.contains(id) { trials.append(id) }
            }
        }
        let foreseen = try deliver(.remove(sweeps: sweeps, trials: trials, isDone: false))
        try requireRest(
            foreseen, of: sweeps.first ?? trials.first.flatMap { try naming.reader.sweeps(listing: $0).first })
        Terminal.note(words(foreseen))
        guard foreseen.trials > 0 || !sweeps.isEmpty else { return Terminal.note("nothing is removed") }
        guard try isMeant() else { return Terminal.note("nothing is removed") }
        let removal = try deliver(.remove(sweeps: sweeps, trials: trials, isDone: true))
        Terminal.note("removed")
        if files { try free(removal) }
    }

    private func deliver(_ change: WishChange) throws -> Removal {
        try WishChange.deliver(change, to: catalogue).removal ?? Removal()
    }

    /// Throws while hosts have jobs of what is to go: their results would come for trials that nobody knows.
    private func requireRest(_ removal: Removal, of sweep: String?) throws {
        guard removal.openAttempts > 0 else { return }
        let sweep = sweep.map(ShellWord.quoted) ?? "SWEEP"
        let option = CatalogueOptions.option(for: CatalogueFile.resolve(catalogue.path))
        throw CommandFailure(
            .usage,
            "nothing is removed: hosts have \(Readable.counted(removal.openAttempts, "job")) of it. Take them back, and have "
                + "hosts end them, with\n  eigensweep cancel \(sweep)\(option)\n  eigensweep resume \(sweep)\(option)")
    }

    private func words(_ removal: Removal) -> String {
        var lines = removal.sweeps.map { "sweep \($0) goes" }
        lines.append(
            "\(Readable.trials(removal.trials)) \(removal.trials == 1 ? "goes" : "go"), with "
                + Readable.counted(removal.measurements, "measurement"))
        if removal.staying > 0 {
            lines.append(
                "\(Readable.trials(removal.staying)) \(removal.staying == 1 ? "stays" : "stay"), listed by "
                    + removal.keepers.joined(separator: ", "))
        }
        if removal.files > 0 {
            lines.append(
                "\(Readable.counted(removal.files, "file")) of the store (\(Readable.bytes(removal.bytes))) "
                    + (files
                        ? (removal.files == 1 ? "goes too" : "go too")
                        : "will be named by nothing: --files removes them, `eigensweep store --free` does so later"))
        }
        return lines.joined(separator: "\n")
    }

    private func isMeant() throws -> Bool {
        if yes { return true }
        guard let answer = TerminalInteraction().ask("Remove it? [y/N]", isShown: true) else {
            throw CommandFailure(.usage, "nothing is removed: there is no terminal to ask on; say --yes")
        }
        return ["y", "yes"].contains(answer.lowercased())
    }

    private func free(_ removal: Removal) throws {
        guard removal.files > 0, try !StoreCommand.free(catalogue) else { return }
        Terminal.note(
            "the files stay while a coordinator runs; when it has ended, remove them with\n  "
                + StoreCommand.command(catalogue))
    }
}
