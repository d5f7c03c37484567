import JobContract
import ResultCatalogue
import ResultQueries

/// The axes in which a sweep's trials differ, and the settings that they share.
struct PageGrid {
    let axes: [SweepPage.Axis]
    let settings: SweepPage.Listing
    /// The datasets trained on, by identity, size and part.
    let datasets: ResultTable

    private static let mostValues = 40

    init(_ reader: CatalogueReader, sweep: String) throws {
        var asked = [String: Set<JSONValue>]()
        try reader.scan("SELECT asked FROM sweep_trials WHERE sweep = ?", [.text(sweep)]) { row in
            for (key, value) in JSONText.object(row.text(0)) ?? [:] { asked[key, default: []].insert(value) }
            return true
        }
        axes = asked.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }.map { key, values in
            let texts = values.sorted(by: Self.isOrdered).map(Self.text)
            guard texts.count > Self.mostValues else { return SweepPage.Axis(key: key, values: texts) }
            let rest = "… (\(texts.count) values)"
            return SweepPage.Axis(key: key, values: Array(texts.prefix(Self.mostValues)) + [rest])
        }

        let names = try TrialKeys(reader, sweep: sweep, keys: []).names.filter {
            $0 == "seed" || $0.contains(".")
        }
        let lengths = ["training.epochs", "training.images", "training.steps"]
        let keys = try TrialKeys(reader, sweep: sweep, keys: names)
        settings = SweepPage.Listing(
            title: "The same in all trials",
            table: ResultTable(
                name: "settings", columns: ["key", "value"],
                rows: keys.trials.isEmpty
                    ? []
                    : names.filter {
                        !keys.varying.contains($0) && (!lengths.contains($0) || !keys.varying.contains(lengths[2]))
                    }
                    .map { [.text($0), keys.cell(0, $0)] }))

        let ofDatasets = names.filter { $0.hasPrefix("dataset.") }
        let groups = keys.groups(by: ofDatasets)
        datasets = ResultTable(
            name: "datasets", columns: ofDatasets.map { String($0.dropFirst("dataset.".count)) },
            rows: groups.first.map { row in ofDatasets.map { keys.cell(row, $0) } })
    }

    private static func isOrdered(_ a: JSONValue, _ b: JSONValue) -> Bool {
        if let x = a.doubleValue, let y = b.doubleValue { return x < y }
        return text(a) < text(b)
    }

    private static func text(_ value: JSONValue) -> String {
        if let number = value.doubleValue { return ResultTable.format(number) }
        return value.stringValue ?? (try? CanonicalJSON.text(value)) ?? ""
    }
}
