import ResultCatalogue

/// One measurement among those of a trial's quantity.
package struct BlockRow: Hashable {
    package var sigma: Double?
    package var position: Int?
    /// NaN where there is none.
    package var value: Double
    package var n: Int?
    package var stderr: Double?
}

/// All measurements of one quantity of one trial, or of one comparison, in the order of recording.
package struct MeasurementBlock {
    /// A row of `TrialKeys`; for a comparison, that of the trial that it is recorded of.
    package var trial: Int
    /// An index into the quantities asked for.
    package var quantity: Int
    /// For a comparison, its number among `ComparedTrials`; else −1.
    package var comparison: Int32 = -1
    package var rows: [BlockRow] = []
}

/// The measurements of some trials, block by block.
package struct MeasurementBlocks {
    let reader: CatalogueReader
    package let trials: TrialKeys
    /// For each row of `trials`, whether it is wanted.
    let isWanted: [Bool]
    let quantities: [QuantityChoice]
    package let comparisons: ComparedTrials

    /// The measurements of these quantities, of the trials that are wanted and of comparisons all of whose trials are.
    package init(
        reader: CatalogueReader, trials: TrialKeys, isWanted: [Bool], quantities: [QuantityChoice],
        comparisons: ComparedTrials
    ) {
        self.reader = reader
        self.trials = trials
        self.isWanted = isWanted
        self.quantities = quantities
        self.comparisons = comparisons
    }

    /// The number of the comparison that was recorded as `measured`, −1 for none; nil where it is not wanted.
    private func comparison(_ measured: Int64) -> Int32? {
        guard let number = comparisons.numbers[measured] else {
            return comparisons.strangers.contains(measured) ? nil : -1
        }
        return comparisons.members[Int(number)].allSatisfy { isWanted[Int($0)] } ? number : nil
    }

    package enum Order {
        /// Blocks come by trial in the order of `trials`, then by quantity.
        case trials
        /// Blocks come by quantity, in the order of the file.
        case quantities
    }

    /// Hands out every block that has rows; `body` returns false to end.
    package func forEach(_ order: Order, _ body: (MeasurementBlock) throws -> Bool) throws {
        let wanted = isWanted.reduce(0) { $0 + ($1 ? 1 : 0) }
        guard wanted > 0, !quantities.isEmpty else { return }
        // Where few trials are wanted, the rows of the others are better not read.
        if order == .trials || wanted * 4 < isWanted.count || isWanted.count < 1000 {
            try byTrial(body)
        } else {
            for index in quantities.indices { guard try byQuantity(index, body) else { return } }
        }
    }

    private func read(_ row: CatalogueRow, from first: Int) -> BlockRow {
        BlockRow(
            sigma: row.number(first), position: row.count(first + 1), value: row.number(first + 2) ?? .nan,
            n: row.count(first + 3), stderr: row.number(first + 4))
    }

    private func byTrial(_ body: (MeasurementBlock) throws -> Bool) throws {
        let places = [Int64: Int](uniqueKeysWithValues: quantities.enumerated().map { ($1.key, $0) })
        var block = MeasurementBlock(trial: -1, quantity: -1)
        var last: Int64 = -1
        var isGoing = true
        try reader.scanMeasurements(trials: trials.keys, quantities: quantities.map(\.key)) { row in
            let trial = Int(row.integer(0))
            let measured = row.integer(2)
            guard isWanted[trial], let comparison = comparison(measured) else { return true }
            let quantity = places[row.integer(1)] ?? 0
            if trial != block.trial || quantity != block.quantity || measured != last {
                if !block.rows.isEmpty { isGoing = try body(block) }
                guard isGoing else { return false }
                block.trial = trial
                block.quantity = quantity
                block.comparison = comparison
                last = measured
                block.rows.removeAll(keepingCapacity: true)
            }
            block.rows.append(read(row, from: 3))
            return true
        }
        if isGoing, !block.rows.isEmpty { _ = try body(block) }
    }

    /// Returns whether to go on.
    private func byQuantity(_ index: Int, _ body: (MeasurementBlock) throws -> Bool) throws -> Bool {
        let trialOfMeasured = try trialRows(of: quantities[index].request)
        var block = MeasurementBlock(trial: -1, quantity: index)
        var last: Int64 = -1
        var isGoing = true
        try reader.scanMeasurements(quantity: quantities[index].key) { row in
            let measured = row.integer(0)
            if measured != last {
                if !block.rows.isEmpty { isGoing = try body(block) }
                guard isGoing else { return false }
                last = measured
                let comparison = comparison(measured)
                block.comparison = comparison ?? -1
                block.trial = comparison == nil ? -1 : trialOfMeasured[measured].map(Int.init) ?? -1
                block.rows.removeAll(keepingCapacity: true)
            }
            if block.trial >= 0 { block.rows.append(read(row, from: 1)) }
            return true
        }
        if isGoing, !block.rows.isEmpty { isGoing = try body(block) }
        return isGoing
    }

    /// The rows of wanted trials, by the key in `measured` of what the request measured of them.
    private func trialRows(of request: Int64) throws -> KeyTable {
        var rows = KeyTable(largest: trials.keys.max() ?? 0, count: trials.keys.count)
        for (row, key) in trials.keys.enumerated() where isWanted[row] { rows[key] = Int32(row) }
        var found = KeyTable(largest: try reader.largestMeasured(), count: trials.keys.count)
        try reader.scanMeasured(request: request) { row in
            if let trial = rows[row.integer(1)] { found[row.integer(0)] = trial }
            return true
        }
        return found
    }
}

/// Numbers by key; an array where the keys are dense, as they are in a catalogue.
private struct KeyTable {
    private var dense: [Int32] = []
    private var sparse: [Int64: Int32] = [:]

    package init(largest: Int64, count: Int) {
        if largest < 1 << 20 || largest / 64 < Int64(count) {
            dense = [Int32](repeating: -1, count: Int(largest) + 1)
        }
    }

    subscript(key: Int64) -> Int32? {
        get {
            guard !dense.isEmpty else { return sparse[key] }
            let value = dense.indices.contains(Int(key)) ? dense[Int(key)] : -1
            return value < 0 ? nil : value
        }
        set {
            if dense.isEmpty { sparse[key] = newValue } else { dense[Int(key)] = newValue ?? -1 }
        }
    }
}
