import Foundation
import JobContract
import ResultCatalogue

/// Trials with keys that queries filter and group by: those of the training's spec (`dataset.size`, `seed`, …), the
/// length as `training.steps`, `training.images` and `training.epochs`, and the columns of the view `trials`.
struct TrialKeys {
    /// Trial IDs in the sweep's order, or the catalogue's.
    private(set) var trials: [String] = []
    /// Every key some trial has, sorted.
    let names: [String]
    /// Keys of the spec, and the length, that differ between trials: a sweep's axes. Sorted.
    let varying: [String]

    /// By trial, in the order of `columns`.
    private var values: [String: [JSONValue]] = [:]
    private let columns: [String: Int]

    /// Reads the trials a sweep wants, or all, with `keys` only; with none given, with the keys that vary.
    ///
    /// Throws `.request` for a sweep the catalogue does not know.
    init(_ reader: CatalogueReader, sweep: String?, keys: [String]? = nil) throws {
        if let sweep { try Self.check(sweep, in: reader) }
        let viewColumns = try reader.rows("SELECT * FROM trials LIMIT 0").columns.filter { $0 != "spec" }
        let specs = try TrainingSpecs(reader, sweep: sweep)
        let steps = try reader.rows(
            "SELECT min(t.steps), max(t.steps)\(Self.source(sweep))", Self.arguments(sweep)
        ).rows[0]

        var names = specs.keys.union(viewColumns)
        if steps[0] != .null { names.formUnion(Self.lengths.keys) }
        self.names = names.sorted()
        varying = (specs.varying + (steps[0] == steps[1] ? [] : ["training.steps"])).sorted()

        let wanted = Array(Set(keys ?? varying)).sorted()
        columns = Dictionary(uniqueKeysWithValues: wanted.enumerated().map { ($1, $0) })
        // The spec goes before a column of its name.
        let ofSpec = wanted.filter { specs.keys.contains($0) }
        let ofView = wanted.filter { !specs.keys.contains($0) && (viewColumns + Self.lengths.keys).contains($0) }
        let known = specs.values(of: ofSpec)
        let selected = (["trial_id", "training_id"] + ofView.map { Self.lengths[$0] ?? $0 }).map { "t.\($0)" }
        let answer = try reader.rows(
            "SELECT \(selected.joined(separator: ", "))\(Self.source(sweep))"
                + (sweep == nil ? "" : " ORDER BY s.position"), Self.arguments(sweep))
        let places = (ofSpec + ofView).compactMap { columns[$0] }
        for row in answer.rows {
            guard let id = row[0].text, let training = row[1].text else { continue }
            var values = [JSONValue](repeating: .null, count: wanted.count)
            for (place, value) in zip(places, (known[training] ?? []) + row[2...].map(Self.json)) {
                values[place] = value
            }
            trials.append(id)
            self.values[id] = values
        }
    }

    private static let lengths = ["training.steps": "steps", "training.images": "images", "training.epochs": "epochs"]

    private static func source(_ sweep: String?) -> String {
        sweep == nil
            ? " FROM trials t" : " FROM sweep_trials s JOIN trials t ON t.trial_id = s.trial_id WHERE s.sweep = ?"
    }

    private static func arguments(_ sweep: String?) -> [CatalogueValue] { sweep.map { [.text($0)] } ?? [] }

    /// Throws `.request` unless the catalogue has a sweep of that name.
    static func check(_ sweep: String, in reader: CatalogueReader) throws {
        let names = try reader.rows("SELECT name FROM sweep ORDER BY key").rows.compactMap(\.first?.text)
        guard names.contains(sweep) else {
            throw ReportError(
                .request,
                "The catalogue \(reader.path) has no sweep \"\(sweep)\"; it has "
                    + (names.isEmpty ? "none." : "\(names.joined(separator: ", "))."))
        }
    }

    /// Throws `.request` for a key that no trial has, naming those there are. Of no trials everything may be asked.
    func check(_ keys: [String]) throws {
        for key in keys where !trials.isEmpty && !names.contains(key) {
            throw ReportError(
                .request, "No trial has the key \"\(key)\"; the keys are \(names.joined(separator: ", ")).")
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

    /// Null where the trial lacks the key, or the key was not asked for.
    func value(_ trial: String, _ key: String) -> JSONValue {
        guard let place = columns[key], let values = values[trial] else { return .null }
        return values[place]
    }

    /// The keys read, of one trial.
    func record(_ trial: String) -> [String: JSONValue] {
        guard let values = values[trial] else { return [:] }
        return columns.mapValues { values[$0] }
    }

    func cell(_ trial: String, _ key: String) -> ResultTable.Cell {
        switch value(trial, key) {
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
}

/// The specs of a sweep's trainings, or of all. Kept as text: read, those of a large sweep would fill the memory.
private struct TrainingSpecs {
    private var texts: [String: String] = [:]
    private(set) var keys: Set<String> = []
    /// Keys of which two trainings have different values, or that only some have.
    private(set) var varying: [String] = []

    init(_ reader: CatalogueReader, sweep: String?) throws {
        let rows = try reader.rows(
            "SELECT r.training_id, r.spec FROM training r"
                + (sweep == nil
                    ? ""
                    : """
                     WHERE r.key IN (
                        SELECT t.training FROM sweep s JOIN wish w ON w.revision = s.revision
                        JOIN trial t ON t.key = w.trial WHERE s.name = ?)
                    """),
            sweep.map { [.text($0)] } ?? []
        ).rows
        var first = [String: JSONValue]()
        var others = Set<String>()
        for (index, row) in rows.enumerated() {
            guard let id = row[0].text, let text = row[1].text else { continue }
            texts[id] = text
            let spec = JSONText.object(text) ?? [:]
            if index == 0 { first = spec }
            for (key, value) in spec where first[key] != value {
                others.insert(key)
                keys.insert(key)
            }
            for key in first.keys where spec[key] == nil { others.insert(key) }
        }
        keys.formUnion(first.keys)
        varying = others.filter { $0 == "seed" || $0.contains(".") }.sorted()
    }

    /// The values of `keys` by training, in their order.
    func values(of keys: [String]) -> [String: [JSONValue]] {
        guard !keys.isEmpty else { return [:] }
        return texts.mapValues { text in
            let spec = JSONText.object(text) ?? [:]
            return keys.map { spec[$0] ?? .null }
        }
    }
}
