import JobContract
import ResultCatalogue
import ResultQueries
import SweepModel

/// Trials side by side: settings, what became of them, single numbers and pictures.
struct CompareView {
    private let reader: CatalogueReader
    private let sweep: String
    private let commands: CommandLines

    private static let mostTrials = 16

    init(_ sweep: String, _ reader: CatalogueReader, _ commands: CommandLines) {
        self.reader = reader
        self.sweep = sweep
        self.commands = commands
    }

    /// Throws `ReportError.request` for an ID that no trial, or more than one, begins with.
    func json(_ ids: [String]) throws -> JSONValue {
        guard ids.count <= Self.mostTrials else {
            throw ReportError(
                .request, "\(ids.count) trials are too many to be set side by side; \(Self.mostTrials) fit")
        }
        let trials = try ids.map { try trial($0) }
        let names = PointNames(reader)
        let columns = ["key"] + trials.map { String($0.hex.prefix(PointNames.digits)) }
        let facts = try trials.map { try self.facts($0) }
        let specs = try trials.map { trial -> [String: JSONValue] in
            let spec = try reader.rows("SELECT spec FROM trials WHERE trial_id = ?", [.text(trial.hex)])
            return JSONText.object(spec.rows.first?.first?.text ?? "") ?? [:]
        }
        let keys = Set(specs.flatMap(\.keys)).sorted()
        let remarks = try reader.trialRemarks()
        let written = ["tags", "note"].map { column in
            [.text(column)] + trials.map { ResultTable.Cell(remarks.value(column, of: $0.hex)) }
        }
        let settings = keys.map { key in
            [.text(key)] + specs.map { $0[key].map { .init($0) } ?? ResultTable.Cell.null }
        }
        let numbers = try trials.map { try self.numbers($0) }
        var order: [String] = []
        for list in numbers { for name in list.map(\.name) where !order.contains(name) { order.append(name) } }
        let byName = numbers.map { Dictionary($0.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }) }
        func table(_ name: String, _ rows: [[ResultTable.Cell]]) -> JSONValue {
            ResultTable(name: name, columns: columns, rows: rows).json
        }
        let pictures = try trials.map { trial in
            try reader.rows(
                "SELECT measure, name, digest FROM artifacts WHERE trial_id = ? AND media_type = 'image/png'",
                [.text(trial.hex)]
            ).rows.map { row -> JSONValue in
                [
                    "measure": .optional(row[0].text), "name": .optional(row[1].text),
                    "digest": .optional(Digest(hex: row[2].text ?? "")?.hex),
                ]
            }
        }
        return [
            "trials": .array(
                zip(trials, pictures).map { trial, pictures in
                    [
                        "trial": .string(trial.hex), "point": .string(names.point(trial, in: sweep)),
                        "pictures": .array(pictures),
                    ]
                }),
            "facts": table(
                "facts", Self.facts.indices.map { row in [.text(Self.facts[row])] + facts.map { $0[row] } } + written),
            "settings": table("settings", settings),
            "numbers": table(
                "measurements", order.map { name in [.text(name)] + byName.map { $0[name] ?? .null } }),
            "commands": .array(trials.map { .string(commands.trial($0.hex)) }),
        ]
    }

    private func trial(_ id: String) throws -> TrialID {
        let found =
            id.allSatisfy(\.isHexDigit) && id.utf8.count <= 64
            ? try reader.trials(startingWith: id, limit: 2) : []
        guard found.count == 1 else {
            throw ReportError(
                .request,
                found.isEmpty
                    ? "no trial has an ID that begins with \"\(id)\""
                    : "several trials have an ID that begins with \"\(id)\"")
        }
        return found[0]
    }

    private static let facts = [
        "state", "reason", "host", "seconds", "attempts", "started_at", "ended_at", "steps", "images", "epochs",
        "parameters", "training_id",
    ]

    private func facts(_ trial: TrialID) throws -> [ResultTable.Cell] {
        let row = try reader.rows(
            "SELECT \(Self.facts.joined(separator: ", ")) FROM trials WHERE trial_id = ?", [.text(trial.hex)])
        return row.rows.first.map { $0.map { .init($0) } } ?? Self.facts.map { _ in .null }
    }

    /// Numbers without a position, by `measure.quantity`, with the level and, where a measure has several variants, its
    /// parameters.
    private func numbers(_ trial: TrialID) throws -> [(name: String, value: ResultTable.Cell)] {
        let rows = try reader.rows(
            """
            SELECT measure, version, parameters, quantity, sigma, value FROM measurements
            WHERE trial_id = ? AND position IS NULL AND members IS NULL ORDER BY measure, version, parameters
            """, [.text(trial.hex)]
        ).rows
        let variants = Dictionary(grouping: rows) { $0[0].text ?? "" }.mapValues {
            Set($0.map { "\($0[1].integer ?? 0) \($0[2].text ?? "")" }).count
        }
        return rows.map { row in
            let measure = row[0].text ?? ""
            let variant =
                variants[measure, default: 1] > 1 ? " (version \(row[1].integer ?? 0), \(row[2].text ?? ""))" : ""
            let level = row[4].number.map { "@\($0)" } ?? ""
            return ("\(measure).\(row[3].text ?? "")\(level)\(variant)", .init(row[5]))
        }
    }
}
