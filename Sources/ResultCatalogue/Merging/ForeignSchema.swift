import GRDB

/// Checks the schema of a file that says it is a catalogue: whoever makes one can put anything into it.
enum ForeignSchema {
    /// Throws unless the attached `schema` has every table of the schema `main`, with the same columns, and no view, virtual
    /// table or generated column in its place.
    static func checkTables(_ db: Database, schema: String, path: String) throws {
        let ours = try tables(db, "main")
        let theirs = try tables(db, schema)
        for (name, shape) in ours.sorted(by: { $0.key < $1.key }) {
            // Tables of SQLite and of GRDB are not read.
            guard !name.hasPrefix("sqlite_"), !name.hasPrefix("grdb_") else { continue }
            guard theirs[name] == shape else {
                throw CatalogueError(
                    .foreign,
                    "\(path): its table \(name) is not one that eigensweep makes: somebody made or changed this file by hand; "
                        + "nothing of it is taken in")
            }
        }
    }

    /// Throws where something else stands under the name of one of this release's tables or views: whoever reads it would
    /// run what somebody else wrote, which may never end. Other views are only run by who names them.
    static func checkNames(_ db: Database, path: String) throws {
        for row in try Row.fetchAll(db, sql: Schema.tablesAndViews) {
            let (name, kind): (String, String) = (row[0], row[1])
            guard let made = try Schema.made.get()[name] else { continue }
            let isOurs = kind == "table" ? made == .table && !isVirtual(row[2]) : made == .view(row[2] ?? "")
            guard isOurs else {
                throw CatalogueError(
                    .foreign,
                    "\(path): its \(kind) \(name) is not the one that eigensweep makes: somebody made or changed this file by "
                        + "hand; it is not read")
            }
        }
    }

    private static func isVirtual(_ sql: String?) -> Bool { sql?.hasPrefix("CREATE VIRTUAL") ?? false }

    private struct Shape: Hashable {
        var kind: String
        var isStrict: Bool
        var columns: [String]
    }

    private static func tables(_ db: Database, _ schema: String) throws -> [String: Shape] {
        let list = try Row.fetchAll(
            db, sql: "SELECT name, type, strict FROM pragma_table_list WHERE schema = ?", arguments: [schema])
        var tables: [String: Shape] = [:]
        for row in list where row[1] as String? != "view" || schema != "main" {
            let name: String = row[0]
            let columns = try Row.fetchAll(
                db,
                sql: """
                    SELECT format('%s %s %d %d %d', name, type, "notnull", pk, hidden) FROM pragma_table_xinfo(?, ?)
                    ORDER BY cid
                    """, arguments: [name, schema])
            tables[name] = Shape(kind: row[1], isStrict: row[2], columns: columns.map { $0[0] })
        }
        return tables
    }

    /// Throws where the main schema has a trigger that no release makes: it would change what is written here.
    static func checkTriggers(_ db: Database, path: String) throws {
        let found = try Row.fetchAll(
            db, sql: "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        let known = Schema.triggers
        for row in found {
            let (name, sql): (String, String) = (row[0], row[1])
            guard known.contains(sql) else {
                throw CatalogueError(
                    .foreign,
                    "\(path): no eigensweep makes its trigger \(name), which would change what is written here; take it out: "
                        + "`sqlite3 \(path) 'DROP TRIGGER \"\(name)\"'`")
            }
        }
    }
}

extension Schema {
    static let tablesAndViews = "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view')"

    enum Made: Hashable {
        case table
        case view(String)
    }

    /// The tables and views that this release makes, by name, views with their text.
    static let made: Result<[String: Made], any Error> = Result {
        let queue = try DatabaseQueue()
        try migrate(queue)
        let rows = try queue.read { try Row.fetchAll($0, sql: tablesAndViews) }
        return Dictionary(
            uniqueKeysWithValues: rows.map { row in
                (row[0], (row[1] as String) == "table" ? Made.table : .view(row[2] ?? ""))
            })
    }

    /// The text of every trigger that some release makes.
    static let triggers: Set<String> = {
        var triggers: Set<String> = []
        for migration in migrations {
            for part in migration.sql.split(separator: "CREATE TRIGGER ").dropFirst() {
                guard let end = part.range(of: "\nEND;") else { continue }
                triggers.insert("CREATE TRIGGER " + part[..<end.lowerBound] + "\nEND")
            }
        }
        return triggers
    }()
}
