import JobContract
import ResultCatalogue
import SweepModel

/// A request with its names looked up: which trials and quantities it is about.
struct QueryPlan {
    private let request: QueryRequest
    private let trials: TrialKeys
    private let blocks: MeasurementBlocks
    /// The keys asked for, and the workers' where those differ.
    private let groupBy: [String]

    package init(_ reader: CatalogueReader, _ request: QueryRequest) throws {
        self.request = request
        let quantities = try QuantityChoice.all(request.measures, in: reader)
        var groupBy =
            request.groupBy + [request.columnsBy].compactMap { $0 }.filter { !request.groupBy.contains($0) }
        let asked = groupBy + (request.filter?.keys.sorted() ?? [])
        var trials = try TrialKeys(
            reader, sweep: request.sweep, and: request.otherSweeps, keys: asked, withPlaces: !request.isList)
        if let key = groupBy.first(where: ["sigma", "position", "measure", "quantity"].contains) {
            throw ReportError(
                .request,
                "means are kept apart by \(key) without being asked to"
                    + (key == "sigma" ? "; --sigma picks noise levels" : ""))
        }
        try trials.check(groupBy)
        let isWanted = try trials.holding(request.filter, in: reader, sweep: request.sweep)
        let comparisons = try ComparedTrials(reader, Set(quantities.map(\.request)), among: trials.trials)
        // Numbers of different workers are averaged together only where asked for.
        var workers = request.isList || request.mixes.contains(.workers) ? [] : Self.workerKeys
        workers = workers.filter { trials.varying.contains($0) && !groupBy.contains($0) }
        // A list shows the axes, and comparisons are told apart by them.
        if request.isList || !comparisons.isEmpty || !workers.isEmpty {
            trials = try TrialKeys(
                reader, sweep: request.sweep, and: request.otherSweeps, keys: Array(Set(asked + trials.varying)),
                withPlaces: !request.isList)
        }
        if let first = isWanted.firstIndex(of: true) {
            groupBy += workers.filter { key in
                isWanted.indices.contains { isWanted[$0] && trials.value($0, key) != trials.value(first, key) }
            }
        }
        self.groupBy = groupBy
        self.trials = trials
        blocks = MeasurementBlocks(
            reader: reader, trials: trials, isWanted: isWanted, quantities: quantities, comparisons: comparisons)
    }

    private static let workerKeys = ["worker.name", "worker.numerics"]

    // MARK: Lists

    var listColumns: [String] {
        ["trial_id"] + trials.varying + (blocks.comparisons.isEmpty ? [] : ["differ_in"])
            + ["measure", "quantity", "sigma", "position", "value", "n", "stderr"]
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
        let members = members(of: block)
        let differences =
            blocks.comparisons.isEmpty ? [] : [block.comparison < 0 ? .null : difference(members)]
        return [.text(trials.trials[block.trial])] + trials.varying.map { trials.cell(members, $0) } + differences
            + [.text(quantity.measure), .text(quantity.name)]
    }

    /// The trials that a block's numbers are of.
    private func members(of block: MeasurementBlock) -> [Int32] {
        block.comparison < 0 ? [Int32(block.trial)] : blocks.comparisons.members[Int(block.comparison)]
    }

    private func difference(_ members: [Int32]) -> ResultTable.Cell {
        .text(trials.differing(members).joined(separator: ", "))
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
        /// The group of trials that agree in the keys (`GroupKinds`).
        var trials: Int32
        var quantity: Int32
        /// NaN where there is none.
        var sigma: Double
        var position: Int
    }

    /// Groups never mix measures of other parameters, noise levels or positions, nor comparisons of trials that differ in
    /// other keys; versions and workers only where asked for.
    func statistics() throws -> ResultTable {
        let kinds = GroupKinds(trials, groupBy, blocks.comparisons)
        let merged = mergedQuantities
        var numbers = [Group: Int32]()
        var groups = [Group]()
        var samples = GroupedSamples()
        try forEachBlock(.quantities) { block in
            let quantity = merged[block.quantity]
            let belongs = kinds.belonging(of: block, isOfSubset: blocks.quantities[quantity].isOfSubset)
            for row in block.rows {
                let group = Group(
                    trials: belongs.group, quantity: Int32(quantity), sigma: row.sigma ?? -1,
                    position: row.position ?? -1)
                let number: Int32
                if let known = numbers[group] {
                    number = known
                } else {
                    number = Int32(groups.count)
                    numbers[group] = number
                    groups.append(group)
                }
                samples.append(
                    row.value, n: blocks.quantities[quantity].isShare ? row.n : nil,
                    of: .init(group: number, place: belongs.place, unit: belongs.unit))
            }
            return true
        }
        samples.sort(into: groups.count)
        let order = groups.indices.sorted {
            (groups[$0].trials, groups[$0].quantity, $0) < (groups[$1].trials, groups[$1].quantity, $1)
        }
        return try table(
            order.map { index in
                let ofComparisons = kinds.isOfComparisons(groups[index].trials)
                return (
                    groups[index], samples.samples(index, members: ofComparisons ? kinds.members : nil)
                )
            }, kinds: kinds)
    }

    /// For each quantity the first that is the same in all versions, where these are asked for together.
    private var mergedQuantities: [Int] {
        guard request.mixes.contains(.versions) else { return Array(blocks.quantities.indices) }
        return blocks.quantities.map { quantity in
            blocks.quantities.firstIndex {
                ($0.measure, $0.parameters, $0.name) == (quantity.measure, quantity.parameters, quantity.name)
            } ?? 0
        }
    }

    private func table(_ groups: [(Group, Samples)], kinds: GroupKinds) throws -> ResultTable {
        var statistics = request.statistics.isEmpty ? [.mean] : request.statistics
        if !statistics.contains(.count) { statistics.append(.count) }
        let used = Set(groups.map(\.0.quantity)).map { blocks.quantities[Int($0)] }
        let hasVariants = Set(used.map(\.request)).count > Set(used.map(\.measure)).count
        let hasSigma = groups.contains { $0.0.sigma >= 0 }
        let hasPosition = groups.contains { $0.0.position >= 0 }
        let hasShares = used.contains(where: \.isShare) && statistics.contains(.ci95)
        let hasComparisons = groups.contains { kinds.isOfComparisons($0.0.trials) }
        let needsAverage = statistics.contains(.mean) || statistics.contains(.ci95)
        let averages = groups.map { group, samples in
            needsAverage
                ? samples.average(areShares: blocks.quantities[Int(group.quantity)].isShare) : nil
        }
        let hasPlaces = averages.contains { ($0?.places ?? 1) > 1 }
        var table = ResultTable(
            name: "statistics",
            columns: groupBy + (hasComparisons ? ["differ_in"] : []) + ["measure"]
                + (hasVariants ? ["version", "parameters"] : []) + ["quantity"]
                + (hasSigma ? ["sigma"] : []) + (hasPosition ? ["position"] : []) + statistics.flatMap(\.columns)
                + (hasPlaces ? ["places"] : []) + (hasShares ? ["samples"] : []))
        if hasPlaces {
            table.notes.append(
                "averaged over \(try averagedAxes().joined(separator: ", ")): the mean of each place counts once")
        }
        for ((group, samples), average) in zip(groups, averages) {
            let quantity = blocks.quantities[Int(group.quantity)]
            let rows = kinds.rows(of: group.trials)
            table.rows.append(
                groupBy.map { trials.cell(rows, $0) }
                    + (hasComparisons
                        ? [kinds.isOfComparisons(group.trials) ? difference(rows) : .null] : [])
                    + [.text(quantity.measure)]
                    + (hasVariants ? [.init(quantity.version), .text(quantity.parameters)] : [])
                    + [.text(quantity.name)]
                    + (hasSigma ? [.init(group.sigma < 0 ? nil : group.sigma)] : [])
                    + (hasPosition ? [.init(group.position < 0 ? nil : group.position)] : [])
                    + statistics.flatMap { $0.cells(samples, average) }
                    + (hasPlaces ? [.init(average?.places)] : [])
                    + (hasShares
                        ? [.init(quantity.isShare ? samples.total.map { Int($0) } : nil)] : []))
        }
        return table
    }

    /// The axes, beside those grouped by and those of replicates, in which the trials that are asked about differ.
    private func averagedAxes() throws -> [String] {
        let axes = trials.varying.filter { !(groupBy + Trial.replicateKeys + Self.workerKeys).contains($0) }
        let values = try TrialKeys(blocks.reader, sweep: request.sweep, and: request.otherSweeps, keys: axes)
        let wanted = blocks.isWanted.indices.filter { blocks.isWanted[$0] }
        return axes.filter { key in wanted.contains { values.value($0, key) != values.value(wanted[0], key) } }
    }

    /// The table pivoted, sorted and cut off as the request says.
    func shaped(_ given: ResultTable) throws -> ResultTable {
        var table = given
        if let axis = request.columnsBy {
            let statistics = Set(
                (request.statistics.isEmpty ? [.mean, .count] : request.statistics).flatMap(\.columns))
            table = table.pivoted(by: axis, values: statistics, dropping: ["count", "samples", "places"])
            table.notes = given.notes
        }
        try table.sort(by: request.sort)
        if let limit = request.limit { table.rows = Array(table.rows.prefix(limit)) }
        return table
    }
}
