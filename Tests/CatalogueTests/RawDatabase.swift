import GRDB

/// Reads a catalogue as another program does: over a plain SQLite connection without any of our settings.
enum RawDatabase {
    static func execute(_ sql: String, at path: String) throws {
        try DatabaseQueue(path: path).inDatabase { try $0.execute(sql: sql) }
    }

    /// The first column of every row.
    static func text(_ sql: String, at path: String) throws -> [String] {
        try DatabaseQueue(path: path).inDatabase { try String.fetchAll($0, sql: sql) }
    }
}
