import Foundation
import GRDB

/// A hostile hand's changes of a catalogue, read from bytes: five for each change, and a text where one is needed.
struct CatalogueChanges {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

    /// Every table that a merge or a question reads.
    static let tables = [
        "training", "trial", "sweep", "revision", "wish", "dataset_request", "wished_dataset", "measure_request",
        "wished_measure", "attempt", "attempt_trial", "milestone", "measured", "quantity", "measurement", "artifact",
        "declared_quantity", "merged_attempt", "wished_comparison", "failed_comparison", "cancelled_wish",
        "recovery_point",
        "sweep_count", "stored_bytes", "evidence", "host", "catalogue_identity", "coordinator_start",
    ]

    private static let integers: [Int64] = [
        0, 1, 2, 3, -1, .max, .min, .max - 7, 1 << 31, 1 << 53, 1 << 40, 99, 256, 512, -256, 1_000_000_007,
    ]
    private static let reals = ["9e999", "-9e999", "0.0", "-1.5", "1e308", "5e-324", "3.0", "80.0"]
    private static let texts = [
        "", "..", "../../../../tmp/x", "/etc/passwd", "store", "--help", "catalogue.sqlite", "a/b", "-oProxyCommand=x",
        "\u{1B}[2J\u{1B}]0;x\u{7}", "\u{9B}31m", "\u{202E}gnp", "=1+1", "@SUM(A1)",
        "</script><script>alert(1)</script>", "'; touch x #`x`",
        "{}", "[]", "null", "{\"a\":1e999}",
        "{\"command\":[\"sh\",\"-c\",\"touch /tmp/owned\"],\"upload\":[\"/etc/passwd\"]}",
        "{\"command\":[\"eigensweep-worker\"],\"upload\":[]}", "{\"memory\":-1,\"tags\":[]}", "[[1,2]]", "succeeded",
        "failed", "owned",
        "2026-01-01T00:00:00.000Z", "image/png", "a\u{0}b", String(repeating: "0", count: 64),
        String(repeating: "f", count: 64),
        String(repeating: "[", count: 200), String(repeating: "x", count: 5000),
    ]

    private mutating func next() -> Int? { bytes.popFirst().map(Int.init) }

    /// Makes the changes, but for those that SQLite refuses.
    mutating func make(at path: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.inDatabase { db in
            try db.execute(sql: "PRAGMA synchronous = 0; PRAGMA ignore_check_constraints = 1")
            // Others' counts may be wrong, and a row that is written by hand is not always noticed.
            while let table = next(), let row = next(), let column = next(), let kind = next(), let value = next() {
                let name = Self.tables[table % Self.tables.count]
                try? change(name, row: row, column: column, kind: kind % 8, value: value, db)
            }
        }
        try queue.close()
    }

    private mutating func change(
        _ table: String, row: Int, column: Int, kind: Int, value: Int, _ db: Database
    ) throws {
        let columns = try String.fetchAll(db, sql: "SELECT name FROM pragma_table_info(?)", arguments: [table])
        let keys = try String.fetchAll(
            db, sql: "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", arguments: [table])
        let rows = try Row.fetchAll(db, sql: "SELECT * FROM \(table)")
        guard !rows.isEmpty, !keys.isEmpty else { return }
        let chosen = rows[row % rows.count]
        let name = columns[column % columns.count]
        let place = keys.map { "\($0) = ?" }.joined(separator: " AND ")
        let arguments = StatementArguments(keys.map { chosen[$0] as DatabaseValue })
        func set(_ value: DatabaseValue) throws {
            try db.execute(sql: "UPDATE \(table) SET \(name) = ? WHERE \(place)", arguments: [value] + arguments)
        }
        switch kind {
        case 0: try set(Self.integers[value % Self.integers.count].databaseValue)
        case 1: try set(Self.texts[value % Self.texts.count].databaseValue)
        case 2: try set(.null)
        case 3: try db.execute(sql: "DELETE FROM \(table) WHERE \(place)", arguments: arguments)
        case 4: try set(rows[value % rows.count][name])
        case 5:
            let text = bytes.prefix(value % 64)
            bytes = bytes.dropFirst(value % 64)
            try set(String(decoding: text, as: UTF8.self).databaseValue)
        case 6:
            try db.execute(
                sql: "UPDATE \(table) SET \(name) = \(Self.reals[value % Self.reals.count]) WHERE \(place)",
                arguments: arguments)
        default:
            // A part of a text becomes another's.
            let (old, new) = (Self.texts[value % Self.texts.count], Self.texts[(value + row) % Self.texts.count])
            try db.execute(
                sql: "UPDATE \(table) SET \(name) = replace(\(name), ?, ?) || ? WHERE \(place)",
                arguments: [old, new, value % 3 == 0 ? new : ""] + arguments)
        }
    }
}
