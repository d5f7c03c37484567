import Foundation

/// Where the values of one row pass a level along an axis: of one replicate, with all other axes fixed.
package enum Crossing: Hashable, Sendable {
    /// At this place; here as in the bounds, the natural logarithm of the axis's value.
    case at(Double)
    /// Not beyond this place: the first that was measured, or that at which a multiple of a row's least is passed where the least was
    /// measured first, since what was not measured before it may be less.
    case before(Double)
    /// Beyond the last place that was measured.
    case beyond(Double)
    /// None of the values passes the level, or there is no level to pass. Where the value nearest to it is that of the last
    /// place, given here, it may still do so beyond.
    case never(Double?)
    /// The values pass the level the other way.
    case against

    /// What a table calls it.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case at, before, beyond, never, against
    }

    package var kind: Kind {
        switch self {
        case .at: .at
        case .before: .before
        case .beyond: .beyond
        case .never: .never
        case .against: .against
        }
    }

    /// The axis's value whose logarithm this is. Bounds are values that were swept: what the logarithm took from whole ones is
    /// put back.
    package static func number(_ logarithm: Double) -> Double {
        let value = exp(logarithm)
        return abs(value - value.rounded()) < 1e-9 * value ? value.rounded() : value
    }

    /// What a fit knows of it; nil for what has no place, inside or outside of what was measured.
    package var value: CensoredRegression.Value? {
        switch self {
        case .at(let place): .exactly(place)
        case .before(let bound): .below(bound)
        case .beyond(let bound): .above(bound)
        case .never(let bound): bound.map { .above($0) }
        case .against: nil
        }
    }
}

/// What of a row's values counts as the crossing. The definitions are ours: papers read times and capacities off their
/// figures.
package struct CrossingRule: Hashable, Sendable {
    package enum Direction: Hashable, Sendable { case up, down }

    package enum Level: Hashable, Sendable {
        case value(Double)
        /// So many times the row's smallest value; what comes before that is left out.
        case timesLeast(Double)
    }

    package var level: Level
    /// Whether it is the first crossing; else the one after which the values stay on the other side, over what was measured.
    package var isFirst = false

    package init(level: Level, isFirst: Bool = false) {
        self.level = level
        self.isFirst = isFirst
    }

    package struct Point: Hashable, Sendable {
        /// The natural logarithm of the axis's value.
        package var x: Double
        package var value: Double
        /// How many samples a share was seen in.
        package var n: Double?

        package init(x: Double, value: Double, n: Double? = nil) {
            self.x = x
            self.value = value
            self.n = n
        }
    }

    /// The samples of a share that a worker tells no number of.
    private static let samples = 256.0

    /// The crossing of a row, whose points are in ascending order; nil without any.
    ///
    /// Shares that stay are crossed where a logistic curve through them passes the level (`LogisticFit`); everything else on
    /// the line between two neighbours over the axis's logarithm. A value equal to the level is above it.
    package func crossing(of points: [Point], _ direction: Direction, areShares: Bool) -> Crossing? {
        guard hasLevel(points) else { return .never(nil) }
        let found = crossing(ofCounted: counted(points), direction, areShares: areShares)
        if case .timesLeast = level, case .at(let place) = found, counted(points).points.count == points.count {
            // Between the first two points the place goes with the crossing, as a bound must not: a law through rows with such
            // bounds would be steeper than it is (`scripts/bench coverage`, law of turning).
            return .before(max(place, points[1].x))
        }
        return found
    }

    private func crossing(
        ofCounted counted: (points: [Point], level: Double), _ direction: Direction, areShares: Bool
    ) -> Crossing? {
        let (points, level) = counted
        guard let first = points.first, let last = points.last else { return nil }
        func isPast(_ point: Point) -> Bool { (point.value >= level) == (direction == .up) }
        if points.allSatisfy(isPast) { return .before(first.x) }
        if !points.contains(where: isPast) {
            guard isFirst, case .value = self.level else { return .beyond(last.x) }
            let nearest = direction == .up ? points.map(\.value).max() : points.map(\.value).min()
            return .never(last.value == nearest ? last.x : nil)
        }
        if isFirst {
            guard let place = points.firstIndex(where: isPast), place > 0 else { return .before(first.x) }
            return .at(Self.place(points[place - 1], points[place], level))
        }
        if areShares, case .value = self.level {
            guard let fit = LogisticFit(points.map { ($0.x, $0.value, $0.n ?? Self.samples) }),
                (fit.slope > 0) == (direction == .up)
            else { return .against }
            // The curve may pass outside of what was measured although the shares at its ends lie on both sides.
            let place = fit.place(of: level)
            return place < first.x ? .before(first.x) : place > last.x ? .beyond(last.x) : .at(place)
        }
        guard isPast(last) else { return isPast(first) ? .against : .beyond(last.x) }
        let before = points.lastIndex { !isPast($0) } ?? 0
        return .at(Self.place(points[before], points[before + 1], level))
    }

    /// Whether there is a level for a row's values: where the smallest is 0 or less, a multiple of it does not lie above it.
    package func hasLevel(_ points: [Point]) -> Bool {
        if case .timesLeast = level, let least = points.map(\.value).min() { least > 0 } else { true }
    }

    /// The points that count, and the level as a number.
    private func counted(_ points: [Point]) -> (points: [Point], level: Double) {
        switch level {
        case .value(let level): return (points, level)
        case .timesLeast(let factor):
            guard let least = points.indices.min(by: { points[$0].value < points[$1].value }) else { return ([], 0) }
            return (Array(points[least...]), factor * points[least].value)
        }
    }

    private static func place(_ a: Point, _ b: Point, _ level: Double) -> Double {
        a.x + (level - a.value) / (b.value - a.value) * (b.x - a.x)
    }

    /// The direction in which most of some rows pass the level; where none does, the one in which they tend. Nil where they do
    /// neither.
    package func direction(of rows: [[Point]]) -> Direction? {
        guard case .value(let level) = level else { return .up }
        var votes = 0
        var trend = 0.0
        for row in rows {
            guard let first = row.first, let last = row.last else { continue }
            let isHigh = first.value >= level
            trend += last.value - first.value
            guard isFirst ? row.contains(where: { ($0.value >= level) != isHigh }) : (last.value >= level) != isHigh
            else { continue }
            votes += isHigh ? -1 : 1
        }
        if votes != 0 { return votes > 0 ? .up : .down }
        return trend == 0 ? nil : trend > 0 ? .up : .down
    }
}
