/// What a catalogue holds, but for who found it, where and when.
struct CatalogueContent: Sendable {
    private let tables: [(name: String, rows: [String])]

    init(of arena: ChaosArena) {
        tables = Self.queries.map { ($0.name, arena.rows($0.sql)) }
    }

    private static let queries: [(name: String, sql: String)] = [
        ("trials", "SELECT trial_id, training_id, state, steps, attempts > 0 FROM trials ORDER BY 1"),
        ("sweep trials", "SELECT sweep, trial_id, position, asked, state FROM sweep_trials ORDER BY 1, 3"),
        (
            "milestones",
            """
            SELECT t.trial_id, m.weights, m.weights_bytes, m.parameters
            FROM milestone m JOIN trial t ON t.key = m.trial ORDER BY 1
            """
        ),
        (
            "measurements",
            """
            SELECT trial_id, measure, version, parameters, quantity, ifnull(printf('%.17g', sigma), ''),
                ifnull(position, ''), ifnull(printf('%.17g', value), 'NULL'), n, ifnull(printf('%.17g', stderr), ''),
                ifnull(members, ''), checkpoint
            FROM measurements ORDER BY 1, 2, 4, 5, 6, 7
            """
        ),
        (
            "artifacts",
            "SELECT trial_id, measure, parameters, name, media_type, digest, bytes FROM artifacts ORDER BY 1, 2, 4"
        ),
        ("results of other bits", "SELECT kind, attempt, kept, found FROM evidence"),
        ("integrity", "PRAGMA integrity_check; PRAGMA foreign_key_check"),
    ]

    var counts: String { tables.map { "\($0.name) \($0.rows.count)" }.joined(separator: ", ") }

    /// Whether every trial succeeded.
    var isComplete: Bool {
        let trials = tables.first { $0.name == "trials" }?.rows ?? []
        return !trials.isEmpty && trials.allSatisfy { $0.contains("|succeeded|") }
    }

    func differences(from expected: CatalogueContent) -> [String] {
        zip(tables, expected.tables).compactMap { found, expected in
            if found.rows == expected.rows { return nil }
            let more = Set(found.rows).subtracting(expected.rows).sorted().prefix(2)
            let less = Set(expected.rows).subtracting(found.rows).sorted().prefix(2)
            return "\(found.name): \(found.rows.count) rows, expected \(expected.rows.count); "
                + "not expected: \(more.joined(separator: " ¦ ")); missing: \(less.joined(separator: " ¦ "))"
        }
    }
}
