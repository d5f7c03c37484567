import GRDB
import JobContract
import SweepModel

/// What a note or a tag is about.
package enum RemarkSubject: Hashable, Sendable, Codable {
    case sweep(String)
    case trial(TrialID)

    /// Its column in the tables `note` and `tag`, and the key there as SQL over `?1`.
    fileprivate var column: (name: String, key: String, argument: String) {
        switch self {
        case .sweep(let name): ("sweep", "(SELECT key FROM sweep WHERE name = ?1)", name)
        case .trial(let id): ("trial", "(SELECT key FROM trial WHERE trial_id = ?1)", id.hex)
        }
    }
}

extension Catalogue {
    /// Writes a note in place of the one before; an empty one takes it away. False where nothing changed.
    @discardableResult
    package func write(_ text: String, about subject: RemarkSubject) throws -> Bool {
        let (column, key, name) = subject.column
        let now = Timestamp.text(clock())
        return try write { db in
            if text.isEmpty {
                try db.execute(sql: "DELETE FROM note WHERE \(column) = \(key)", arguments: [name])
            } else {
                try db.execute(
                    sql: """
                        INSERT INTO note (\(column), text, written_at) SELECT \(key), ?2, ?3
                        ON CONFLICT (\(column)) DO UPDATE SET text = excluded.text, written_at = excluded.written_at
                        WHERE text <> excluded.text
                        """, arguments: [name, text, now])
            }
            return db.changesCount > 0
        }
    }

    /// Adds a tag, or takes it away. False where nothing changed.
    @discardableResult
    package func setTag(_ tag: String, _ isSet: Bool, on subject: RemarkSubject) throws -> Bool {
        let (column, key, name) = subject.column
        let now = Timestamp.text(clock())
        return try write { db in
            if isSet {
                try db.execute(
                    sql: """
                        INSERT INTO tag (\(column), tag, tagged_at) VALUES (\(key), ?2, ?3)
                        ON CONFLICT (\(column), tag) DO NOTHING
                        """, arguments: [name, tag, now])
            } else {
                try db.execute(sql: "DELETE FROM tag WHERE \(column) = \(key) AND tag = ?2", arguments: [name, tag])
            }
            return db.changesCount > 0
        }
    }
}

extension CatalogueReader {
    /// A subject's note; nil without one.
    package func note(about subject: RemarkSubject) throws -> String? {
        let (column, key, name) = subject.column
        return try rows("SELECT text FROM note WHERE \(column) = \(key)", [.text(name)]).rows.first?[0].text
    }

    /// A subject's tags, sorted.
    package func tags(of subject: RemarkSubject) throws -> [String] {
        let (column, key, name) = subject.column
        return try rows("SELECT tag FROM tag WHERE \(column) = \(key) ORDER BY tag", [.text(name)]).rows.compactMap {
            $0[0].text
        }
    }
}
