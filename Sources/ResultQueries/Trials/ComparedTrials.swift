import JobContract
import ResultCatalogue

/// The trials that comparisons are of. What a comparison tells depends on the keys in which its trials differ: across
/// disjoint parts it is strong generalization, across seeds reproducibility, and no mean is taken over both.
package struct ComparedTrials {
    /// The trials of each comparison, by its number, as ascending rows of `TrialKeys`.
    package private(set) var members: [[Int32]] = []
    /// The numbers of comparisons, by their key in `measured`.
    private(set) var numbers: [Int64: Int32] = [:]
    /// The keys in `measured` of comparisons whose trials are not all among the rows.
    private(set) var strangers: Set<Int64> = []

    /// The comparisons that `requests` were measured of.
    package init(_ reader: CatalogueReader, _ requests: Set<Int64>, among trials: [String]) throws {
        var rows = [String: Int32]()
        for request in requests.sorted() {
            guard try reader.isOfSeveralTrials(request: request) else { continue }
            if rows.isEmpty { for (row, trial) in trials.enumerated() { rows[trial] = Int32(row) } }
            try reader.scanMembers(request: request) {
                let ids = JSONText.read($0.text(1))?.arrayValue?.compactMap(\.stringValue) ?? []
                let found = ids.compactMap { rows[$0] }
                if found.count == ids.count, found.count > 1 {
                    numbers[$0.integer(0)] = Int32(members.count)
                    members.append(found.sorted())
                } else {
                    strangers.insert($0.integer(0))
                }
                return true
            }
        }
    }

    package var isEmpty: Bool { members.isEmpty }
}

extension TrialKeys {
    /// The axes in which the trials of these rows differ, among the keys that were read; sorted.
    package func differing(_ rows: [Int32]) -> [String] {
        guard let first = rows.first else { return [] }
        return varying.filter { key in
            rows.contains { value(Int($0), key) != value(Int(first), key) }
        }
    }

    /// The value of the trials of these rows under a key; several values, in order, where they differ.
    package func cell(_ rows: [Int32], _ key: String) -> ResultTable.Cell {
        let cells = Set(rows.map { cell(Int($0), key) }).sorted { ResultTable.Cell.isOrdered($0, $1) }
        return cells.count == 1 ? cells[0] : .text(cells.map(\.text).joined(separator: ", "))
    }
}
