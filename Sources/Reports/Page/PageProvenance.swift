import JobContract
import ResultCatalogue
import ResultQueries

/// The workers and data that made a sweep's results: enough to tell whether other results are comparable.
struct PageProvenance {
    let listings: [SweepPage.Listing]

    private static let mostDatasets = 200

    init(_ reader: CatalogueReader, sweep: SweepSummary, datasets: ResultTable) throws {
        var builds = ResultTable(name: "workers", try reader.workers(of: sweep.name))
        builds.columns.append("commit")
        builds.rows = builds.rows.map { $0 + [.init(WorkerBuild($0[2].text).commit)] }
        var measures = ResultTable(name: "measures", try reader.wantedMeasures(of: sweep.name))
        measures.rows = measures.rows.map { row in
            [row[0], row[1], .text(Self.spaced(JSONText.object(row[2].text) ?? [:]))]
        }
        let origins = ResultTable(name: "origins", try reader.origins(of: sweep.name))
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
