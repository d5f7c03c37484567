import GRDB
import JobContract
import SweepModel

extension Merging {
    func mergeMeasures(_ outcome: inout MergeOutcome) throws {
        try reportConflicts(&outcome)
        try leaveOutOthers(&outcome)
        try execute(
            """
            INSERT INTO main.quantity (request, name)
            SELECT q.ours, k.name FROM other.quantity k JOIN request_pair q ON q.theirs = k.request
            WHERE \(ForeignValues.text("k.name", is: ForeignValues.isName)) ORDER BY k.key ON CONFLICT DO NOTHING
            """)
        try mergeDeclarations(&outcome)
        try execute(
            """
            CREATE TEMP TABLE measured_pair AS
            SELECT d.key AS theirs, t.ours AS trial, q.ours AS request, p.ours AS attempt, 0 AS ours
            FROM other.measured d JOIN trial_pair t ON t.theirs = d.trial JOIN request_pair q ON q.theirs = d.request
            JOIN attempt_pair p ON p.theirs = d.attempt
            WHERE \(Self.accepts(.measured, "d.key")) AND NOT EXISTS (
                SELECT 1 FROM main.measured m WHERE m.trial = t.ours AND m.request = q.ours AND m.members = d.members)
                AND NOT \(Self.isOfOthers)
            GROUP BY t.ours, q.ours, d.members ORDER BY min(d.key)
            """)
        let last = try Int64.fetchOne(db, sql: "SELECT coalesce(max(key), 0) FROM main.measured") ?? 0
        outcome.measures = try execute("UPDATE measured_pair SET ours = ?1 + rowid", [last])
        try execute(
            """
            INSERT INTO main.measured (key, trial, request, attempt, checkpoint, members, seconds, recorded_at)
            SELECT p.ours, p.trial, p.request, p.attempt, d.checkpoint, d.members, d.seconds, d.recorded_at
            FROM measured_pair p JOIN other.measured d ON d.key = p.theirs
            """)
        try execute(
            """
            INSERT OR IGNORE INTO main.measurement
            SELECT k.key, p.ours, v.ordinal, v.sigma, v.position, v.value, v.n, v.stderr
            FROM measured_pair p CROSS JOIN other.measured d ON d.key = p.theirs
            CROSS JOIN other.quantity o ON o.request = d.request
            CROSS JOIN main.quantity k ON k.request = p.request AND k.name = o.name
            CROSS JOIN other.measurement v ON v.quantity = o.key AND v.measured = d.key
            """)
        try execute(
            """
            INSERT OR IGNORE INTO main.artifact
            SELECT p.ours, f.ordinal, f.name, f.media_type, f.digest, f.bytes
            FROM measured_pair p JOIN other.artifact f ON f.measured = p.theirs
            """)
    }

    /// Takes in the declarations of workers there for quantities of which nobody declared anything here.
    private func mergeDeclarations(_ outcome: inout MergeOutcome) throws {
        let rows = try StoredRows(db, "SELECT measure, version, name, declaration FROM other.declared_quantity", [])
        var declared: [(measure: String, version: Int64, declaration: QuantityDeclaration)] = []
        while try rows.next() {
            let (measure, name) = (rows.text(0), rows.text(2))
            guard PlainName.fault(measure) == nil, PlainName.fault(name) == nil, 0...(1 << 31) ~= rows.integer(1),
                let declaration = try? JSONText.decode(QuantityDeclaration.self, from: Array(rows.text(3).utf8)),
                declaration.name == name
            else {
                outcome.refused.append(
                    .init(
                        what: "declaration of \(measure.prefix(80)).\(name.prefix(80))",
                        reason: "a name is none, or it does not declare a quantity"))
                continue
            }
            declared.append((measure, rows.integer(1), declaration))
        }
        for (measure, version, declaration) in declared {
            try execute(
                "INSERT INTO main.declared_quantity VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [
                    measure, version, declaration.name,
                    String(decoding: try JSONText.encode(declaration), as: UTF8.self),
                ])
        }
    }

    /// Whether their measure `d` of our trial `t.ours` is of other weights than the checkpoints that stand here.
    private static let isOfOthers = """
        (EXISTS (SELECT 1 FROM main.milestone s WHERE s.trial = t.ours AND s.weights <> d.checkpoint)
        OR d.members <> '' AND EXISTS (
            SELECT 1 FROM json_each(d.members) j JOIN main.trial n ON n.trial_id = j.value
            JOIN main.milestone s ON s.trial = n.key JOIN other.trial x ON x.trial_id = j.value
            JOIN other.milestone o ON o.trial = x.key WHERE s.weights <> o.weights))
        """

    /// Keeps as evidence, and no more, what was measured of other weights than the checkpoints that stand here.
    private func leaveOutOthers(_ outcome: inout MergeOutcome) throws {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT d.key, t.ours, q.ours, p.ours, i.trial_id, r.measure, m.weights FROM other.measured d
                JOIN trial_pair t ON t.theirs = d.trial JOIN request_pair q ON q.theirs = d.request
                JOIN attempt_pair p ON p.theirs = d.attempt
                JOIN main.milestone m ON m.trial = t.ours
                JOIN main.trial i ON i.key = t.ours JOIN main.measure_request r ON r.key = q.ours
                WHERE \(Self.accepts(.measured, "d.key")) AND \(Self.isOfOthers) AND NOT EXISTS (
                    SELECT 1 FROM main.measured s WHERE s.trial = t.ours AND s.request = q.ours AND s.members = d.members)
                ORDER BY 1
                """)
        for row in rows {
            try recording.addEvidence(
                kind: .measure, trial: row[1], request: row[2], attempt: AttemptNumber(row[3]),
                kept: Recording.text(checkpoint: row[6], rows: [], artifacts: []),
                found: recording.text(ofMeasured: row[0], in: "other"))
            outcome.conflicts.append(.init(trial: row[4], about: row[5]))
        }
    }

    /// Reports measures that both have, with different values, checkpoints or artifacts.
    private func reportConflicts(_ outcome: inout MergeOutcome) throws {
        func rows(_ schema: String, _ key: String) -> String {
            """
            SELECT k.name, v.ordinal, v.sigma, v.position, v.value, v.n, v.stderr
            FROM \(schema).measured d JOIN \(schema).quantity k ON k.request = d.request
            JOIN \(schema).measurement v ON v.quantity = k.key AND v.measured = d.key WHERE d.key = \(key)
            """
        }
        func artifacts(_ schema: String, _ key: String) -> String {
            "SELECT ordinal, name, digest FROM \(schema).artifact WHERE measured = \(key)"
        }
        func differ(_ make: (String, String) -> String) -> String {
            let (ours, theirs) = (make("main", "m.key"), make("other", "o.key"))
            return "EXISTS (\(ours) EXCEPT \(theirs)) OR EXISTS (\(theirs) EXCEPT \(ours))"
        }
        let pairs = try Row.fetchAll(
            db,
            sql: """
                SELECT m.key, o.key, t.ours, q.ours, p.ours, i.trial_id, r.measure FROM other.measured o
                JOIN trial_pair t ON t.theirs = o.trial JOIN request_pair q ON q.theirs = o.request
                JOIN attempt_pair p ON p.theirs = o.attempt
                JOIN main.measured m ON m.trial = t.ours AND m.request = q.ours AND m.members = o.members
                JOIN main.trial i ON i.key = t.ours JOIN main.measure_request r ON r.key = q.ours
                WHERE \(Self.accepts(.measured, "o.key"))
                AND (m.checkpoint <> o.checkpoint OR \(differ(rows)) OR \(differ(artifacts))) ORDER BY 1
                """)
        for pair in pairs {
            try recording.addEvidence(
                kind: .measure, trial: pair[2], request: pair[3], attempt: AttemptNumber(pair[4]),
                kept: recording.text(ofMeasured: pair[0]), found: recording.text(ofMeasured: pair[1], in: "other"))
            outcome.conflicts.append(.init(trial: pair[5], about: pair[6]))
        }
    }
}
