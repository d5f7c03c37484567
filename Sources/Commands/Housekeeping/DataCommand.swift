import ArgumentParser
import ContentStore
import DatasetPreparation
import Datasets
import Foundation
import JobContract
import ResultCatalogue
import ResultQueries
import SweepFiles
import SweepModel

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Show what datasets are made of.",
        discussion: """
            eigensweep data list
            eigensweep data check photos.zip --set dataset.resolution=32 --set dataset.channels=3
            eigensweep data show sweeps/faces.yaml --out faces.png
            """,
        subcommands: [List.self, Show.self, Check.self], defaultSubcommand: List.self)
}

extension DataCommand {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the datasets that the catalogue's trainings were made with.",
            discussion: """
                eigensweep data list
                """)
        @OptionGroup var catalogue: CatalogueOptions
        @OptionGroup var output: FormatOptions

        func run() throws {
            let reader = try CatalogueReader(path: catalogue.path)
            let store = try? ContentStore(directory: catalogue.store)
            var table = ResultTable(
                name: "datasets",
                columns: ["source", "resolution", "channels", "dataset", "trainings", "sweeps", "stored_bytes"])
            for dataset in try reader.datasets() {
                let digest = dataset.dataset.flatMap { Digest(hex: $0) }
                let bytes = digest.flatMap { store?.size(of: $0) }
                table.rows.append([
                    .text(dataset.request?.shownSource ?? ""), .integer(Int64(dataset.request?.resolution ?? 0)),
                    .integer(Int64(dataset.request?.channels ?? 0)), .text(digest?.short ?? dataset.dataset ?? ""),
                    .integer(Int64(dataset.trainings)), .text(dataset.sweeps.joined(separator: ", ")),
                    bytes.map { .integer(Int64($0)) } ?? .null,
                ])
            }
            output.print(table)
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read images as a sweep would, and say what became of each kind.",
            discussion: """
                eigensweep data check photos.zip --set dataset.resolution=32 --set dataset.channels=3
                eigensweep data check sweeps/faces.yaml

                Tells how many images were found, skipped, refused and left out as equal to others, and the digest of what \
                trainings would read. Nothing is kept.
                """)
        @OptionGroup var source: SourceOptions

        func run() throws {
            try source.forEach { request, prepared, _ in
                Terminal.print(
                    (prepared.account.lines(request) + ["digest \(prepared.digest.hex)"]).joined(separator: "\n"))
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draw the first images of a dataset, as trainings see them, on one sheet.",
            discussion: """
                eigensweep data show photos.zip --set dataset.resolution=32 --count 100 --out photos.png
                """)
        @OptionGroup var source: SourceOptions
        @Option(help: "How many images.")
        var count = 64
        @Option(help: "The PNG file.", completion: .file(extensions: ["png"]))
        var out = "dataset.png"

        func validate() throws {
            if !(1...10_000).contains(count) { throw ValidationError("--count: expected 1 to 10000, got \(count)") }
        }

        func run() throws {
            var sheets = 0
            try source.forEach { request, prepared, file in
                Terminal.print(prepared.account.lines(request).joined(separator: "\n"))
                sheets += 1
                try draw(file, to: sheets == 1 ? out : Self.numbered(out, sheets))
            }
        }

        private static func numbered(_ path: String, _ number: Int) -> String {
            let url = URL(fileURLWithPath: path)
            return "\(url.deletingPathExtension().relativePath)-\(number).\(url.pathExtension)"
        }

        private func draw(_ file: DatasetFile, to path: String) throws {
            guard !file.isFloat else {
                throw CommandFailure(
                    .usage, "the images are float32 numbers, of which nobody says what is black and white")
            }
            let shown = min(count, file.count)
            let sheet = try ContactSheet.png(
                pixels: try file.pixels(of: Array(0..<shown)), channels: file.channels, height: file.height,
                width: file.width)
            do {
                try Data(sheet).write(to: URL(fileURLWithPath: path), options: .atomic)
            } catch {
                throw CommandFailure(.usage, "\(path) cannot be written: \(error.localizedDescription)")
            }
            Terminal.note("\(path): \(Readable.counted(shown, "image")) of \(Readable.count(file.count))")
        }
    }

    /// Images to look at: those of a sweep file, or of a source with keys of its own.
    struct SourceOptions: ParsableArguments {
        @Argument(
            help: "A zip, folder or file of images, the name of a generator, or a sweep file.", completion: .file())
        var source: String
        @OptionGroup var settings: SetOptions

        /// Calls `body` with each dataset that is asked for, prepared in a folder that goes away again.
        func forEach(_ body: (DatasetRequest, PreparedDataset, DatasetFile) throws -> Void) throws {
            try withTemporaryDirectory { directory in
                let store = try ContentStore(directory: directory.path)
                let preparer = DatasetPreparer(depot: store, progress: PreparationLine.show)
                for request in try requests() {
                    let prepared = try preparer.prepare(request)
                    try body(request, prepared, try DatasetFile(path: store.path(of: prepared.digest)))
                }
            }
        }

        private func requests() throws -> [DatasetRequest] {
            try SweepFileArgument.require(source, in: CatalogueOptions.defaultPath) { name, option in
                "`eigensweep split \(name)\(option)` says which of its images are trained on"
            }
            let isSweep = source.hasSuffix(".yaml") || source.hasSuffix(".yml")
            let file = isSweep ? try ReadSweepFile(source, overrides: settings.overrides).file : try written()
            var found: [DatasetRequest] = []
            do {
                _ = try file.expand(worker: try WorkerProgram(WorkerCommand()).description) { request in
                    if !found.contains(request) { found.append(request) }
                    // Enough images for whatever is asked of them: what is wanted here is only which they are.
                    return DatasetIdentity(keys: ["dataset.digest": .string(Digest(of: "".utf8).hex)], images: 1 << 30)
                }
            } catch let error as SweepFileError where !isSweep {
                // The line number is of a text that this program made.
                throw SweepFileError(error.message, key: error.key, at: TextOrigin(file: source))
            }
            return found
        }

        /// A sweep of the source alone.
        private func written() throws -> SweepFile {
            let text = """
                name: data
                dataset: {source: \(try JSONText.write(.string(path))), size: 1, held_out: 0}
                training: {images: 32}
                """
            return try SweepFile(text: text, file: source, overrides: settings.overrides)
        }

        /// A generator's name, or the path from the root.
        private var path: String {
            ImageGenerator.all.contains { $0.name == source } ? source : URL(fileURLWithPath: source).path
        }
    }
}
