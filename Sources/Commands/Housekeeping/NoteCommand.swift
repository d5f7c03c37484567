import ArgumentParser
import ResultCatalogue

struct NoteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "note",
        abstract: "Write a note about a sweep or a trial, or show it.",
        discussion: """
            eigensweep note demo "held-out images were too few; see lengths-2"
            eigensweep note 3f2a91bc "copies one face in every second sample"
            eigensweep note demo

            A note takes the place of the one before; --remove takes it away. `trials --note WORDS` finds trials by their \
            notes.
            """)

    @Argument(help: ArgumentHelp(Subject.help, valueName: "sweep|trial"), completion: .sweeps)
    var subject: String
    @Argument(help: "The note; without it the note is shown.")
    var text: String?
    @Flag(help: "Take the note away.")
    var remove = false
    @OptionGroup var catalogue: CatalogueOptions

    func validate() throws {
        if remove, text != nil { throw ValidationError("give a note or --remove, not both") }
        if text?.isEmpty == true { throw ValidationError("the note is empty; --remove takes it away") }
    }

    func run() throws {
        try catalogue.requireCatalogue()
        let reader = try CatalogueReader(path: catalogue.path)
        let found = try Subject(subject, in: TrialNaming(reader))
        guard remove || text != nil else {
            guard let note = try reader.note(about: found.remark) else {
                return Terminal.note("there is no note about \(found.words)")
            }
            return Terminal.print(note)
        }
        let outcome = try WishChange.deliver(.note(found.remark, text ?? ""), to: catalogue)
        if remove {
            Terminal.note(outcome.count > 0 ? "the note is removed" : "there was no note about \(found.words)")
        } else {
            Terminal.note("noted of \(found.words)")
        }
    }
}
