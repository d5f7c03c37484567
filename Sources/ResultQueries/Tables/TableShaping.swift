extension ResultTable {
    /// The table without those of the named columns that are NULL throughout.
    package func withoutEmptyColumns(among names: Set<String>) -> ResultTable {
        let kept = columns.indices.filter { index in
            !names.contains(columns[index]) || rows.contains { $0[index] != .null }
        }
        return ResultTable(
            name: name, columns: kept.map { columns[$0] }, rows: rows.map { row in kept.map { row[$0] } })
    }

    /// Rows that agree in all but `axis`, the `values` and the `dropped` as one row, with a column for each value of
    /// `axis`: `axis=4`, or, of several `values`, `mean axis=4`. `least_count` is the smallest count among them.
    func pivoted(by axis: String, values: Set<String>, dropping dropped: Set<String>) -> ResultTable {
        guard let axisPlace = columns.firstIndex(of: axis) else { return self }
        let shown = columns.indices.filter { values.contains(columns[$0]) && !dropped.contains(columns[$0]) }
        let kept = columns.indices.filter {
            $0 != axisPlace && !values.contains(columns[$0]) && !dropped.contains(columns[$0])
        }
        let steps = Set(rows.map { $0[axisPlace] }).sorted { Cell.isOrdered($0, $1) }
        var order = [[Cell]]()
        var found = [[Cell]: [Cell: [Cell]]]()
        for row in rows {
            let key = kept.map { row[$0] }
            if found[key] == nil { order.append(key) }
            found[key, default: [:]][row[axisPlace]] = row
        }
        let countPlace = columns.firstIndex(of: "count")
        var table = ResultTable(name: name, columns: kept.map { columns[$0] })
        for place in shown {
            table.columns += steps.map { (shown.count > 1 ? columns[place] + " " : "") + "\(axis)=\($0.text)" }
        }
        if countPlace != nil { table.columns.append("least_count") }
        for key in order {
            let cells = found[key] ?? [:]
            var row = key
            for place in shown { row += steps.map { cells[$0]?[place] ?? .null } }
            if let countPlace {
                row.append(cells.values.map { $0[countPlace] }.min { Cell.isOrdered($0, $1) } ?? .null)
            }
            table.rows.append(row)
        }
        return table
    }

    /// Sorts by the columns, the first first; equal rows stay as they are, NULL goes last.
    ///
    /// Throws `ReportError.request` for a column that the table lacks.
    mutating func sort(by keys: [SortColumn]) throws {
        let places = try keys.map { key in
            guard let place = columns.firstIndex(of: key.name) else {
                throw ReportError(
                    .request,
                    "there is no column \"\(key.name)\" to sort by; there are \(columns.joined(separator: ", "))")
            }
            return (place, key.descends)
        }
        guard !places.isEmpty else { return }
        let order = rows.indices.sorted { a, b in
            for (place, descends) in places {
                let (x, y) = (rows[a][place], rows[b][place])
                if x == y { continue }
                if x == .null || y == .null { return y == .null }
                if Cell.isOrdered(x, y) { return !descends }
                if Cell.isOrdered(y, x) { return descends }
            }
            return a < b
        }
        rows = order.map { rows[$0] }
    }
}

extension ResultTable.Cell {
    /// The value as it stands in the name of a column.
    package var text: String {
        switch self {
        case .null: "none"
        case .integer(let value): String(value)
        case .number(let value): ResultTable.format(value)
        case .text(let value): value
        }
    }

    /// Numbers, by size, come before text, by its characters, and text before NULL.
    package static func isOrdered(_ a: Self, _ b: Self) -> Bool {
        switch (a.number, b.number) {
        case (let a?, let b?): return a < b
        case (_?, nil): return true
        case (nil, _?): return false
        case (nil, nil):
            guard case .text(let a) = a else { return false }
            guard case .text(let b) = b else { return true }
            return a < b
        }
    }

    /// The number, whole or not; nil for everything else.
    var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .null, .text: nil
        }
    }
}
