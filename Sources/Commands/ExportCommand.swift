import ArgumentParser
import Foundation
import Glibc
import ResultCatalogue
import ResultQueries
import SweepModel

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write every measurement of a sweep to a file for other programs.",
        discussion: """
            eigensweep export demo --format csv --out demo.csv
            eigensweep export demo --format ndjson --out demo.ndjson
            eigensweep export demo --format catalogue --out demo.sqlite

            A row a number: its trial, the keys that vary, measure, quantity, noise level, value, and its standard error. \
            Nothing of hosts or paths. The file appears whole or not at all, and takes the place of an earlier one.

            `--format catalogue` makes a catalogue of the sweep for others to read: `query`, `analyze` and `merge` take it, \
            and a sweep launched on a copy of it computes nothing that it has. It holds no names of hosts or machines, \
            folders, output of workers, notes, weights or pictures.
            """)

    enum Form: String, CaseIterable, ExpressibleByArgument { case csv, ndjson, catalogue }

    @Argument(help: "The sweep's name or file.", completion: .sweeps)
    var sweep: String
    @Option(help: "csv, ndjson or catalogue.")
    var format: Form
    @Option(help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
    var out: String
    @OptionGroup var catalogue: CatalogueOptions

    func run() throws {
        let reader = try CatalogueReader(path: catalogue.path)
        var request = QueryRequest()
        request.sweep = try reader.sweepName(sweep)
        guard format != .catalogue else { return try writeCatalogue(of: request.sweep ?? sweep, in: reader) }
        for line in try MissingMeasures(request, in: reader).lines { Terminal.note("note: \(line)") }
        let written = try WholeFile(out)
        for line in try Query(reader).write(request, format == .csv ? .csv : .ndjson, to: written.append) {
            Terminal.note("note: \(line)")
        }
        try written.finish()
        Terminal.print(out)
    }

    private func writeCatalogue(of name: String, in reader: CatalogueReader) throws {
        guard CatalogueFile.resolve(out) != reader.path else {
            throw CommandFailure(.usage, "\(out) is the catalogue itself: expected another file")
        }
        let written = try WholeFile(out)
        try withTemporaryDirectory { directory in
            let made = directory.appendingPathComponent("catalogue.sqlite")
            let teachers = try TeacherSweeps(reader: reader).names(for: name)
            try Catalogue.publish(name, and: teachers, of: reader, to: made.path)
            try Data(contentsOf: made, options: .mappedIfSafe).withUnsafeBytes(written.append)
        }
        try written.finish()
        Terminal.print(out)
    }
}

/// A file that appears under its name only once it is whole.
private final class WholeFile {
    private let path: String
    private let partial: String
    private let descriptor: Int32

    init(_ path: String) throws {
        self.path = path
        partial = "\(path).\(getpid()).partial"
        descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Self.failure(path) }
    }

    deinit {
        close(descriptor)
        unlink(partial)
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        guard Terminal.writeAll(bytes, to: descriptor) else { throw Self.failure(path) }
    }

    func finish() throws {
        guard fsync(descriptor) == 0, rename(partial, path) == 0 else { throw Self.failure(path) }
    }

    private static func failure(_ path: String) -> CommandFailure {
        CommandFailure(.usage, "\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
}
