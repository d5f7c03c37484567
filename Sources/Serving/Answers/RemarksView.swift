import JobContract
import ResultCatalogue
import ResultQueries

/// What people wrote of a sweep and of its trials.
struct RemarksView {
    private let head: ServedSweep
    private let reader: CatalogueReader
    private let commands: CommandLines

    init(_ head: ServedSweep, _ reader: CatalogueReader, _ commands: CommandLines) {
        self.head = head
        self.reader = reader
        self.commands = commands
    }

    func json() throws -> JSONValue {
        let sweep = head.summary.name
        let own = try reader.rows(
            """
            SELECT (SELECT text FROM notes WHERE subject = 'sweep' AND name = ?1),
                (SELECT group_concat(tag, ', ') FROM (
                    SELECT tag FROM tags WHERE subject = 'sweep' AND name = ?1 ORDER BY tag))
            """, [.text(sweep)]
        ).rows.first
        // People write of few trials.
        let remarked = try reader.rows(
            """
            SELECT v.trial_id, v.asked FROM (
                SELECT name FROM notes WHERE subject = 'trial' UNION SELECT name FROM tags WHERE subject = 'trial') n
            CROSS JOIN sweep_trials v ON v.trial_id = n.name WHERE v.sweep = ? ORDER BY v.position
            """, [.text(sweep)])
        let remarks = try reader.trialRemarks()
        let table = ResultTable(
            name: "notes", columns: ["trial_id", "point", "tags", "note"],
            rows: remarked.rows.map { row in
                let trial = row[0].text ?? ""
                return [
                    .text(trial), .text(head.index.names.text(JSONText.object(row[1].text ?? "") ?? [:])),
                    .init(remarks.value("tags", of: trial)), .init(remarks.value("note", of: trial)),
                ]
            })
        var request = TrialListRequest(sweep: sweep)
        request.shown = ["tags", "note"]
        return [
            "note": .optional(own?[0].text), "tags": .optional(own?[1].text), "table": table.json,
            "commands": [.string(commands.trials(request))],
        ]
    }
}
