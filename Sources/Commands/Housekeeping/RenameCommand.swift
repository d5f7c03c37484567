import ArgumentParser
import JobContract
import ResultCatalogue

struct RenameCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename",
        abstract: "Give a sweep another name.",
        discussion: """
            eigensweep rename first-try lengths-at-scale-8

            Its trials and results keep their places and IDs. A file that says the old name launches a sweep of that name \
            anew, which has the same trials without computing them again. A sweep that runs is refused.
            """)

    @Argument(help: "The sweep's name or file.", completion: .sweeps)
    var sweep: String
    @Argument(help: "The name it gets.")
    var name: String
    @OptionGroup var catalogue: CatalogueOptions

    func run() throws {
        try catalogue.requireCatalogue()
        let old = try CatalogueReader(path: catalogue.path).sweepName(sweep)
        if let fault = PlainName.fault(name) {
            throw CommandFailure(.usage, "\"\(name)\" cannot be a sweep's name: \(fault)")
        }
        _ = try WishChange.deliver(.rename(sweep: old, to: name), to: catalogue)
        Terminal.note("sweep \(old) is called \(name)")
    }
}
