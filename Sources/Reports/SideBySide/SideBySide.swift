import JobContract
import ResultCatalogue
import ResultQueries
import SweepModel

/// Two sweeps side by side, or two workers on trials that are equal but for the worker.
package struct SideBySide: Sendable {
    private let reader: CatalogueReader

    package init(_ reader: CatalogueReader) { self.reader = reader }

    /// What is compared.
    package struct Request: Sendable {
        /// Sweeps, or workers as the view `trials` names them.
        package var sides: (String, String)
        package var measures: [MeasureSelection] = []
        package var sigmas: [Double] = []
        package var interpolates = false
        package var filter: WhereExpression?

        package init(_ a: String, _ b: String) { sides = (a, b) }
    }

    package struct Result: Hashable, Sendable {
        /// A row for each quantity and noise level at each place that both sides have: the means over pairs, and their
        /// difference b − a (`PairedDifference`). The two of a pair agree in all shared axes and in the keys in which
        /// replicates differ.
        package var table: ResultTable
        /// Sentences on the constant differences between the sides, and on how many values of each have no partner.
        package var notes: [String]
    }

    private struct Place: Hashable {
        var axes: [ResultTable.Cell]
        /// The keys in which a comparison's trials differ.
        var difference: [String]
        var quantity: Int64
        var sigma: Double?
        var position: Int?
    }

    private struct Pair: Hashable {
        var place: Place
        /// The values of the keys in which replicates differ.
        var replicate: [ResultTable.Cell]
    }

    /// The values of one side of a pair.
    private struct Found {
        /// There are several where the side has axes that the other lacks.
        var values: [Replicate] = []
        /// For a comparison, the keys' values that tell its trials, or their subsets, from those of other comparisons.
        var members: Set<[ResultTable.Cell]> = []

        /// The mean of the values, of as few samples as the value of fewest: several values may be of the same draws.
        var mean: Replicate {
            let ns = values.compactMap(\.n)
            return Replicate(values.map(\.value).mean, n: ns.count == values.count ? ns.min() : nil)
        }
    }

    /// Throws `ReportError.request` where neither two sweeps nor two workers have these names, or no trials pair.
    package func run(_ request: Request) throws -> Result {
        let (sweeps, workers) = (try reader.sweepNames(), try reader.workerNames())
        let names = [request.sides.0, request.sides.1]
        let areSweeps = names.allSatisfy(sweeps.contains)
        guard areSweeps || names.allSatisfy(workers.contains) else {
            throw ReportError(
                .request,
                "expected two sweeps or two workers; the catalogue has the sweeps \(sweeps.joined(separator: ", ")) "
                    + "and the workers \(workers.joined(separator: ", "))")
        }
        let bare = try names.map { try TrialKeys(reader, sweep: areSweeps ? $0 : nil) }
        var shared = Set(bare[0].varying).union(bare[1].varying)
        shared = shared.filter { key in bare.allSatisfy { $0.names.contains(key) } }
            .subtracting(["worker.name", "worker.numerics"] + TrialKeys.replicateKeys)
        let axes = shared.sorted()
        let filterKeys = request.filter?.keys.sorted() ?? []
        let quantities = try QuantityChoice.all(request.measures, in: reader)
        var sides = [[Pair: Found]]()
        for name in names {
            var trials = try TrialKeys(
                reader, sweep: areSweeps ? name : nil,
                keys: Array(Set(axes + filterKeys + TrialKeys.replicateKeys + ["worker"])))
            var isWanted = try trials.holding(request.filter, in: reader, sweep: areSweeps ? name : nil)
            if !areSweeps {
                for row in isWanted.indices where trials.value(row, "worker").stringValue != name {
                    isWanted[row] = false
                }
            }
            if let mixed = Self.mixedWorkers(try workersKeys(areSweeps ? name : nil), isWanted) {
                throw ReportError(
                    .request,
                    "\(name) has results of \(mixed): numbers of two workers, or of two versions of one's numerics, are not "
                        + "averaged; choose one with --where")
            }
            sides.append(try values(request, trials, isWanted, quantities, axes))
        }
        let both = sides[0].keys.filter { sides[1][$0] != nil }
        guard !both.isEmpty else {
            throw ReportError(
                .request,
                "nothing of \(names[0]) has a partner in \(names[1]): no measurement of trials that agree in "
                    + "\(axes.isEmpty ? "the seed" : axes.joined(separator: ", ") + " and the seed")")
        }
        let table = table(sides, Dictionary(grouping: both, by: \.place), quantities, axes, names)
        var notes = areSweeps ? Self.constants(try constants(names[0]), try constants(names[1]), names) : []
        for (index, name) in names.enumerated() {
            let other = bare[1 - index]
            let own = bare[index].varying.filter {
                !other.names.contains($0) && !["worker.name", "worker.numerics"].contains($0)
            }
            guard !own.isEmpty, both.contains(where: { (sides[index][$0]?.values.count ?? 0) > 1 }) else { continue }
            notes.append(
                "Values of \(name) are means over \(own.joined(separator: ", ")), which \(names[1 - index]) lacks.")
        }
        for (index, name) in names.enumerated() where sides[index].count > both.count {
            notes.append(
                "\(sides[index].count - both.count) of \(sides[index].count) values of \(name) have no partner.")
        }
        return Result(table: table, notes: notes)
    }

    private func values(
        _ request: Request, _ trials: TrialKeys, _ isWanted: [Bool], _ quantities: [QuantityChoice], _ axes: [String]
    ) throws -> [Pair: Found] {
        var found = [Pair: Found]()
        var levels = NoiseLevels(request.sigmas, interpolates: request.interpolates)
        let comparisons = try ComparedTrials(reader, Set(quantities.map(\.request)), among: trials.trials)
        try MeasurementBlocks(
            reader: reader, trials: trials, isWanted: isWanted, quantities: quantities, comparisons: comparisons
        ).forEach(.trials) {
            var block = $0
            levels.select(&block.rows)
            let quantity = quantities[block.quantity]
            let members = block.comparison < 0 ? [Int32(block.trial)] : comparisons.members[Int(block.comparison)]
            let cells = axes.map { trials.cell(members, $0) }
            // A subset does not depend on the seed.
            let replicate = TrialKeys.replicateKeys.map { key in
                key == "seed" && quantity.isOfSubset ? .null : trials.cell(members, key)
            }
            let difference = (axes + TrialKeys.replicateKeys).filter { key in
                members.contains { trials.value(Int($0), key) != trials.value(Int(members[0]), key) }
            }
            let identities = members.map { member in
                (axes + TrialKeys.replicateKeys).map { key in
                    key == "seed" && quantity.isOfSubset ? .null : trials.cell(Int(member), key)
                }
            }
            for row in block.rows where !row.value.isNaN {
                let place = Place(
                    axes: cells, difference: difference, quantity: quantity.key, sigma: row.sigma,
                    position: row.position)
                let pair = Pair(place: place, replicate: replicate)
                found[pair, default: Found()].values.append(Replicate(row.value, n: row.n.map(Double.init)))
                if members.count > 1 { found[pair]?.members.formUnion(identities) }
            }
            return true
        }
        try levels.check()
        return found
    }

    private func workersKeys(_ sweep: String?) throws -> TrialKeys {
        try TrialKeys(reader, sweep: sweep, keys: ["worker.name", "worker.numerics"])
    }

    /// The workers of the wanted trials, where they are several.
    private static func mixedWorkers(_ trials: TrialKeys, _ isWanted: [Bool]) -> String? {
        let workers = Set(
            isWanted.indices.filter { isWanted[$0] }.map { row in
                "\(trials.cell(row, "worker.name").text)/\(trials.cell(row, "worker.numerics").text)"
            })
        return workers.count > 1 ? workers.joined(separator: " and ") : nil
    }

    private func table(
        _ sides: [[Pair: Found]], _ places: [Place: [Pair]], _ quantities: [QuantityChoice], _ axes: [String],
        _ names: [String]
    ) -> ResultTable {
        let byKey = [Int64: QuantityChoice](uniqueKeysWithValues: quantities.map { ($0.key, $0) })
        let hasVariants = Set(quantities.map(\.request)).count > Set(quantities.map(\.measure)).count
        let hasComparisons = places.keys.contains { !$0.difference.isEmpty }
        var table = ResultTable(
            name: "comparison",
            columns: axes + (hasComparisons ? ["differ_in"] : []) + ["measure"]
                + (hasVariants ? ["version", "parameters"] : [])
                + ["quantity", "sigma", "position"]
                + ["a", "b", "difference", "ci95_low", "ci95_high", "pairs", "equal"])
        func isOrdered(_ a: Place, _ b: Place) -> Bool {
            for (x, y) in zip(a.axes, b.axes) where x != y { return ResultTable.Cell.isOrdered(x, y) }
            if a.difference != b.difference { return a.difference.lexicographicallyPrecedes(b.difference) }
            if a.quantity != b.quantity { return a.quantity < b.quantity }
            if a.sigma != b.sigma { return (a.sigma ?? -1) < (b.sigma ?? -1) }
            return (a.position ?? -1) < (b.position ?? -1)
        }
        for place in places.keys.sorted(by: isOrdered) {
            // Pairs are sorted by replicate, so that sums are the same at every call.
            let pairs = (places[place] ?? []).sorted {
                $0.replicate.lexicographicallyPrecedes($1.replicate, by: ResultTable.Cell.isOrdered)
            }
            let quantity = byKey[place.quantity]
            var numbers = [[ResultTable.Cell]: Int32]()
            let values = pairs.map { pair -> PairedDifference.Pair in
                let (a, b) = (sides[0][pair] ?? Found(), sides[1][pair] ?? Found())
                // Members are sorted for the same reason.
                let known = a.members.union(b.members).sorted {
                    $0.lexicographicallyPrecedes($1, by: ResultTable.Cell.isOrdered)
                }
                let members = known.map { member -> Int32 in
                    let number = numbers[member] ?? Int32(numbers.count)
                    numbers[member] = number
                    return number
                }
                return .init(a: a.mean, b: b.mean, members: members.sorted())
            }
            let difference = PairedDifference(values, areShares: quantity?.isShare ?? false)
            table.rows.append(
                place.axes + (hasComparisons ? [.init(place.difference.joined(separator: ", "))] : [])
                    + [.init(quantity?.measure)]
                    + (hasVariants ? [.init(quantity?.version), .init(quantity?.parameters)] : []) + [
                        .init(quantity?.name), .init(place.sigma), .init(place.position),
                        .init(values.map(\.a.value).mean), .init(values.map(\.b.value).mean), .init(difference?.mean),
                        .init(difference?.interval?.low), .init(difference?.interval?.high), .init(values.count),
                        .init(values.count { $0.a.value == $0.b.value }),
                    ])
        }
        return table.withoutEmptyColumns(among: ["sigma", "position"])
    }

    /// Keys that have one value throughout a sweep.
    private func constants(_ sweep: String) throws -> [String: ResultTable.Cell] {
        let varying = try TrialKeys(reader, sweep: sweep)
        let keys = varying.names.filter { $0.contains(".") && !varying.varying.contains($0) }
        let trials = try TrialKeys(reader, sweep: sweep, keys: keys)
        guard !trials.trials.isEmpty else { return [:] }
        return [String: ResultTable.Cell](uniqueKeysWithValues: keys.map { ($0, trials.cell(0, $0)) })
    }

    private static func constants(
        _ a: [String: ResultTable.Cell], _ b: [String: ResultTable.Cell], _ names: [String]
    ) -> [String] {
        let lengths: Set = ["training.steps", "training.images", "training.epochs"]
        return Set(a.keys).union(b.keys).subtracting(lengths).sorted().compactMap { key in
            guard let ours = a[key], let theirs = b[key], ours != theirs else { return nil }
            return "\(key) is \(ours.text) in \(names[0]) and \(theirs.text) in \(names[1])."
        }
    }
}
