import JobContract
import ResultCatalogue

/// Answers questions about measurements.
package struct Query: Sendable {
    /// How far an asked σ may lie from the stored one, relatively: 0.02 finds 0.020435.
    package static let sigmaTolerance = 0.025

    private let reader: CatalogueReader

    package init(_ reader: CatalogueReader) { self.reader = reader }

    /// One row per measurement, or one per group.
    ///
    /// Throws `ReportError.request` for names the catalogue does not have, naming those it has.
    package func run(_ request: QueryRequest) throws -> ResultTable {
        let isList = request.groupBy.isEmpty && request.statistics.isEmpty
        let asked = request.groupBy + (request.filter?.keys.sorted() ?? [])
        var trials = try TrialKeys(reader, sweep: request.sweep, keys: asked)
        try trials.check(asked)
        var wanted = [String: Int]()
        for (index, trial) in trials.trials.enumerated() {
            if let filter = request.filter, !filter.holds(for: trials.record(trial)) { continue }
            wanted[trial] = index
        }
        // A list shows the axes.
        if isList { trials = try TrialKeys(reader, sweep: request.sweep) }
        var rows = try measurements(request).filter { wanted[$0.trial] != nil }
        if !request.sigmas.isEmpty {
            let sigmas = try resolve(request.sigmas, among: rows)
            rows = rows.filter { $0.sigma.map(sigmas.contains) ?? false }
        }
        // Stable: within a trial the order is that of recording.
        let order = rows.indices.sorted {
            (wanted[rows[$0].trial] ?? 0, $0) < (wanted[rows[$1].trial] ?? 0, $1)
        }
        rows = order.map { rows[$0] }
        return isList
            ? Self.list(rows, trials: trials) : Self.reduce(rows, trials: trials, request)
    }

    /// Runs the user's own SELECT over the stable views.
    package func run(sql: String) throws -> ResultTable {
        let answer = try reader.rows(sql)
        return ResultTable(
            name: "query", columns: answer.columns, rows: answer.rows.map { $0.map { ResultTable.Cell($0) } })
    }
}

// MARK: Selecting

extension Query {
    private struct Measurement {
        var trial: String
        var measure: String
        var version: Int
        var parameters: String
        var quantity: String
        var sigma: Double?
        var position: Int?
        var value: Double?
        var n: Int?
        var stderr: Double?
    }

    private func measurements(_ request: QueryRequest) throws -> [Measurement] {
        for selection in request.measures { try check(selection) }
        let conditions = request.measures.map { $0.quantity == nil ? "measure = ?" : "(measure = ? AND quantity = ?)" }
        let arguments = request.measures.flatMap { [$0.measure, $0.quantity].compactMap { $0 } }
        let filter = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " OR ")
        return try reader.rows(
            "SELECT trial_id, measure, version, parameters, quantity, sigma, position, value, n, stderr "
                + "FROM measurements" + filter, arguments.map(CatalogueValue.text)
        ).rows.map {
            Measurement(
                trial: $0[0].text ?? "", measure: $0[1].text ?? "", version: $0[2].integer ?? 0,
                parameters: $0[3].text ?? "", quantity: $0[4].text ?? "", sigma: $0[5].number,
                position: $0[6].integer, value: $0[7].number, n: $0[8].integer, stderr: $0[9].number)
        }
    }

    private func check(_ selection: MeasureSelection) throws {
        let measures = try names("SELECT DISTINCT measure FROM measurements")
        guard measures.contains(selection.measure) else {
            throw ReportError(
                .request,
                "The catalogue has no measurements of \"\(selection.measure)\"; it has "
                    + "\(measures.isEmpty ? "none yet" : measures.joined(separator: ", ")).")
        }
        guard let quantity = selection.quantity else { return }
        let quantities = try names(
            "SELECT DISTINCT quantity FROM measurements WHERE measure = ?", [.text(selection.measure)])
        guard quantities.contains(quantity) else {
            throw ReportError(
                .request,
                "\(selection.measure) has no quantity \"\(quantity)\"; it has \(quantities.joined(separator: ", ")).")
        }
    }

    private func names(_ sql: String, _ arguments: [CatalogueValue] = []) throws -> [String] {
        try reader.rows(sql, arguments).rows.compactMap(\.first?.text).sorted()
    }

    /// The stored noise levels nearest to the asked ones.
    private func resolve(_ asked: [Double], among rows: [Measurement]) throws -> Set<Double> {
        let stored = Set(rows.compactMap(\.sigma)).sorted()
        return Set(
            try asked.map { sigma in
                let nearest = stored.min { abs($0 - sigma) < abs($1 - sigma) }
                guard let nearest, abs(nearest - sigma) <= Self.sigmaTolerance * nearest else {
                    let list = stored.map { "\($0)" }.joined(separator: ", ")
                    throw ReportError(
                        .request,
                        "No measurement was made at sigma \(sigma); "
                            + (stored.isEmpty ? "what was asked for has no noise levels." : "there are \(list)."))
                }
                return nearest
            })
    }
}

// MARK: Shaping

extension Query {
    private static func list(_ rows: [Measurement], trials: TrialKeys) -> ResultTable {
        let axes = trials.varying
        let hasPosition = rows.contains { $0.position != nil }
        let hasSigma = rows.contains { $0.sigma != nil }
        var table = ResultTable(
            name: "measurements",
            columns: ["trial_id"] + axes + ["measure", "quantity"] + (hasSigma ? ["sigma"] : [])
                + (hasPosition ? ["position"] : []) + ["value", "n", "stderr"])
        for row in rows {
            table.rows.append(
                [.text(row.trial)] + axes.map { trials.cell(row.trial, $0) }
                    + [.text(row.measure), .text(row.quantity)] + (hasSigma ? [.init(row.sigma)] : [])
                    + (hasPosition ? [.init(row.position)] : []) + [.init(row.value), .init(row.n), .init(row.stderr)])
        }
        return table
    }

    private struct Group: Hashable {
        var keys: [ResultTable.Cell]
        var measure: String
        var version: Int
        var parameters: String
        var quantity: String
        var sigma: Double?
        var position: Int?
    }

    /// Groups never mix measures of other parameters, noise levels or positions.
    private static func reduce(_ rows: [Measurement], trials: TrialKeys, _ request: QueryRequest) -> ResultTable {
        var order = [Group]()
        var values = [Group: [Double]]()
        for row in rows {
            let group = Group(
                keys: request.groupBy.map { trials.cell(row.trial, $0) }, measure: row.measure, version: row.version,
                parameters: row.parameters, quantity: row.quantity, sigma: row.sigma, position: row.position)
            if values[group] == nil { order.append(group) }
            values[group, default: []] += row.value.map { [$0] } ?? []
        }
        let statistics = request.statistics.isEmpty ? [.mean, .count] : request.statistics
        let hasSigma = order.contains { $0.sigma != nil }
        let hasPosition = order.contains { $0.position != nil }
        let variants = Set(order.map { [$0.measure, "\($0.version)", $0.parameters] })
        let hasVariants = variants.count > Set(order.map(\.measure)).count
        var table = ResultTable(
            name: "statistics",
            columns: request.groupBy + ["measure"] + (hasVariants ? ["version", "parameters"] : []) + ["quantity"]
                + (hasSigma ? ["sigma"] : []) + (hasPosition ? ["position"] : []) + statistics.flatMap(\.columns))
        for group in order {
            table.rows.append(
                group.keys + [.text(group.measure)]
                    + (hasVariants ? [.init(group.version), .text(group.parameters)] : []) + [.text(group.quantity)]
                    + (hasSigma ? [.init(group.sigma)] : []) + (hasPosition ? [.init(group.position)] : [])
                    + statistics.flatMap { $0.cells(values[group] ?? []) })
        }
        return table
    }
}
