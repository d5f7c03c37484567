import Foundation

/// The mean crossing of a group of rows, over replicates and over places the mean of their means, and how many rows cross
/// where. A row without a crossing counts: what is censored enters the mean as a bound (`CensoredMean`), and where a place has
/// a row of no place, or too few that cross, there is no mean.
package struct CrossingAverage: Hashable, Sendable {
    /// As a logarithm of the axis's value; nil where the rows do not tell it.
    package let mean: Double?
    /// The mean's, with infinite ends where bounds leave them open; nil where there is none.
    package let interval: ConfidenceInterval?
    package let basisWords: String
    package let places: Int
    /// How many rows there are of each kind.
    package let counts: [Crossing.Kind: Int]

    /// Of the rows of each place.
    package init(_ places: [[Crossing]]) {
        self.places = places.count
        counts = Dictionary(grouping: places.flatMap(\.self), by: \.kind).mapValues(\.count)
        let inside = places.map { rows in
            rows.compactMap { row -> Replicate? in if case .at(let place) = row { Replicate(place) } else { nil } }
        }
        if let average = Average(inside, areShares: false), average.replicates == places.reduce(0, { $0 + $1.count }) {
            (mean, interval, basisWords) = (average.mean, average.interval, average.basisWords)
            return
        }
        let found = places.compactMap { rows -> (mean: CensoredMean, freedom: Double)? in
            let values = rows.compactMap(\.value)
            guard values.count == rows.count, let mean = CensoredMean(values) else { return nil }
            // As the interval of the place has: bounds tell of no spread.
            return (mean, Double(rows.count { $0.kind == .at } - 1))
        }
        let means = found.map(\.mean.mean)
        guard found.count == places.count else {
            (mean, interval, basisWords) = (nil, nil, "")
            return
        }
        mean = means.mean
        func half(_ side: (CensoredMean) -> Double) -> Double {
            let halves = found.map { side($0.mean) }
            guard found.count > 1, halves.allSatisfy(\.isFinite) else { return halves.max() ?? .infinity }
            return Average.combined(zip(found, halves).map { (half: $1, error: 0, freedom: $0.freedom) })
        }
        interval = ConfidenceInterval(
            low: means.mean - half { $0.mean - $0.interval.low }, high: means.mean + half { $0.interval.high - $0.mean }
        )
        let most = places.map(\.count).max() ?? 0
        basisWords =
            "\(most) replicate\(most == 1 ? "" : "s")" + (places.count > 1 ? " at each of \(places.count) places" : "")
            + ", \(Self.censored(places)) censored"
    }

    private static func censored(_ places: [[Crossing]]) -> Int { places.joined().count { $0.kind != .at } }

    /// The value where the mean lies, and its interval's ends with what they are of, as a table has them: what is open is NULL.
    package var cells: [ResultTable.Cell] {
        func end(_ place: Double?) -> ResultTable.Cell { .init(place.flatMap { $0.isFinite ? exp($0) : nil }) }
        return [
            end(mean), end(interval?.low), end(interval?.high), basisWords.isEmpty ? .null : .text(basisWords),
        ]
    }
}
