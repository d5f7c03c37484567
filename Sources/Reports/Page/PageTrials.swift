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
        let found = try reader.firstTrials(of: sweep, most: Self.mostTrials)
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

    /// The quantities without a noise level or position, in the order of the sweep's measures, and their values by trial.
    private func singleNumbers() throws -> ([(key: Int, name: String)], [String: [Int: Double]]) {
        let quantities = try reader.singleQuantities(of: sweep, most: Self.mostQuantities)
        var values = [String: [Int: Double]]()
        for quantity in quantities {
            let rows = try reader.values(ofSingle: quantity.key, of: sweep, most: Self.mostTrials)
            for row in rows.rows { values[row[0].text ?? "", default: [:]][quantity.key] = row[1].number }
        }
        return (quantities, values)
    }
}
