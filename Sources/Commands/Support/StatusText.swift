import Foundation
import ResultCatalogue
import ResultQueries
import SweepModel

/// What `status` says to people.
struct StatusText {
    private let tables: [String: ResultTable]
    /// Rows of a table that people read.
    static let most = 30

    init(_ tables: [ResultTable]) {
        self.tables = Dictionary(tables.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func text(width: Int?) -> String {
        let sweeps = tables["sweeps"]?.rows.isEmpty == false ? sweepLines(width) : ["no sweeps"]
        var parts = [sweeps.joined(separator: "\n") + "\n"]
        let shown = [
            ("running", ["point", "trial_id", "kind", "host", "started_at", "attempt"]),
            ("hosts", ["host", "open", "succeeded", "job_faults", "host_faults", "cores", "free_mib", "cpu"]),
            ("comparisons", []), ("failures", ["sweep", "point", "trial_id", "host", "attempt", "reason"]),
            ("lost_files", ["sweep", "point", "trial_id", "reason"]),
            ("disagreements", ["point", "trial_id", "kind", "measure", "attempt", "host"]),
        ]
        for (name, columns) in shown {
            guard var table = tables[name], !table.rows.isEmpty else { continue }
            if name == "running" { table = started(table) }
            guard !table.rows.isEmpty else { continue }
            let text = ResultTable.render([Self.chosen(table, columns)], .table, width: width)
            parts.append(text + table.notes.map { "\($0)\n" }.joined())
        }
        if let store = tables["store"] {
            let kinds = store.rows.map { "\($0[0].text) \(Readable.bytes(Int($0[1].text) ?? 0))" }
            parts.append("store: \(kinds.joined(separator: ", "))\n")
        }
        return parts.joined(separator: "\n")
    }

    /// The attempts that have started; others wait at their hosts for a slot.
    private func started(_ table: ResultTable) -> ResultTable {
        var table = table
        if let place = table.columns.firstIndex(of: "started_at") { table.rows.removeAll { $0[place] == .null } }
        return table
    }

    private func sweepLines(_ width: Int?) -> [String] {
        guard let table = tables["sweeps"] else { return [] }
        return table.rows.flatMap { row -> [String] in
            func value(_ column: String) -> ResultTable.Cell {
                table.columns.firstIndex(of: column).map { row[$0] } ?? .null
            }
            let counts = [TrialState.succeeded, .running, .waiting, .failed, .cancelled].compactMap {
                state -> String? in
                guard case .integer(let count) = value(state.rawValue), count > 0 else { return nil }
                return "\(Readable.count(Int(count))) \(state.rawValue)"
            }
            let trials = Int(value("trials").text) ?? 0
            var lines = ["\(value("sweep").text): \(Readable.trials(trials)): \(counts.joined(separator: ", "))"]
            if case .number(let share) = value("done") {
                var words = LiveFrame.percent(share)
                if case .number(let left) = value("seconds_left") { words += ", about \(Readable.duration(left)) left" }
                let bar = min(50, (width ?? 80) - words.count - 5)
                lines.append("  " + (bar >= 8 ? LiveFrame.bar(share, bar) + "  " : "") + words)
            }
            return lines
        }
    }

    /// The columns of these names, in their order, with short IDs; all where none are named.
    private static func chosen(_ table: ResultTable, _ columns: [String]) -> ResultTable {
        guard !columns.isEmpty else { return table }
        let places = columns.compactMap { table.columns.firstIndex(of: $0) }
        return ResultTable(
            name: table.name, columns: places.map { table.columns[$0] == "trial_id" ? "id" : table.columns[$0] },
            rows: table.rows.map { row in
                places.map { place in
                    guard table.columns[place] == "trial_id", case .text(let id) = row[place] else { return row[place] }
                    return .text(String(id.prefix(PointNames.digits)))
                }
            })
    }

    /// Says that nobody runs what is unfinished, and what goes on with it.
    static func sayWhatResumes(sweep: String?, in reader: CatalogueReader, isOpen: Bool) throws {
        let unfinished = try reader.sweeps().filter { $0.isUnfinished && (sweep == nil || $0.name == sweep) }
        guard !unfinished.isEmpty else { return }
        let name = unfinished.count == 1 ? " " + ShellWord.quoted(unfinished[0].name) : ""
        let running = isOpen ? "; what is said to run may go on at its hosts, and nobody hears of it" : ""
        Terminal.note(
            "no coordinator runs\(running). Go on with:\n  eigensweep resume\(name)\(CatalogueOptions.option(for: reader.path))"
        )
    }
}
