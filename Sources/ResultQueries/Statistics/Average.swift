/// One of the values that a mean is taken over, independent of the other values of its place.
package struct Replicate: Hashable, Sendable {
    package var value: Double
    /// How many samples a share was seen in.
    package var n: Double?

    package init(_ value: Double, n: Double? = nil) {
        self.value = value
        self.n = n
    }
}

/// The mean over replicates, and over places the mean of their means, with its 95 % interval: the one place where
/// queries, figures and reports make either.
///
/// The interval of one place is Student's t of its replicates; for shares it is `ShareLikelihood`'s. A share of one
/// replicate has Wilson's, which says how its own samples might have fallen and nothing of other trainings. Over several
/// places the interval comes from the spread within each: the error of the mean of means, with Welch and Satterthwaite's
/// degrees of freedom (1938, 1946), on each side by itself (Zou & Donner 2008) since shares' intervals are not symmetric.
/// There is none where a place has no interval of its own.
package struct Average: Hashable, Sendable {
    /// The sources of variation that an interval reflects.
    package enum Basis: Hashable, Sendable {
        /// There is no interval.
        case none
        /// How the samples of one replicate, at each place, might have fallen.
        case samples
        /// How replicates differ, and their samples.
        case replicates
    }

    package let mean: Double
    package let interval: ConfidenceInterval?
    package let basis: Basis
    package let places: Int
    /// How many there are at all places together.
    package let replicates: Int
    /// How many there are at the place of fewest and at that of most.
    package let replicatesPerPlace: ClosedRange<Int>
    package let smallest: Double
    package let largest: Double

    /// The average of replicates by place; nil where there are none. Shares are between 0 and 1.
    package init?(_ places: [[Replicate]], areShares: Bool) {
        let places = places.filter { !$0.isEmpty }
        guard let first = places.first else { return nil }
        let means = places.map { $0.reduce(0) { $0 + $1.value } / Double($0.count) }
        let mean = means.mean
        let counts = places.map(\.count)
        self.mean = mean
        self.places = places.count
        replicates = counts.reduce(0, +)
        replicatesPerPlace = (counts.min() ?? 0)...(counts.max() ?? 0)
        let values = places.lazy.flatMap { $0.lazy.map(\.value) }
        smallest = values.min() ?? .nan
        largest = values.max() ?? .nan
        // A place of one replicate among others tells nothing of how replicates differ there.
        guard replicatesPerPlace.lowerBound > 1 || replicatesPerPlace.upperBound == 1 else {
            (interval, basis) = (nil, .none)
            return
        }
        let found = places.map { Self.interval(of: $0, areShares: areShares) }
        let intervals = found.compactMap(\.self)
        guard intervals.count == places.count else {
            (interval, basis) = (nil, .none)
            return
        }
        basis = first.count > 1 ? .replicates : .samples
        guard places.count > 1 else {
            interval = intervals[0]
            return
        }
        func half(_ halves: [Double]) -> Double {
            Self.combined(
                zip(halves, places).map { half, replicates in
                    (
                        half, Self.leastError(of: replicates, areShares: areShares),
                        replicates.count > 1 ? Double(replicates.count - 1) : .infinity
                    )
                })
        }
        let (low, high) = (
            mean - half(zip(means, intervals).map { $0 - $1.low }),
            mean + half(zip(means, intervals).map { $1.high - $0 })
        )
        interval = areShares ? ConfidenceInterval(low: max(0, low), high: min(1, high)) : .init(low: low, high: high)
    }

    /// The interval of the replicates of one place; nil where they do not determine one.
    private static func interval(of replicates: [Replicate], areShares: Bool) -> ConfidenceInterval? {
        guard areShares else { return ConfidenceInterval(ofTheMeanOf: replicates.map(\.value)) }
        let shares = replicates.compactMap { replicate in
            replicate.n.flatMap { $0 > 0 ? (share: replicate.value, n: $0) : nil }
        }
        guard shares.count == replicates.count else {
            // Equal shares tell nothing where their numbers of samples are not known.
            let interval = ConfidenceInterval(ofTheMeanOf: replicates.map(\.value))
            return interval.flatMap {
                $0.high > $0.low ? ConfidenceInterval(low: max(0, $0.low), high: min(1, $0.high)) : nil
            }
        }
        guard shares.count > 1 else { return ConfidenceInterval(ofTheShare: shares[0].share, of: shares[0].n) }
        return ShareLikelihood(shares).interval
    }

    /// The standard error that replicates show; for shares it is no less than that of all their samples.
    private static func leastError(of replicates: [Replicate], areShares: Bool) -> Double {
        let values = replicates.map(\.value)
        let spread = (values.sampleDeviation ?? 0) / Double(values.count).squareRoot()
        guard areShares, values.count > 1 else { return spread }
        let samples = replicates.reduce(0) { $0 + ($1.n ?? .infinity) }
        return max(spread, (values.mean * (1 - values.mean) / samples).squareRoot())
    }

    /// The half width of a mean of means, from the half width, the least error and the degrees of freedom at each place.
    /// Shares' half widths end at 0 and 1, so that those of few replicates show less error than there is.
    static func combined(_ parts: [(half: Double, error: Double, freedom: Double)]) -> Double {
        let variances = parts.map { part in
            let error = max(part.half / StudentT.quantile(freedom: part.freedom), part.error)
            return error * error
        }
        let sum = variances.reduce(0, +)
        guard sum > 0 else { return 0 }
        let squares = zip(variances, parts).reduce(0) { $0 + $1.0 * $1.0 / $1.1.freedom }
        return StudentT.quantile(freedom: sum * sum / squares) * sum.squareRoot() / Double(parts.count)
    }
}

extension Average {
    /// The basis of the interval in words; empty without an interval.
    package var basisWords: String {
        let (fewest, most) = (replicatesPerPlace.lowerBound, replicatesPerPlace.upperBound)
        let number = fewest == most ? "\(most)" : "\(fewest) to \(most)"
        return switch (basis, places) {
        case (.none, _): ""
        case (.samples, 1): "samples of one replicate"
        case (.samples, _): "samples of one replicate at each of \(places) places"
        case (.replicates, 1): "\(number) replicates"
        case (.replicates, _): "\(number) replicates at each of \(places) places"
        }
    }

    /// The mean, and its interval with what it is of, for people.
    package var summary: String {
        guard let interval else { return ResultTable.format(mean) }
        return "\(ResultTable.format(mean)) (\(ResultTable.format(interval.low)) to "
            + "\(ResultTable.format(interval.high)), \(basisWords))"
    }

    /// The interval's ends and what it is of, as a table has them.
    package var intervalCells: [ResultTable.Cell] {
        [.init(interval?.low), .init(interval?.high), basisWords.isEmpty ? .null : .text(basisWords)]
    }
}
