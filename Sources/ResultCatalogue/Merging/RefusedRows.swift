import GRDB
import JobContract
import SweepModel

/// The rows of the other catalogue that are not taken in: `temp.refused`, by kind and key, with the first reason of each.
extension Merging {
    enum Kind: String { case training, trial, attempt, request, milestone, measured, sweep }

    /// SQL that is true where the row of that kind with this key was not refused.
    static func accepts(_ kind: Kind, _ key: String) -> String {
        "NOT EXISTS (SELECT 1 FROM temp.refused x WHERE x.kind = '\(kind.rawValue)' AND x.key = \(key))"
    }

    func makeRefused() throws {
        for function in ForeignValues.functions { db.add(function: function) }
        try execute(
            """
            CREATE TEMP TABLE refused (kind TEXT, key INTEGER, what TEXT, reason TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID
            """)
    }

    func refuse(_ kind: Kind, _ key: Int64, _ what: String, _ reason: String) throws {
        try execute(
            "INSERT INTO temp.refused VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", [kind.rawValue, key, what, reason])
    }

    /// Refuses the rows `o` of a table for which a condition is not 1. `what` is SQL that names a row.
    private func check(
        _ kind: Kind, _ table: String, key: String, what: String, _ conditions: [(holds: String, reason: String)]
    ) throws {
        for (holds, reason) in conditions {
            try execute(
                """
                INSERT INTO temp.refused SELECT ?1, \(key), \(what), ?2 FROM other.\(table) o
                WHERE (\(holds)) IS NOT 1 AND \(Self.accepts(kind, key)) ON CONFLICT DO NOTHING
                """, [kind.rawValue, reason])
        }
    }

    /// Refuses requests, attempts, milestones and measures, in the order in which one names another. Trainings and trials
    /// were refused before.
    func findRefused() throws {
        try refuseRequests()
        try refuseAttempts()
        try refuseMilestones()
        try refuseMeasured()
    }

    private func refuseRequests() throws {
        let rows = try StoredRows(db, "SELECT key, measure, version, parameters FROM other.measure_request", [])
        var refused: [(Int64, String, String)] = []
        while try rows.next() {
            let (name, parameters) = (rows.text(1), rows.text(3))
            let object = JSONText.object(parameters)
            let fault: String? =
                if let fault = PlainName.fault(name) {
                    "its name is none: \(fault)"
                } else if rows.integer(2) < 0
                    || rows.integer(2) > 1 << 31
                {
                    "its version is no count"
                } else if object == nil || object?[MeasureRequest.othersParameter] != nil
                    || (try? object.map(JSONText.write)) != parameters
                { "its parameters are not as they are stored" } else { nil }
            if let fault { refused.append((rows.integer(0), "measure \(name.prefix(80))", fault)) }
        }
        for (key, what, reason) in refused { try refuse(.request, key, what, reason) }
    }

    private func refuseAttempts() throws {
        let texts =
            ["host", "machine", "boot", "cpu"].map { ForeignValues.text("o.\($0)") }
            + ["worker", "build", "worker_cpu", "kernels"].map {
                ForeignValues.optional("o.\($0)") { ForeignValues.text($0) }
            }
            + ["reason", "diagnostics"].map { ForeignValues.optional("o.\($0)") { ForeignValues.text($0, 1 << 20) } }
        let outcomes = "'succeeded', 'paused', 'cancelled', 'job-fault', 'host-fault', 'killed'"
        // A probe has no result that a merge could take in.
        let kinds = AttemptKind.allCases.filter { $0 != .probe }.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        try check(
            .attempt, "attempt", key: "o.number", what: "'attempt ' || o.number",
            [
                (ForeignValues.count("o.number", from: 1, to: AttemptNumber.mostGiven.value), "its number is no count"),
                (ForeignValues.digest("o.job"), "its job is no digest"),
                ("o.kind IN (\(kinds))", "no attempts are of its kind"),
                ("o.outcome IS NULL OR o.outcome IN (\(outcomes))", "no attempt ends so"),
                (texts.joined(separator: " AND "), "one of its texts is none, or is too long"),
                (ForeignValues.count("o.generation"), "its generation is no count"),
                (ForeignValues.optional("o.numerics") { ForeignValues.count($0) }, "its numerics is no count"),
                (
                    ([ForeignValues.time("o.intended_at")]
                        + ["started_at", "ended_at"].map { ForeignValues.optional("o.\($0)", ForeignValues.time) })
                        .joined(separator: " AND "), "one of its times is none"
                ),
                (
                    "EXISTS (SELECT 1 FROM other.training r WHERE r.key = o.training AND \(Self.accepts(.training, "r.key")))",
                    "what it trained is not here, or was refused"
                ),
                (
                    """
                    NOT EXISTS (SELECT 1 FROM other.merged_attempt g WHERE g.attempt = o.number AND (
                        g.catalogue = '\(theirs)' OR length(g.catalogue) <> 32 OR g.catalogue GLOB '*[^0-9a-f]*'
                        OR NOT \(ForeignValues.count("g.number", from: 1)) OR g.catalogue = '\(ours)' AND NOT EXISTS (
                            SELECT 1 FROM main.attempt m JOIN main.training t ON t.key = m.training
                            JOIN other.training r ON r.key = o.training
                            WHERE m.number = g.number AND m.job = o.job AND m.host = o.host AND t.training_id = r.training_id)))
                    """, "it is said to come from another catalogue, and does not"
                ),
            ])
    }

    private func refuseMilestones() throws {
        try check(
            .milestone, "milestone", key: "o.trial",
            what:
                "'checkpoint of trial ' || coalesce((SELECT t.trial_id FROM other.trial t WHERE t.key = o.trial), o.trial)",
            [
                (
                    """
                    EXISTS (SELECT 1 FROM other.trial t JOIN other.attempt a ON a.training = t.training
                    WHERE t.key = o.trial AND a.number = o.attempt AND \(Self.accepts(.trial, "t.key"))
                    AND \(Self.accepts(.attempt, "a.number")))
                    """, "its trial or attempt is not here, was refused, or is another training's"
                ),
                (ForeignValues.digest("o.weights"), "its weights are named by no digest"),
                (
                    "(o.state IS NULL AND o.state_bytes IS NULL) OR (\(ForeignValues.digest("o.state")) AND "
                        + "\(ForeignValues.count("o.state_bytes")))", "its state is named by no digest and size"
                ),
                (
                    "\(ForeignValues.count("o.weights_bytes")) AND \(ForeignValues.count("o.parameters"))",
                    "a size or number of parameters is no count"
                ),
                (
                    ForeignValues.optional("o.losses") { ForeignValues.text($0, is: ForeignValues.isLosses, 1 << 24) },
                    "its losses are none"
                ),
                ("\(ForeignValues.amount("o.seconds")) AND \(ForeignValues.time("o.recorded_at"))", "a time is none"),
            ])
    }

    /// Refuses measures: a measure comes with all its rows or not at all.
    private func refuseMeasured() throws {
        try check(
            .measured, "measured", key: "o.key",
            what: """
                'measure ' || coalesce((SELECT q.measure FROM other.measure_request q WHERE q.key = o.request), '?')
                || ' of trial ' || coalesce((SELECT t.trial_id FROM other.trial t WHERE t.key = o.trial), o.trial)
                """,
            [
                (
                    """
                    EXISTS (SELECT 1 FROM other.trial t JOIN other.attempt a ON a.training = t.training
                    WHERE t.key = o.trial AND a.number = o.attempt AND \(Self.accepts(.trial, "t.key"))
                    AND \(Self.accepts(.attempt, "a.number")))
                    """, "its trial or attempt is not here, was refused, or is another training's"
                ),
                (
                    """
                    EXISTS (SELECT 1 FROM other.measure_request q WHERE q.key = o.request
                    AND \(Self.accepts(.request, "q.key")))
                    """, "what it measures is not here, or was refused"
                ),
                (ForeignValues.digest("o.checkpoint"), "its checkpoint is named by no digest"),
                (
                    """
                    o.members = '' OR (\(ForeignValues.text("o.members", is: ForeignValues.isMembers, 1 << 24)) AND substr(
                        o.members, 3, 64) = (SELECT t.trial_id FROM other.trial t WHERE t.key = o.trial))
                    """, "what it compares is no list of trials that begins with its own"
                ),
                ("\(ForeignValues.amount("o.seconds")) AND \(ForeignValues.time("o.recorded_at"))", "a time is none"),
                (
                    """
                    NOT EXISTS (SELECT 1 FROM other.artifact f WHERE f.measured = o.key AND (NOT \(ForeignValues.digest("f.digest"))
                        OR NOT \(ForeignValues.text("f.name", is: ForeignValues.isName)) OR NOT \(ForeignValues.count("f.bytes"))
                        OR NOT \(ForeignValues.count("f.ordinal")) OR NOT \(ForeignValues.text("f.media_type", 100))))
                    """, "a file of it has no name, digest and size"
                ),
                (
                    """
                    NOT EXISTS (SELECT 1 FROM other.quantity k WHERE k.request = o.request
                        AND NOT \(ForeignValues.text("k.name", is: ForeignValues.isName)))
                    """, "a quantity of it has no name"
                ),
                (
                    "o.key NOT IN (SELECT key FROM temp.wrong_row WHERE key NOT NULL)",
                    "a number of it is none, or another measure's"
                ),
            ])
    }

    /// Gathers in `temp.wrong_row` the measures that have a row with a wrong value: so all rows are read once only.
    func findWrongRows() throws {
        let values = [
            ForeignValues.count("v.ordinal"), ForeignValues.optional("v.sigma", ForeignValues.amount),
            ForeignValues.optional("v.position") { ForeignValues.count($0) },
            ForeignValues.optional("v.value", ForeignValues.number),
            ForeignValues.optional("v.n") { ForeignValues.count($0) },
            ForeignValues.optional("v.stderr", ForeignValues.amount),
        ].joined(separator: " AND ")
        try execute(
            """
            CREATE TEMP TABLE wrong_row AS SELECT DISTINCT v.measured AS key FROM other.measurement v
            LEFT JOIN other.quantity k ON k.key = v.quantity LEFT JOIN other.measured d ON d.key = v.measured
            WHERE (k.request = d.request AND \(values)) IS NOT 1
            """)
    }

    /// What was refused, sorted by kind and key, without trials that are misnamed.
    func refusals() throws -> [MergeOutcome.Refusal] {
        try Row.fetchAll(
            db, sql: "SELECT what, reason FROM temp.refused WHERE reason <> '' ORDER BY kind, key"
        ).map { MergeOutcome.Refusal(what: $0[0] ?? "a row", reason: $0[1]) }
    }
}
