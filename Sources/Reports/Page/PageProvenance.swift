import JobContract
import ResultCatalogue
import ResultQueries

/// What made a sweep's results, of what: enough to tell whether others are the same.
struct PageProvenance {
    let listings: [SweepPage.Listing]

    private static let mostDatasets = 200

    init(_ reader: CatalogueReader, sweep: SweepSummary, datasets: ResultTable) throws {
        func table(_ name: String, _ sql: String) throws -> ResultTable {
            let answer = try reader.rows(sql, [.text(sweep.name)])
            return ResultTable(
                name: name, columns: answer.columns, rows: answer.rows.map { $0.map { ResultTable.Cell($0) } })
        }
        var builds = try table(
            "workers",
            """
            SELECT a.worker, a.numerics, a.build, a.worker_cpu AS cpu, a.kernels, count(*) AS attempts
            FROM attempt a WHERE a.build NOT NULL AND a.number IN (
                SELECT x.attempt FROM sweep s JOIN wish w ON w.revision = s.revision
                JOIN attempt_trial x ON x.trial = w.trial WHERE s.name = ?)
            GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
            """)
        builds.columns.append("commit")
        builds.rows = builds.rows.map { $0 + [.init(WorkerBuild($0[2].text).commit)] }
        var measures = try table(
            "measures",
            """
            SELECT q.measure, q.version, q.parameters FROM (
                SELECT w.request, w.position, 0 AS several FROM sweep s JOIN wished_measure w ON w.revision = s.revision
                WHERE s.name = ?1
                UNION SELECT w.request, min(w.position), 1 FROM sweep s
                JOIN wished_comparison w ON w.revision = s.revision WHERE s.name = ?1 GROUP BY 1
            ) w JOIN measure_request q ON q.key = w.request ORDER BY w.several, w.position, q.key
            """)
        measures.rows = measures.rows.map { row in
            [row[0], row[1], .text(Self.spaced(JSONText.object(row[2].text) ?? [:]))]
        }
        let origins = try table(
            "origins",
            """
            SELECT g.catalogue, count(*) AS attempts FROM merged_attempt g JOIN attempt_trial x ON x.attempt = g.attempt
            JOIN wish w ON w.trial = x.trial JOIN sweep s ON s.revision = w.revision WHERE s.name = ?
            GROUP BY 1 ORDER BY 1
            """)
        let catalogue = ResultTable(
            name: "catalogue", columns: ["catalogue", "sweep", "revision", "launched"],
            rows: [[.text(reader.id), .text(sweep.name), .init(sweep.revision), .text(sweep.storedAt)]])
        let all: [SweepPage.Listing] = [
            .init(
                title: "Workers", table: builds,
                note: "A build is the worker's version, the beginning of its file's SHA-256, and the commit."),
            SweepPage.Listing(
                title: "Datasets", table: datasets,
                note: "Subsets are nested in one permutation that the dataset's identity and subset_seed fix."
            ).bounded(Self.mostDatasets, rest: "`eigensweep query` has the others"),
            .init(title: "Measures", table: measures),
            .init(title: "Catalogue", table: catalogue),
            .init(title: "Results merged from other catalogues", table: origins),
        ]
        listings = all.filter { !$0.table.rows.isEmpty }
    }

    /// A measure's parameters in words.
    private static func spaced(_ parameters: [String: JSONValue]) -> String {
        parameters.sorted { $0.key < $1.key }.map { name, value in
            let values = (value.arrayValue ?? [value]).map { (try? CanonicalJSON.text($0)) ?? "" }
            return "\(name): \(values.joined(separator: " "))"
        }.joined(separator: ", ").replacing("\"", with: "")
    }
}
