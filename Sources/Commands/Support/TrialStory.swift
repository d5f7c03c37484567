import Foundation
import JobContract
import ResultCatalogue
import ResultQueries
import SweepModel

/// All that the catalogue knows of one trial, as tables.
struct TrialStory {
    let trial: TrialID
    /// The place, without the ID.
    let point: String
    /// `trial`, `sweeps`, `settings`, `attempts`, `measurements`, `missing_measures`, `files`, `remarks`.
    let tables: [ResultTable]
    let files: [File]

    /// A file that the trial left.
    struct File: Hashable {
        var name: String
        /// Nil for the network itself.
        var measure: String?
        var digest: String
        var path: String
        var bytes: Int?
    }

    /// `store` is the store's directory.
    init(_ trial: TrialID, in reader: CatalogueReader, names: PointNames, store: String) throws {
        self.trial = trial
        point = names.point(trial)
        func table(_ name: String, _ sql: String) throws -> ResultTable {
            ResultTable(name: name, try reader.rows(sql, [.text(trial.hex)]))
        }
        var head = try table(
            "trial",
            """
            SELECT trial_id, training_id, state, reason, host, seconds, started_at, ended_at, steps, images, epochs,
                parameters, weights FROM trials WHERE trial_id = ?
            """)
        head.columns.insert("point", at: 0)
        head.rows = head.rows.map { [.text(names.point(trial))] + $0 }
        let spec = try reader.rows("SELECT spec FROM trials WHERE trial_id = ?", [.text(trial.hex)])
        let settings = JSONText.object(spec.rows.first?.first?.text ?? "") ?? [:]
        let weights = try reader.rows("SELECT weights FROM trials WHERE trial_id = ?", [.text(trial.hex)])
        let left = try reader.rows(
            "SELECT name, measure, digest, bytes FROM artifacts WHERE trial_id = ? ORDER BY measure, name",
            [.text(trial.hex)])
        func file(_ name: String, _ measure: String?, _ digest: String, _ bytes: Int?) -> File {
            let path = "\(store)/\(digest.prefix(2))/\(digest)"
            let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
            return File(name: name, measure: measure, digest: digest, path: path, bytes: size ?? bytes)
        }
        files =
            weights.rows.compactMap { $0[0].text.map { file("weights.safetensors", nil, $0, nil) } }
            + left.rows.map { file($0[0].text ?? "", $0[1].text, $0[2].text ?? "", $0[3].integer) }
        let (note, tags) = (try reader.note(about: .trial(trial)), try reader.tags(of: .trial(trial)))
        tables = [
            head,
            try table(
                "sweeps", "SELECT sweep, position, asked, state FROM sweep_trials WHERE trial_id = ? ORDER BY sweep"),
            ResultTable(
                name: "settings", columns: ["key", "value"],
                rows: settings.sorted { $0.key < $1.key }.map { [.text($0.key), .text(PointAxes.plain($0.value))] }),
            ResultTable(
                name: "attempts",
                columns: ["attempt", "kind", "host", "started_at", "ended_at", "outcome", "reason"],
                rows: try reader.attempts(at: trial).map {
                    [
                        .init($0.attempt.value), .text($0.kind.rawValue), .text($0.host), .init($0.startedAt),
                        .init($0.endedAt), .text($0.outcome ?? "open"), .init($0.reason),
                    ]
                }),
            try table(
                "measurements",
                """
                SELECT measure, version, parameters, quantity, sigma, position, value, n, stderr, members, attempt, host
                FROM measurements WHERE trial_id = ?
                """),
            try table(
                "missing_measures",
                "SELECT measure, version, parameters, reason, failed_at FROM missing_measures WHERE trial_id = ?"),
            ResultTable(
                name: "files", columns: ["name", "measure", "bytes", "digest", "path", "is_here"],
                rows: files.map { file in
                    [
                        .text(file.name), .init(file.measure), .init(file.bytes), .text(file.digest), .text(file.path),
                        .integer(FileManager.default.fileExists(atPath: file.path) ? 1 : 0),
                    ]
                }),
            ResultTable(
                name: "remarks", columns: ["note", "tags"],
                rows: note == nil && tags.isEmpty ? [] : [[.init(note), .text(tags.joined(separator: ", "))]]),
        ]
    }
}

// MARK: For people

extension TrialStory {
    /// The tables, as far as they say something, with measurements of which there are many counted.
    func text(width: Int?) -> String {
        let head = tables[0]
        func value(_ column: String) -> String? {
            guard let place = head.columns.firstIndex(of: column), let cell = head.rows.first?[place], cell != .null
            else { return nil }
            return cell.text
        }
        var lines = ["\(point)  \(value("state") ?? "")", "trial     \(trial.hex)"]
        lines.append("training  \(value("training_id") ?? "")")
        let length = [("steps", "steps"), ("images", "images"), ("epochs", "epochs")].compactMap { column, unit in
            value(column).map { "\($0) \(unit)" }
        }
        lines.append("length    \(length.joined(separator: ", "))")
        if let parameters = value("parameters") { lines.append("network   \(parameters) parameters") }
        if let host = value("host") {
            lines.append(value("seconds").map { "trained   on \(host) in \($0) s" } ?? "host      \(host)")
        }
        if let reason = value("reason") { lines.append("reason    \(reason)") }
        var parts = [lines.joined(separator: "\n") + "\n"]
        var sweeps = tables[1]
        sweeps.columns.remove(at: 2)
        for index in sweeps.rows.indices { sweeps.rows[index].remove(at: 2) }
        for table in [sweeps, tables[7], tables[2], tables[3], measurements, tables[5], filesShown]
        where !table.rows.isEmpty {
            parts.append(ResultTable.render([table], .table, width: width))
        }
        return parts.joined(separator: "\n")
    }

    /// Without columns that say the same in all rows, and with the many values of a quantity as their number.
    private var measurements: ResultTable {
        let all = tables[4]
        var shown = ResultTable(name: all.name, columns: ["measure.quantity", "sigma", "value", "stderr", "n"])
        var counted: [String: Int] = [:]
        for row in all.rows {
            let name = "\(row[0].text).\(row[3].text)"
            if row[5] != .null {
                counted["\(name)\u{0}\(row[4].text)", default: 0] += 1
                if counted["\(name)\u{0}\(row[4].text)"] == 1 {
                    shown.rows.append([.text(name), row[4], .null, .null, .null])
                }
            } else {
                shown.rows.append([.text(name), row[4], row[6], row[8], row[7]])
            }
        }
        for index in shown.rows.indices {
            guard let count = counted["\(shown.rows[index][0].text)\u{0}\(shown.rows[index][1].text)"] else { continue }
            shown.rows[index][0] = .text("\(shown.rows[index][0].text) (\(count) values)")
        }
        return shown
    }

    private var filesShown: ResultTable {
        ResultTable(
            name: "files", columns: ["name", "measure", "size", "path"],
            rows: files.map { file in
                let isHere = FileManager.default.fileExists(atPath: file.path)
                return [
                    .text(file.name), .init(file.measure), .init(file.bytes.map { Readable.bytes($0) }),
                    .text(isHere ? file.path : "not in the store here"),
                ]
            })
    }
}

/// Brings a trial's files out of the store, under names that people read.
struct TrialFiles {
    private let story: TrialStory

    init(_ story: TrialStory) { self.story = story }

    /// Makes a folder called by the trial's place in `directory` and copies there what the store has whole.
    func copy(to directory: String) throws -> (folder: String, count: Int, missing: [String]) {
        let folder = "\(directory)/\(folderName)"
        let manager = FileManager.default
        do { try manager.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw CommandFailure(.usage, "\(folder): cannot be made: \(error.localizedDescription)")
        }
        var (count, missing) = (0, [String]())
        for (file, name) in zip(story.files, names) {
            guard let digest = try? Digest(ofFile: file.path), digest.hex == file.digest else {
                missing.append(name)
                continue
            }
            let target = "\(folder)/\(name)"
            do {
                if manager.fileExists(atPath: target) { try manager.removeItem(atPath: target) }
                try manager.copyItem(atPath: file.path, toPath: target)
            } catch { throw CommandFailure(.usage, "\(target): cannot be written: \(error.localizedDescription)") }
            count += 1
        }
        return (folder, count, missing)
    }

    private var folderName: String {
        let point = Self.word(story.point.replacing(/\ (?=image|epoch|step)/, with: "-"))
        return (point.isEmpty ? "" : point + "_") + story.trial.hex.prefix(PointNames.digits)
    }

    /// Names as measures gave them; those that two have, with the measure before, and a number where that is not enough.
    var names: [String] {
        let plain = story.files.map { Self.word($0.name) }
        let counts = Dictionary(plain.map { ($0, 1) }, uniquingKeysWith: +)
        var given: [String: Int] = [:]
        return zip(story.files, plain).map { file, name in
            var name = counts[name, default: 0] > 1 ? "\(Self.word(file.measure ?? "network"))-\(name)" : name
            given[name, default: 0] += 1
            if let number = given[name], number > 1 {
                let parts = name.split(separator: ".", maxSplits: 1)
                name = "\(parts[0])-\(number)" + (parts.count > 1 ? ".\(parts[1])" : "")
            }
            return name
        }
    }

    /// A part of a file's name that every shell and file system takes.
    private static func word(_ text: String) -> String {
        let kept = text.map { character -> Character in
            character.isASCII && (character.isLetter || character.isNumber || "=.-+".contains(character))
                ? character : character == " " ? "_" : "-"
        }
        let word = String(kept.drop { $0 == "." || $0 == "-" })
        return String(word.prefix(160))
    }
}
