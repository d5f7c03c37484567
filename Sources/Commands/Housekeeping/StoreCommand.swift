import ArgumentParser
import ContentStore
import Foundation
import JobContract
import ResultCatalogue
import ResultQueries

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Show what takes the space, and free what nothing needs.",
        discussion: """
            eigensweep store
            eigensweep store --free

            Needed are weights, recovery states and files of measures that the catalogue names, its datasets, and the \
            present programs. `remove SWEEP --files` makes room of what is no more wanted.
            """)

    @Flag(help: "Remove the files that nothing needs.")
    var free = false
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var output: FormatOptions

    func run() throws {
        try catalogue.requireCatalogue()
        if free {
            guard try !Self.free(catalogue) else { return }
            throw CommandFailure(
                .usage,
                "a coordinator runs on \(catalogue.path): free what nothing needs, when it has ended, with\n  "
                    + Self.command(catalogue))
        }
        output.print(try StoreUse(catalogue, CatalogueReader(path: catalogue.path)).table(catalogue))
    }

    static func command(_ options: CatalogueOptions) -> String {
        "eigensweep store --free" + CatalogueOptions.option(for: CatalogueFile.resolve(options.path))
    }

    /// Frees what nothing needs; false where a coordinator runs: what is on its way to it is not in the catalogue yet.
    static func free(_ options: CatalogueOptions) throws -> Bool {
        try CatalogueWriting.perform(on: options.path) {
            try Catalogue(path: options.path)
        } here: { catalogue in
            let use = try StoreUse(options, catalogue.reader)
            try use.unneeded.remove(from: use.store)
            Terminal.note(
                use.unneeded.digests.isEmpty
                    ? "nothing to free: every file is needed"
                    : "freed \(Readable.bytes(use.unneeded.bytes)), \(Readable.counted(use.unneeded.digests.count, "file"))"
            )
            return true
        } elsewhere: { _ in
            false
        }
    }
}

/// What takes the space of a catalogue and its store.
struct StoreUse {
    private struct Kind {
        var files = 0
        var bytes = 0
    }

    let store: ContentStore
    let unneeded: UnneededFiles
    private let kinds: [(what: String, use: Kind)]

    init(_ options: CatalogueOptions, _ reader: CatalogueReader) throws {
        store = try ContentStore(directory: options.store)
        let stored = try store.digests()
        let referenced = try reader.referencedFiles()
        let programs = try Programs.workers()
        unneeded = try UnneededFiles(
            of: store, stored: stored, referenced: Set(referenced.map(\.digest)), reader: reader,
            cache: options.datasets,
            programs: programs)
        var roles: [Digest: String] = [:]
        for file in referenced where roles[file.digest] == nil { roles[file.digest] = Self.words(file.role) }
        for digest in unneeded.digests { roles[digest] = Self.needless }
        let current = try UnneededFiles.current(stored, of: store, reader, programs)
        var uses: [String: Kind] = [:]
        for digest in stored {
            let role = roles[digest] ?? (current.contains(digest) ? "programs for hosts" : "datasets")
            uses[role, default: Kind()].files += 1
            uses[role]?.bytes += store.size(of: digest) ?? 0
        }
        kinds = Self.order.compactMap { what in uses[what].map { (what, $0) } }
    }

    private static let needless = "nothing needs"
    private static let order = [
        "weights", "states to go on from", "files of measures", "datasets", "programs for hosts", needless,
    ]

    private static func words(_ role: ReferencedFile.Role) -> String {
        switch role {
        case .weights: order[0]
        case .state, .recoveryPoint: order[1]
        case .artifact: order[2]
        case .dataset: order[3]
        }
    }

    func table(_ options: CatalogueOptions) -> ResultTable {
        var table = ResultTable(name: "store", columns: ["what", "files", "bytes", "size"])
        func add(_ what: String, _ use: Kind) {
            table.rows.append([
                .text(what), .integer(Int64(use.files)), .integer(Int64(use.bytes)), .text(Readable.bytes(use.bytes)),
            ])
        }
        var total = Kind()
        for (what, use) in kinds {
            add(what, use)
            total.files += use.files
            total.bytes += use.bytes
        }
        let path = CatalogueFile.resolve(options.path)
        let files = ["", "-wal", "-shm"].compactMap {
            (try? FileManager.default.attributesOfItem(atPath: path + $0))?[.size] as? Int
        }
        add("the catalogue", Kind(files: files.count, bytes: files.reduce(0, +)))
        add("together", Kind(files: total.files + files.count, bytes: total.bytes + files.reduce(0, +)))
        return table
    }
}
