import Foundation
import JobContract
import ResultCatalogue

/// Trials with every key that queries can filter and group by: the training's spec (`dataset.size`, `seed`, …), the
/// length as `training.steps`, `training.images` and `training.epochs`, and the columns of the view `trials`.
package struct TrialKeys: Sendable {
    /// Trial IDs in the sweep's order, or the catalogue's.
    package private(set) var trials: [String] = []
    package private(set) var keys: [String: [String: JSONValue]] = [:]

    /// Reads the trials a sweep wants, or all. Throws `.request` for a sweep the catalogue does not know.
    package init(_ reader: CatalogueReader, sweep: String?) throws {
        var known = [String: [String: JSONValue]]()
        let answer: CatalogueRows
        if let sweep {
            try Self.check(sweep, in: reader)
            answer = try reader.rows(
                """
                SELECT t.* FROM sweep_trials s JOIN trials t ON t.trial_id = s.trial_id WHERE s.sweep = ?
                ORDER BY s.position
                """, [.text(sweep)])
        } else {
            answer = try reader.rows("SELECT * FROM trials")
        }
        for row in answer.rows {
            var values = [String: JSONValue]()
            for (column, value) in zip(answer.columns, row) where column != "spec" {
                values[column] = Self.json(value)
            }
            guard let id = values["trial_id"]?.stringValue, let training = values["training_id"]?.stringValue else {
                continue
            }
            if known[training] == nil {
                let spec = zip(answer.columns, row).first { $0.0 == "spec" }?.1.text ?? ""
                known[training] = JSONText.read(spec)?.objectValue ?? [:]
            }
            values.merge(known[training] ?? [:]) { column, _ in column }
            for length in ["steps", "images", "epochs"] { values["training." + length] = values[length] }
            trials.append(id)
            keys[id] = values
        }
    }

    /// Throws `.request` unless the catalogue has a sweep of that name.
    static func check(_ sweep: String, in reader: CatalogueReader) throws {
        let names = try reader.sweeps().map(\.name)
        guard names.contains(sweep) else {
            throw ReportError(
                .request,
                "The catalogue \(reader.path) has no sweep \"\(sweep)\"; it has "
                    + (names.isEmpty ? "none." : "\(names.joined(separator: ", "))."))
        }
    }

    private static func json(_ value: CatalogueValue) -> JSONValue {
        switch value {
        case .null, .blob: .null
        case .integer(let value): .integer(value)
        case .real(let value): .number(value)
        case .text(let value): .string(value)
        }
    }

    /// Every key some trial has, sorted.
    package var names: [String] {
        var names = Set<String>()
        for values in keys.values { names.formUnion(values.keys) }
        return names.sorted()
    }

    package func cell(_ trial: String, _ key: String) -> ResultTable.Cell {
        switch keys[trial]?[key] ?? .null {
        case .null: .null
        case .bool(let value): .text(value ? "true" : "false")
        case .integer(let value): .integer(value)
        case .number(let value): ResultTable.Cell(value)
        case .string(let value): .text(value)
        case .object(let part) where Set(part.keys) == ["index", "of"]:
            .text("\(part["index"]?.integerValue ?? 0)/\(part["of"]?.integerValue ?? 1)")
        case let value: .text((try? CanonicalJSON.text(value)) ?? "")
        }
    }

    /// Keys of the spec, and the length, that differ between trials: a sweep's axes.
    package var varying: [String] {
        let candidates = names.filter {
            $0 == "seed" || $0 == "training.steps" || ($0.contains(".") && !$0.hasPrefix("training.images"))
        }
        return candidates.filter { key in
            key != "training.epochs" && Set(trials.map { cell($0, key) }).count > 1
        }
    }
}
