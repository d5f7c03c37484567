import ArgumentParser
import JobContract
import ResultCatalogue

struct TagCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag",
        abstract: "Put tags on a sweep or a trial, take them off, or show them.",
        discussion: """
            eigensweep tag 3f2a91bc figure-2,odd
            eigensweep tag demo paper
            eigensweep tag 3f2a91bc odd --remove
            eigensweep tag 3f2a91bc

            Tags are words without blanks and commas. `trials --tag TAG` finds trials by them.
            """)

    @Argument(help: ArgumentHelp(Subject.help, valueName: "sweep|trial"), completion: .sweeps)
    var subject: String
    @Argument(help: ArgumentHelp("The tags; without them those that there are are shown.", valueName: "tag,..."))
    var tags: [String] = []
    @Flag(help: "Take these tags off.")
    var remove = false
    @OptionGroup var catalogue: CatalogueOptions

    func validate() throws {
        if remove, tags.isEmpty { throw ValidationError("--remove: expected the tags to take off") }
        for tag in QueryCommand.list(tags) {
            let fault = tag.contains(where: \.isWhitespace) ? "it holds a blank" : PlainName.fault(tag)
            if let fault { throw ValidationError("\"\(tag)\" cannot be a tag: \(fault)") }
        }
    }

    func run() throws {
        try catalogue.requireCatalogue()
        let reader = try CatalogueReader(path: catalogue.path)
        let found = try Subject(subject, in: TrialNaming(reader))
        let words = QueryCommand.list(tags)
        guard !words.isEmpty else {
            let known = try reader.tags(of: found.remark)
            if known.isEmpty { Terminal.note("\(found.words) has no tags") }
            return known.forEach { Terminal.print($0) }
        }
        let outcome = try WishChange.deliver(.tag(found.remark, words, isSet: !remove), to: catalogue)
        let changed = Readable.counted(outcome.count, "tag")
        Terminal.note("\(found.words): \(remove ? "took off" : "put on") \(changed)")
    }
}
