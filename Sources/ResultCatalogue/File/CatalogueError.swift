import GRDB
import JobContract

/// Why a catalogue could not be opened, read or written. Nothing was changed.
package struct CatalogueError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// There is no file at the path.
        case missing
        /// The file is no catalogue.
        case foreign
        /// A later release wrote it.
        case newer
        /// An earlier release wrote it: whoever writes brings it up, and who only reads cannot.
        case earlier
        /// Truncated or damaged.
        case corrupt
        /// The file or its directory cannot be written.
        case unwritable
        /// Another process holds the writer's lock.
        case locked(pid: Int?)
        case noSpace
        /// Another program holds SQLite's lock for longer than the time allowed.
        case busy
        /// A change or question names what the catalogue does not know.
        case unknown
        /// A query that SQLite refuses.
        case query
        case other
    }

    package var kind: Kind
    /// What happened, what was expected, what to do, without a full stop.
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }
}

extension CatalogueError {
    /// What SQLite's refusal means for the catalogue at `path`.
    init(_ error: DatabaseError, path: String) {
        let detail = error.message ?? "no detail"
        switch error.resultCode {
        case .SQLITE_CORRUPT:
            self.init(
                .corrupt,
                Pages.refusal(path)
                    ?? "\(path): the catalogue is damaged (\(detail)); restore it from a copy, or try "
                    + "`sqlite3 \(path) .recover`")
        case .SQLITE_NOTADB:
            self.init(.foreign, "\(path): not a SQLite database; give another --catalogue")
        case .SQLITE_FULL:
            self.init(.noSpace, "\(path): no space left to write the catalogue; free some and resume")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                .busy, "\(path): another program keeps the catalogue locked; end its transaction and try again")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN:
            self.init(.unwritable, "\(path): the catalogue cannot be opened or written here (\(detail))")
        case .SQLITE_IOERR:
            self.init(.other, "\(path): reading or writing the catalogue failed (\(detail)); check the disk")
        default:
            self.init(.other, "\(path): \(error.description)")
        }
    }

    /// Runs `body` and turns errors of the database, and values that it cannot hold, into errors for people.
    static func translating<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw CatalogueError(error, path: path)
        } catch let error as CanonicalJSON.Failure {
            throw CatalogueError(.unknown, "\(path): a value cannot be stored: \(explanation(of: error))")
        }
    }
}
