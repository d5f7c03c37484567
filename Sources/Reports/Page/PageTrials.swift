import JobContract
import ResultCatalogue
import ResultQueries

/// A sweep's trials with what they asked for, what became of them and their measures' single numbers.
struct PageTrials {
    private let reader: CatalogueReader
    private let sweep: String
    private let keys: [String]

    private static let mostTrials = 1000
    private static let mostQuantities = 12

    /// `keys` are the grid's axes.
    init(_ reader: CatalogueReader, sweep: String, keys: [String]) {
        self.reader = reader
        self.sweep = sweep
        self.keys = keys
    }

    func listing(of count: Int) throws -> SweepPage.Listing {
        let found = try reader.rows(
            """
            SELECT t.trial_id, s.asked, s.state, json_extract(m.losses, '$[#-1][1]'), t.steps, t.parameters, t.host,
                t.attempts, t.seconds
            FROM sweep_trials s JOIN trials t ON t.trial_id = s.trial_id
            JOIN trial k ON k.trial_id = t.trial_id LEFT JOIN milestone m ON m.trial = k.key
            WHERE s.sweep = ? ORDER BY s.position LIMIT ?
            """, [.text(sweep), .integer(Int64(Self.mostTrials))])
        let (quantities, numbers) = try singleNumbers()
        let table = ResultTable(
            name: "trials",
            columns: ["trial"] + keys + ["state"] + quantities.map(\.name)
                + ["loss", "steps", "parameters", "host", "attempts", "seconds"],
            rows: found.rows.map { row in
                let id = row[0].text ?? ""
                let asked = JSONText.object(row[1].text ?? "") ?? [:]
                return [.text(String(id.prefix(12)))] + keys.map { Self.cell(asked[$0]) } + [ResultTable.Cell(row[2])]
                    + quantities.map { .init(numbers[id]?[$0.key]) } + row[3...].map { ResultTable.Cell($0) }
            }
        ).withoutEmptyColumns(among: ["parameters", "host", "seconds", "loss"])
        let note =
            count > found.rows.count
            ? "The first \(found.rows.count) of \(count) trials; `eigensweep query --sweep` lists them all." : nil
        return SweepPage.Listing(title: "Trials", table: table, note: note)
    }

    private static func cell(_ value: JSONValue?) -> ResultTable.Cell {
        switch value {
        case nil, .null: .null
        case .integer(let value): .integer(value)
        case .number(let value): .init(value)
        case .string(let value): .text(value)
        case let value?: .text((try? CanonicalJSON.text(value)) ?? "")
        }
    }

    /// The quantities without a noise level or position, the first measures' first, and their values by trial.
    private func singleNumbers() throws -> ([(key: Int, name: String)], [String: [Int: Double]]) {
        let wanted = """
            sweep s JOIN wished_measure w ON w.revision = s.revision JOIN measure_request q ON q.key = w.request
            JOIN quantity k ON k.request = q.key
            """
        let quantities = try reader.rows(
            """
            SELECT k.key, q.measure || '.' || k.name FROM \(wanted)
            WHERE s.name = ? AND EXISTS (
                SELECT 1 FROM measurement v WHERE v.quantity = k.key AND v.sigma IS NULL AND v.position IS NULL)
            ORDER BY w.position, k.key LIMIT ?
            """, [.text(sweep), .integer(Int64(Self.mostQuantities))]
        ).rows.compactMap { row in row[0].integer.map { (key: $0, name: row[1].text ?? "") } }
        var values = [String: [Int: Double]]()
        for quantity in quantities {
            let rows = try reader.rows(
                """
                SELECT t.trial_id, v.value FROM (
                    SELECT w.trial FROM sweep s JOIN wish w ON w.revision = s.revision WHERE s.name = ?1
                    ORDER BY w.position LIMIT ?3
                ) x JOIN trial t ON t.key = x.trial JOIN quantity k ON k.key = ?2
                JOIN measured d ON d.trial = x.trial AND d.request = k.request AND d.members = ''
                JOIN measurement v ON v.quantity = k.key AND v.measured = d.key
                WHERE v.sigma IS NULL AND v.position IS NULL AND v.value NOT NULL
                """, [.text(sweep), .integer(Int64(quantity.key)), .integer(Int64(Self.mostTrials))])
            for row in rows.rows { values[row[0].text ?? "", default: [:]][quantity.key] = row[1].number }
        }
        return (quantities, values)
    }
}
