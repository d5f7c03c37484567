import JobContract
import ResultCatalogue
import SweepModel

/// A request with its names looked up: which trials and quantities it is about.
struct QueryPlan {
    private let request: QueryRequest
    private let trials: TrialKeys
    private let blocks: MeasurementBlocks
    private let groupBy: [String]

    package init(_ reader: CatalogueReader, _ request: QueryRequest) throws {
        self.request = request
        groupBy = request.groupBy + [request.columnsBy].compactMap { $0 }.filter { !request.groupBy.contains($0) }
        let filterKeys = request.filter?.keys.sorted() ?? []
        let asked = groupBy + filterKeys
        var trials = try TrialKeys(reader, sweep: request.sweep, keys: asked)
        try trials.check(groupBy)
        if let filter = request.filter { try trials.check(filter) }
        let isWanted = trials.rows(where: request.filter.map { $0.holds(for:) })
        // A list shows the axes.
        if request.isList { trials = try TrialKeys(reader, sweep: request.sweep) }
        self.trials = trials
        blocks = MeasurementBlocks(
            reader: reader, trials: trials, isWanted: isWanted,
            quantities: try QuantityChoice.all(request.measures, in: reader))
    }

    // MARK: Lists

    var listColumns: [String] {
        ["trial_id"] + trials.varying + ["measure", "quantity", "sigma", "position", "value", "n", "stderr"]
    }

    private func forEachBlock(_ order: MeasurementBlocks.Order, _ body: (MeasurementBlock) throws -> Bool) throws {
        var levels = NoiseLevels(request.sigmas, interpolates: request.interpolates)
        var isWhole = true
        try blocks.forEach(order) { given in
            var block = given
            levels.select(&block.rows)
            isWhole = try block.rows.isEmpty || body(block)
            return isWhole
        }
        if isWhole { try levels.check() }
    }

    private func forEachRow(
        limit: Int?, begin: (MeasurementBlock) -> Void, _ body: (BlockRow) throws -> Void
    ) throws {
        var left = limit ?? .max
        guard left > 0 else { return }
        try forEachBlock(.trials) { block in
            begin(block)
            for row in block.rows.prefix(left) { try body(row) }
            left -= min(left, block.rows.count)
            return left > 0
        }
    }

    private func leading(_ block: MeasurementBlock) -> [ResultTable.Cell] {
        let quantity = blocks.quantities[block.quantity]
        return [.text(trials.trials[block.trial])] + trials.varying.map { trials.cell(block.trial, $0) }
            + [.text(quantity.measure), .text(quantity.name)]
    }

    func list(limit: Int?, _ body: ([ResultTable.Cell]) -> Void) throws {
        var start: [ResultTable.Cell] = []
        try forEachRow(limit: limit) {
            start = leading($0)
        } _: { row in
            body(start + [.init(row.sigma), .init(row.position), .init(row.value), .init(row.n), .init(row.stderr)])
        }
    }

    func list(limit: Int?, to writer: inout RowWriter) throws {
        var writing = writer
        var start = RowWriter.Start()
        try forEachRow(limit: limit) {
            start = writing.start(leading($0))
        } _: { row in
            try writing.beginRow(start)
            writing.optional(row.sigma)
            writing.optional(row.position)
            writing.number(row.value)
            writing.optional(row.n)
            writing.optional(row.stderr)
            try writing.endRow()
        }
        writer = writing
    }

    // MARK: Groups

    private struct Group: Hashable {
        /// Of trials that agree in the keys.
        var trials: Int32
        var quantity: Int32
        /// NaN where there is none.
        var sigma: Double
        var position: Int
    }

    /// Groups never mix measures of other parameters, noise levels or positions.
    func statistics() throws -> ResultTable {
        let keys = trials.groups(by: groupBy)
        var numbers = [Group: Int32]()
        var groups = [Group]()
        var samples = GroupedSamples()
        let hasShares = blocks.quantities.contains(where: \.isShare) && request.statistics.contains(.ci95)
        try forEachBlock(.quantities) { block in
            for row in block.rows {
                let group = Group(
                    trials: keys.codes[block.trial], quantity: Int32(block.quantity), sigma: row.sigma ?? -1,
                    position: row.position ?? -1)
                let number: Int32
                if let known = numbers[group] {
                    number = known
                } else {
                    number = Int32(groups.count)
                    numbers[group] = number
                    groups.append(group)
                }
                samples.append(row.value, of: number, n: hasShares ? row.n : nil)
            }
            return true
        }
        samples.sort(into: groups.count)
        let order = groups.indices.sorted {
            (groups[$0].trials, groups[$0].quantity, $0) < (groups[$1].trials, groups[$1].quantity, $1)
        }
        return table(order.map { (groups[$0], samples[$0]) }, firstRows: keys.first, hasShares: hasShares)
    }

    private func table(_ groups: [(Group, Samples)], firstRows: [Int], hasShares: Bool) -> ResultTable {
        var statistics = request.statistics.isEmpty ? [.mean] : request.statistics
        if !statistics.contains(.count) { statistics.append(.count) }
        let used = Set(groups.map(\.0.quantity)).map { blocks.quantities[Int($0)] }
        let hasVariants = Set(used.map(\.request)).count > Set(used.map(\.measure)).count
        let hasSigma = groups.contains { $0.0.sigma >= 0 }
        let hasPosition = groups.contains { $0.0.position >= 0 }
        var table = ResultTable(
            name: "statistics",
            columns: groupBy + ["measure"] + (hasVariants ? ["version", "parameters"] : []) + ["quantity"]
                + (hasSigma ? ["sigma"] : []) + (hasPosition ? ["position"] : []) + statistics.flatMap(\.columns)
                + (hasShares ? ["samples"] : []))
        for (group, samples) in groups {
            let quantity = blocks.quantities[Int(group.quantity)]
            let row = firstRows[Int(group.trials)]
            table.rows.append(
                groupBy.map { trials.cell(row, $0) } + [.text(quantity.measure)]
                    + (hasVariants ? [.init(quantity.version), .text(quantity.parameters)] : [])
                    + [.text(quantity.name)]
                    + (hasSigma ? [.init(group.sigma < 0 ? nil : group.sigma)] : [])
                    + (hasPosition ? [.init(group.position < 0 ? nil : group.position)] : [])
                    + statistics.flatMap { $0.cells(samples, isShare: quantity.isShare) }
                    + (hasShares ? [.init(quantity.isShare ? samples.total : nil)] : []))
        }
        return table
    }

    /// Pivoted, sorted and cut off as the request says.
    func shaped(_ given: ResultTable) throws -> ResultTable {
        var table = given
        if let axis = request.columnsBy {
            let statistics = Set(
                (request.statistics.isEmpty ? [.mean, .count] : request.statistics).flatMap(\.columns))
            table = table.pivoted(by: axis, values: statistics, dropping: ["count", "samples"])
        }
        try table.sort(by: request.sort)
        if let limit = request.limit { table.rows = Array(table.rows.prefix(limit)) }
        return table
    }
}
