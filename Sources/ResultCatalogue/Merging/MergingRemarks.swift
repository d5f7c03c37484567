import GRDB

extension Merging {
    /// Takes in notes and tags of trials, and of sweeps that are the same here. A note that is here stands.
    func mergeRemarks(ofSweeps new: [String], _ outcome: inout MergeOutcome) throws {
        let same = """
            other.sweep s JOIN main.sweep m ON m.name = s.name LEFT JOIN other.revision r ON r.key = s.revision
            LEFT JOIN main.revision v ON v.key = m.revision
            """
        let newNames = new.isEmpty ? "0" : "s.name IN (\(new.map { _ in "?" }.joined(separator: ", ")))"
        try db.execute(
            sql: "CREATE TEMP TABLE sweep_pair AS SELECT s.key AS theirs, m.key AS ours FROM \(same) "
                + "WHERE r.content = v.content OR \(newNames)", arguments: StatementArguments(new))
        for subject in ["sweep", "trial"] {
            let pair = "JOIN \(subject)_pair p ON p.theirs = n.\(subject)"
            let isNote =
                "\(ForeignValues.text("n.text", 1 << 20)) AND n.text <> '' AND \(ForeignValues.time("n.written_at"))"
            let isTag =
                "\(ForeignValues.text("n.tag", is: ForeignValues.isTag)) AND \(ForeignValues.time("n.tagged_at"))"
            outcome.otherNotes +=
                try Int.fetchOne(
                    db,
                    sql: """
                        SELECT count(*) FROM other.note n \(pair) JOIN main.note m ON m.\(subject) = p.ours
                        WHERE m.text <> n.text
                        """) ?? 0
            outcome.remarks += try execute(
                """
                INSERT INTO main.note (\(subject), text, written_at) SELECT p.ours, n.text, n.written_at
                FROM other.note n \(pair) WHERE \(isNote) ON CONFLICT DO NOTHING
                """)
            outcome.remarks += try execute(
                """
                INSERT INTO main.tag (\(subject), tag, tagged_at) SELECT p.ours, n.tag, n.tagged_at
                FROM other.tag n \(pair) WHERE \(isTag) ON CONFLICT DO NOTHING
                """)
            for (table, condition) in [("note", isNote), ("tag", isTag)] {
                let wrong =
                    try Int.fetchOne(
                        db, sql: "SELECT count(*) FROM other.\(table) n \(pair) WHERE (\(condition)) IS NOT 1") ?? 0
                guard wrong > 0 else { continue }
                outcome.refused.append(
                    .init(what: "\(table)s of \(subject)s: \(wrong)", reason: "their text or time is none"))
            }
        }
        try execute("DROP TABLE temp.sweep_pair")
    }
}
