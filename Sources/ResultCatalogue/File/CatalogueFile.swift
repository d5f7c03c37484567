import CSQLiteSetup
import Foundation
import GRDB
import GRDBSQLite

/// A catalogue's file before it is opened: which program wrote it, and how to connect.
package enum CatalogueFile {
    /// The path with symbolic links followed, so that one file has one lock and one store.
    package static func resolve(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }

    /// Makes a directory and those above it, each durable in its parent: what is recorded in a new catalogue must be found
    /// after a loss of power.
    static func makeDirectory(_ path: String) throws {
        var parents: [String] = []
        var place = URL(fileURLWithPath: path)
        while !FileManager.default.fileExists(atPath: place.path) {
            place.deleteLastPathComponent()
            parents.append(place.path)
        }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for parent in parents {
            let descriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            // Some file systems cannot synchronise directories.
            fsync(descriptor)
            close(descriptor)
        }
    }

    /// Throws unless the file at `path` is absent, empty, or says in its header that it is a catalogue. Changes
    /// nothing, not even beside the file. One that this process has open is believed to be one.
    static func checkHeader(_ path: String) throws {
        if OpenCatalogues.hold(path) { return }
        // With a rollback journal beside it the making of the file was cut off: SQLite decides.
        if FileManager.default.fileExists(atPath: path + "-journal") { return }
        guard let file = FileHandle(forReadingAtPath: path) else {
            if FileManager.default.fileExists(atPath: path) {
                throw CatalogueError(.unwritable, "\(path): the file cannot be read; check its permissions")
            }
            return
        }
        defer { try? file.close() }
        let header: Data
        do {
            header = try file.read(upToCount: 100) ?? Data()
        } catch {
            throw CatalogueError(.foreign, "\(path): not a file that can be read; give another --catalogue")
        }
        if header.isEmpty { return }
        guard header.starts(with: Array("SQLite format 3\0".utf8)) else {
            throw CatalogueError(.foreign, "\(path): not a SQLite database; give another --catalogue")
        }
        guard header.count == 100 else {
            throw CatalogueError(
                .corrupt, "\(path): truncated after \(header.count) bytes; restore the catalogue from a copy")
        }
        func field(_ place: Int) -> Int32 {
            Int32(bitPattern: header[place..<place + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
        }
        try check(application: field(68), version: Int(field(60)), path: path)
    }

    /// The name by which SQLite opens the file at `path` for reading.
    ///
    /// Readers of a file in WAL mode share an index that they make beside it. Where the index cannot be made, nobody can
    /// write either, and the file is read as one that never changes. It throws where a writer left results beside the file,
    /// for they would be missed.
    static func readingPath(_ path: String) throws -> String {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let files = FileManager.default
        guard access(directory, W_OK) != 0, !files.isReadableFile(atPath: path + "-shm") else { return path }
        let left = (try? files.attributesOfItem(atPath: path + "-wal")[.size] as? Int) ?? 0
        guard left == 0 else {
            throw CatalogueError(
                .unwritable,
                "\(path): the folder cannot be written, and \(path)-wal holds results that are not yet in the file; "
                    + "copy both to a folder that can be written and give that --catalogue")
        }
        return unchangingPath(path)
    }

    /// The name by which SQLite attaches the file at `path` for reading.
    static func attachingPath(_ path: String) throws -> String {
        let reading = try readingPath(path)
        return reading == path ? uri(path) + "?mode=ro" : reading
    }

    static func unchangingPath(_ path: String) -> String { uri(path) + "?immutable=1" }

    private static func uri(_ path: String) -> String {
        "file:" + (path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path)
    }

    private static func check(application: Int32, version: Int, path: String) throws {
        guard application == Schema.applicationID else {
            throw CatalogueError(
                .foreign, "\(path): a SQLite database of another program; give another --catalogue")
        }
        guard version <= Schema.version else {
            throw CatalogueError(
                .newer,
                "\(path): written by a later eigensweep (schema \(version), this release knows \(Schema.version)); "
                    + "use that release")
        }
    }

    /// Throws when the open database is another program's or of a later release. `isNew` tells whether it is empty, or
    /// was left before its first migration.
    static func checkSchema(_ db: Database, path: String) throws -> (isNew: Bool, version: Int) {
        let id = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let objects = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        if id == 0, objects == 0 { return (true, 0) }
        try check(application: id, version: version, path: path)
        return (version == 0, version)
    }

    /// The most memory that SQLite takes where it is bounded.
    static let mostMemory: Int64 = 1 << 30
    nonisolated(unsafe) private static var isMemoryBounded = false

    /// Has SQLite take at most 1 GiB in this process. It must be called before the first catalogue is opened.
    package static func boundMemory() { isMemoryBounded = true }

    /// Sets SQLite up, once, before it is used.
    private static let library: Void = {
        // Its accounts of memory cost time, and only a bound needs them.
        if isMemoryBounded { sqlite3_hard_heap_limit64(mostMemory) } else { sqlite_count_no_memory() }
        _ = sealed_pages_install()
    }()

    static func configuration(readOnly: Bool) -> Configuration {
        _ = library
        var configuration = Configuration()
        configuration.readonly = readOnly
        configuration.label = readOnly ? "catalogue reader" : "catalogue writer"
        configuration.busyMode = .timeout(10)
        configuration.foreignKeysEnabled = true
        // Several answers may be of one transaction (`atOneCommit`).
        configuration.allowsUnsafeTransactions = readOnly
        configuration.prepareDatabase { db in
            let code = sqlite_distrust_schema(db.sqliteConnection)
            guard code == 0 else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
        }
        if !readOnly {
            configuration.prepareDatabase { _ = sealed_pages_sign($0.sqliteConnection) }
        } else {
            // The connection refuses to write too, however the file was opened.
            configuration.prepareDatabase {
                try $0.execute(sql: "PRAGMA query_only = 1; PRAGMA cache_size = -65536")
            }
        }
        return configuration
    }

    /// Removes an empty log that readers left, which they may not remove themselves. The file is not changed.
    static func removeEmptyLog(_ path: String) {
        guard access(path, W_OK) == 0 else { return }
        // SQLite removes it when the last connection that may write is closed; another thread may still be closing one.
        for _ in 0..<5 where FileManager.default.fileExists(atPath: path + "-wal") {
            let queue = try? DatabaseQueue(path: path, configuration: configuration(readOnly: false))
            _ = try? queue?.inDatabase { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") }
            try? queue?.close()
            if FileManager.default.fileExists(atPath: path + "-wal") { usleep(50_000) }
        }
    }

    /// Finds values that their columns do not allow: SQLite never writes them, but an edit of the file's bytes can. This is
    /// for opening a catalogue that another program wrote; a large one is not checked, which would take more than a tenth of
    /// a second.
    static func checkTypes(_ db: Database, path: String) throws {
        let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        guard size < 32 << 20 else { return }
        // A row that a CHECK refuses is no damage: it is read as it is.
        let findings = try String.fetchAll(db, sql: "PRAGMA quick_check(100)").filter {
            $0 != "ok" && !$0.hasPrefix("CHECK constraint failed")
        }
        if let first = findings.first { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: first) }
    }

    /// Finds damage at opening, in a small catalogue, where the check takes under a tenth of a second, and in any catalogue
    /// whose pages have no seals.
    static func checkIntegrity(_ db: Database, path: String, _ condition: PageCondition) throws {
        let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        guard size < 32 << 20 || condition.isUnsealed else { return }
        let findings = try String.fetchAll(db, sql: "PRAGMA quick_check(1)")
        guard findings == ["ok"] else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: findings.first)
        }
    }
}
