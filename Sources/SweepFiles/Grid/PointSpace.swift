import JobContract
import SweepModel

/// The points of some dimensions of a block, row-major: the first dimension varies slowest.
///
/// Everything a sweep computes depends on few of its dimensions. It is computed once in the smallest space that has
/// them, and found from a point by its place there.
struct PointSpace {
    /// Indices into the block's dimensions, ascending.
    let dimensions: [Int]
    let counts: [Int]
    let count: Int

    /// nil: more points than `most`.
    init?(_ dimensions: [Int], of block: GridBlock, most: Int) {
        self.dimensions = dimensions
        counts = dimensions.map { block.dimensions[$0].count }
        var product = 1
        for count in counts {
            let (next, overflow) = product.multipliedReportingOverflow(by: count)
            guard !overflow, next <= most else { return nil }
            product = next
        }
        count = product
    }

    /// How a place in this space becomes the place in a smaller one. Dimensions this space lacks count as their first.
    func digits(to smaller: PointSpace) -> [PointTable.Digit] {
        var digits: [PointTable.Digit] = []
        for (position, dimension) in smaller.dimensions.enumerated() {
            guard let own = dimensions.firstIndex(of: dimension) else { continue }
            digits.append(
                PointTable.Digit(
                    divisor: counts[(own + 1)...].reduce(1, *), count: counts[own],
                    stride: smaller.counts[(position + 1)...].reduce(1, *)))
        }
        return digits
    }

    /// The coordinate along each of the space's dimensions.
    func coordinates(of place: Int) -> [(dimension: Int, value: Int)] {
        var rest = place
        var coordinates: [(Int, Int)] = []
        for position in dimensions.indices.reversed() {
            coordinates.append((dimensions[position], rest % counts[position]))
            rest /= counts[position]
        }
        return coordinates.reversed()
    }
}

/// Finds the places of points in a smaller space.
struct PlaceFinder: Sendable {
    private let digits: [PointTable.Digit]

    init(from space: PointSpace, to smaller: PointSpace) {
        digits = space.digits(to: smaller)
    }

    init(_ digits: [PointTable.Digit]) { self.digits = digits }

    func place(_ index: Int) -> Int {
        digits.reduce(0) { $0 + index / $1.divisor % $1.count * $1.stride }
    }

    /// The places of many points: digit by digit, which keeps the loop short. Points and places fit 32 bits.
    func places(_ points: ArraySlice<Int>) -> [Int] {
        var places = [UInt32](repeating: 0, count: points.count)
        for digit in digits {
            let divisor = UInt32(digit.divisor)
            let count = UInt32(digit.count)
            let stride = UInt32(digit.stride)
            for (index, point) in points.enumerated() {
                places[index] += UInt32(truncatingIfNeeded: point) / divisor % count * stride
            }
        }
        return places.map(Int.init)
    }
}
