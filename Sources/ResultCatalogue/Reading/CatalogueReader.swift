import Foundation
import GRDB
import JobContract
import SweepModel

/// Reads a catalogue and cannot write. It works beside an active writer without blocking it, and sees whole transactions.
package struct CatalogueReader: Sendable {
    /// The file, symbolic links followed.
    package let path: String
    /// The catalogue's id.
    package let id: String

    let database: any DatabaseReader

    init(database: any DatabaseReader, path: String, id: String) {
        self.database = database
        self.path = path
        self.id = id
    }

    /// Opens the catalogue at `path` for reading only, also where nothing can be written beside it.
    ///
    /// Throws `CatalogueError`: `.missing` where there is none or the file is empty, `.query` for an earlier release's
    /// schema, which only its writer brings up to date, and `.foreign`, `.newer`, `.corrupt` and `.unwritable`.
    package init(path given: String) throws {
        let path = CatalogueFile.resolve(given)
        guard FileManager.default.fileExists(atPath: path) else {
            throw CatalogueError(
                .missing,
                "\(given): there is no catalogue here; `eigensweep launch` makes one, --catalogue names another")
        }
        try CatalogueFile.checkHeader(path)
        (database, id) = try CatalogueError.translating(path) {
            let hasLog = FileManager.default.fileExists(atPath: path + "-wal")
            let queue = try DatabaseQueue(
                path: try CatalogueFile.readingPath(path), configuration: CatalogueFile.configuration(readOnly: true))
            OpenCatalogues.add(reader: queue, at: path, leavesLog: !hasLog)
            let id = try queue.read { db in
                let condition = try Pages.check(db, path: path)
                let (isNew, version) = try CatalogueFile.checkSchema(db, path: path)
                guard !isNew else {
                    throw CatalogueError(
                        .missing,
                        "\(path): the file is empty, not yet a catalogue, which `eigensweep launch` makes; if it is a copy, what "
                            + "its original holds lies in the -wal file beside that: copy both")
                }
                guard version == Schema.version else {
                    throw CatalogueError(
                        .earlier,
                        "\(path): written by an earlier eigensweep (schema \(version)); `eigensweep resume` brings it "
                            + "up to schema \(Schema.version)")
                }
                try ForeignSchema.checkNames(db, path: path)
                if let caution = condition.caution(path) { CatalogueFile.caution(caution) }
                if condition.isUnsealed { try CatalogueFile.checkTypes(db, path: path) }
                return try String.fetchOne(db, sql: "SELECT catalogue_id FROM catalogue_identity")
            }
            guard let id else {
                throw CatalogueError(.corrupt, "\(path): the catalogue has lost its identity; restore it from a copy")
            }
            return (queue, id)
        }
        self.path = path
    }

    /// Whether it is this connection.
    package func isSame(as other: CatalogueReader) -> Bool { database === other.database }

    func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try CatalogueError.translating(path) {
            try database.read { db in
                try Pages.check(db, path: path)
                return try body(db)
            }
        }
    }
}

extension CatalogueReader {
    /// The number of the next attempt, greater than that of every attempt whose intent was ever committed. Numbers that no
    /// catalogue reaches by itself do not count: an earlier release took them from a host.
    package func nextAttemptNumber() throws -> AttemptNumber {
        let sql = "SELECT max(number) FROM attempt WHERE number < \(AttemptNumber.mostGiven)"
        return AttemptNumber(try read { try Int.fetchOne($0, sql: sql) ?? 0 } + 1)
    }
}
