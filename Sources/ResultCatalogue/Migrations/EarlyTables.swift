import GRDB

extension Schema {
    /// Gives tables, and what belongs to them, the form that they have in a catalogue made anew: some early migrations were edited after catalogues had
    /// been made by them, which were brought up from there and lack columns since (`milestone.losses`), or hold fewer rows
    /// apart than they must (`measured`, by `members`). Rows stay; a column that was not there has its default.
    static func mendEarlyTables(_ db: Database) throws {
        let fresh = try DatabaseQueue()
        try migrate(fresh, through: mendingStep)
        for kind in ["table", "view", "index", "trigger"] {
            let wanted = try fresh.read { try made(kind, $0) }
            let here = try Dictionary(uniqueKeysWithValues: made(kind, db).map { ($0.name, $0.sql) })
            for part in wanted where here[part.name] != nil && here[part.name] != part.sql {
                if kind == "table" {
                    let columns = try fresh.read { try $0.columns(in: part.name) }
                    try rebuild(part, columns, db)
                } else {
                    try db.execute(sql: "DROP \(kind) \(part.name.quotedDatabaseIdentifier)")
                    try db.execute(sql: part.sql)
                }
            }
        }
    }

    /// The tables, views, indexes or triggers that statements made.
    private static func made(_ kind: String, _ db: Database) throws -> [(name: String, sql: String)] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT name, sql FROM sqlite_master
                WHERE type = ? AND sql IS NOT NULL AND name NOT LIKE 'sqlite%' AND name <> 'grdb_migrations' ORDER BY name
                """, arguments: [kind]
        ).map { ($0[0], $0[1]) }
    }

    private static func rebuild(_ table: (name: String, sql: String), _ columns: [ColumnInfo], _ db: Database) throws {
        let name = table.name.quotedDatabaseIdentifier
        let kept = Set(try db.columns(in: table.name).map(\.name))
        let shared = columns.filter { kept.contains($0.name) }
        let names = shared.map(\.name.quotedDatabaseIdentifier).joined(separator: ", ")
        let values = shared.map { column in
            let value = column.name.quotedDatabaseIdentifier
            guard column.isNotNull, let fallback = column.defaultValueSQL else { return value }
            return "coalesce(\(value), \(fallback))"
        }
        // They go with the table.
        let beside = try String.fetchAll(
            db, sql: "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type <> 'table' AND sql IS NOT NULL",
            arguments: [table.name])
        try db.execute(sql: "CREATE TEMP TABLE held AS SELECT \(values.joined(separator: ", ")) FROM main.\(name)")
        try db.execute(sql: "DROP TABLE main.\(name)")
        try db.execute(sql: table.sql)
        try db.execute(sql: "INSERT INTO main.\(name) (\(names)) SELECT * FROM held")
        try db.execute(sql: "DROP TABLE held")
        for sql in beside { try db.execute(sql: sql) }
    }
}
