import CSQLiteSetup
import Foundation
import GRDB
import JobContract
import SweepModel

/// The one writer of a catalogue: an SQLite file in WAL mode with full synchronisation, so that what `commit` returned
/// from survives a loss of power.
///
/// It holds a lock beside the file until it is released or the process ends. One thread at a time may use it.
package final class Catalogue: CatalogueWriter {
    /// The file, symbolic links followed.
    package let path: String
    /// A random name, made with the file, by which hosts tell catalogues apart.
    package let id: String
    /// A number that grows at every coordinator's start; hosts refuse a coordinator with an older one.
    package private(set) var generation: Int
    /// Reads the catalogue as of the last commit.
    package let reader: CatalogueReader

    let queue: DatabaseQueue
    let clock: @Sendable () -> Date
    let lock: WriterLock
    let knownKeys = KnownKeys()

    /// Opens the catalogue at `path`, making it and its directory when there is none, and brings an older release's
    /// schema up to this one's.
    ///
    /// Throws `CatalogueError`: `.locked` when another process writes it, `.foreign`, `.newer`, `.corrupt` for files
    /// that are not ours to write (nothing is changed), `.unwritable`, `.noSpace`.
    package init(path given: String, clock: @escaping @Sendable () -> Date = { Date() }) throws {
        let path = CatalogueFile.resolve(given)
        self.path = path
        self.clock = clock
        try CatalogueFile.checkHeader(path)
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        do {
            try CatalogueFile.makeDirectory(directory)
        } catch {
            throw CatalogueError(
                .unwritable, "\(directory): the catalogue's directory cannot be made; give another --catalogue")
        }
        lock = try WriterLock(catalogue: path)
        (queue, id, generation) = try CatalogueError.translating(path) {
            let queue = try DatabaseQueue(path: path, configuration: CatalogueFile.configuration(readOnly: false))
            let created = Timestamp.text(clock())
            let condition = try queue.inDatabase { db in
                let condition = try Pages.check(db, path: path)
                let (isNew, _) = try CatalogueFile.checkSchema(db, path: path)
                if isNew {
                    _ = sealed_pages_reserve(db.sqliteConnection)
                } else {
                    try CatalogueFile.checkIntegrity(db, path: path, condition)
                    try ForeignSchema.checkTriggers(db, path: path)
                }
                return isNew ? .sealed : condition
            }
            try Schema.claim(queue)
            // Migrations need not survive a loss of power until something else does: what is recorded after them is
            // synchronised with them.
            try queue.inDatabase { try $0.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL") }
            try Schema.migrate(queue)
            try queue.inDatabase { try Pages.seal($0, condition, path: path) }
            let (id, generation) = try queue.inDatabase { db in
                try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = -65536")
                try Pages.open(db, at: created)
                return try Self.identity(db, created: created)
            }
            return (queue, id, generation)
        }
        reader = CatalogueReader(database: queue, path: path, id: id)
        OpenCatalogues.add(writer: queue, at: path)
    }

    deinit { OpenCatalogues.end(writer: queue) }

    private static func identity(_ db: Database, created: String) throws -> (String, Int) {
        try db.execute(
            sql: """
                INSERT INTO catalogue_identity (one, catalogue_id, generation, created_at)
                VALUES (1, lower(hex(randomblob(16))), 0, ?) ON CONFLICT DO NOTHING
                """, arguments: [created])
        guard let row = try Row.fetchOne(db, sql: "SELECT catalogue_id, generation FROM catalogue_identity") else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the catalogue has lost its identity")
        }
        return (row[0], row[1])
    }

    /// Called when a coordinator starts: raises the generation durably and returns it. Trials that an earlier coordinator
    /// left `running` without an open attempt go back to `waiting`.
    @discardableResult
    package func beginGeneration() throws -> Int {
        try releaseStuckTrials()
        return try raiseGeneration()
    }

    /// Raises the generation durably and returns it, which is enough to be let in by hosts, and changes nothing else.
    package func raiseGeneration() throws -> Int {
        let place = String(
            decoding: try JSONText.encode(CatalogueFile.place(of: path)), as: UTF8.self)
        generation = try write { db in
            try db.execute(sql: "UPDATE catalogue_identity SET generation = generation + 1")
            // The nonce tells this start from one of the same number that a copy of the catalogue makes.
            try db.execute(
                sql: """
                    INSERT INTO coordinator_start (generation, nonce, started_at, place)
                    SELECT generation, lower(hex(randomblob(8))), strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), ?
                    FROM catalogue_identity
                    """, arguments: [place])
            return try Int.fetchOne(db, sql: "SELECT generation FROM catalogue_identity") ?? 0
        }
        return generation
    }

    /// Runs `body` in one transaction, which is durable when this returns.
    func write<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try CatalogueError.translating(path) {
            // The transaction takes the write lock at once: two readers that become writers would refuse one another.
            try queue.inDatabase { db in
                var result: Value?
                try db.inTransaction(.immediate) {
                    try Pages.check(db, path: path)
                    result = try body(db)
                    return .commit
                }
                guard let result else { throw DatabaseError(resultCode: .SQLITE_ABORT) }
                return result
            }
        }
    }
}
