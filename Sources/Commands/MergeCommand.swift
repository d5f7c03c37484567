import ArgumentParser
import ContentStore
import Foundation
import JobContract
import ResultCatalogue

struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Take in another catalogue's results; what both have is compared, never overwritten.",
        discussion: """
            eigensweep merge theirs/catalogue.sqlite
            eigensweep merge theirs/catalogue.sqlite --files
            """)

    @Argument(help: "The other catalogue's file; it is only read.", completion: .file())
    var other: String
    @Flag(help: "Copy the other's checkpoints and artifacts too, from the store beside it.")
    var files = false
    @OptionGroup var catalogue: CatalogueOptions

    func run() throws {
        guard FileManager.default.fileExists(atPath: other) else {
            throw CommandFailure(
                .catalogue, "\(other): there is no catalogue here; expected the file of the one to take in")
        }
        let reader = try CatalogueReader(path: other)
        let ours = try Catalogue(path: catalogue.path)
        // Files are in the store before the catalogue names them. A merge that is cut off here goes on when it is repeated.
        let copies = files ? try copyFiles(of: reader) : nil
        let damaged = copies?.damaged ?? []
        let outcome = try ours.merge(reader, states: files)
        if let copies { Terminal.print(copies.words) }
        Terminal.print(
            "\(Readable.counted(outcome.trials, "new trial")), \(Readable.counted(outcome.checkpoints, "checkpoint")) and "
                + "\(Readable.counted(outcome.measures, "measure")) from \(other)")
        if !outcome.sweeps.isEmpty {
            Terminal.print(
                "new sweeps: \(outcome.sweeps.joined(separator: ", ")); what they lack is cancelled here, "
                    + "`eigensweep retry SWEEP` wants it")
        }
        if outcome.remarks > 0 {
            Terminal.print(
                "took in \(Readable.count(outcome.remarks)) \(outcome.remarks == 1 ? "note or tag" : "notes and tags")")
        }
        if outcome.otherNotes > 0 {
            let notes = Readable.counted(outcome.otherNotes, "note")
            Terminal.note(
                "note: \(notes) of \(other) \(outcome.otherNotes == 1 ? "says" : "say") something else; ours stand")
        }
        for sweep in outcome.otherSweeps {
            Terminal.note(
                "note: \(other) has another sweep named \(sweep): its results are taken in, its list of trials is not. "
                    + "Launch its file under another name to see them together.")
        }
        for one in outcome.otherFiles {
            Terminal.note(
                ShownText.line(
                    "note: \(other) has results of the worker \(one.worker) with other files than here "
                        + "(\(one.files.joined(separator: ", "))): if they give other results, nothing tells these apart"
                ))
        }
        tell(
            outcome.misnamed.map { trial in
                "trial \(trial.prefix(12)): what \(other) holds of it is not what it is named for: it was damaged or edited "
                    + "there. Nothing of it is taken in."
            } + outcome.refused.map { "\($0.what) of \(other) is not taken in: \($0.reason)" }
                + damaged.map { path in
                    "\(path) is damaged: it has another content than its name says. It is not copied: what is recorded of it "
                        + "is. Mend or remove it and merge again for the file."
                })
        try noteWorkers(of: outcome.sweeps, in: ours.reader)
        let isWhole = outcome.misnamed.isEmpty && outcome.refused.isEmpty && damaged.isEmpty
        guard !outcome.conflicts.isEmpty else {
            if isWhole { return }
            throw ExitStatusError(status: .catalogue)
        }
        for conflict in outcome.conflicts.prefix(20) {
            Terminal.note("conflict: trial \(conflict.trial.prefix(12)): the \(conflict.about) in \(other) differs")
        }
        Terminal.note(
            "\(Readable.counted(outcome.conflicts.count, "result")) differing. Those of \(catalogue.path) stand, those of \(other) are kept as "
                + "evidence: `eigensweep status` shows them.")
        throw ExitStatusError(status: isWhole ? .someFailed : .catalogue)
    }

    /// Shows what was refused, in part where it is much: it may be all of a large file.
    private func tell(_ refusals: [String]) {
        for words in refusals.prefix(20) { Terminal.note("error: " + ShownText.line(words)) }
        if refusals.count > 20 { Terminal.note("error: and \(Readable.count(refusals.count - 20)) more") }
    }

    /// Tells of sweeps whose workers nobody here has allowed.
    private func noteWorkers(of sweeps: [String], in reader: CatalogueReader) throws {
        let strange = try sweeps.filter { name in
            try reader.worker(of: name).map { !TrustedWorkers.ours.contains($0) } ?? false
        }
        guard !strange.isEmpty else { return }
        Terminal.note(
            "note: \(strange.joined(separator: ", ")): the worker is a program of its author's own. It is not run before you "
                + "have seen its command, which `resume` shows, and allowed it")
    }

    /// Copies the files of results. `damaged` are the paths of those whose content is not what their name says.
    private func copyFiles(of reader: CatalogueReader) throws -> (words: String, damaged: [String]) {
        let store = try ContentStore(directory: catalogue.store)
        let source = URL(fileURLWithPath: reader.path).deletingLastPathComponent().path + "/store"
        var (copied, bytes, missing) = (0, 0, 0)
        var damaged: [String] = []
        for (digest, sizes) in try reader.filesOfResults().sorted(by: { $0.key < $1.key }) where !store.contains(digest)
        {
            let path = "\(source)/\(digest.hex.prefix(2))/\(digest.hex)"
            var status = stat()
            // Reading a pipe might never begin, and reading a device never end.
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
                FileManager.default.isReadableFile(atPath: path)
            else {
                missing += 1
                continue
            }
            // A file of another size is another file, and may have no end.
            guard sizes.contains(Int(status.st_size)), try store.takes(copyOf: path, as: digest) else {
                damaged.append(path)
                continue
            }
            copied += 1
            bytes += store.size(of: digest) ?? 0
        }
        if missing > 0 {
            Terminal.note(
                "note: not in the store of \(reader.path), though it names them: \(Readable.counted(missing, "file"))")
        }
        return ("copied \(Readable.counted(copied, "file")) (\(Readable.bytes(bytes)))", damaged)
    }
}

extension ContentStore {
    /// Copies a file into the store; false where it has another content.
    fileprivate func takes(copyOf path: String, as digest: Digest) throws -> Bool {
        do {
            try put(copyOf: path, as: digest)
            return true
        } catch StoreError.wrongContent {
            return false
        }
    }
}
