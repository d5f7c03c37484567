import Foundation

/// A linear law with normal errors, fitted where some values are only known to lie above or below a bound: the most
/// likely coefficients (Tobin 1958), by Newton's method in Olsen's (1978) coordinates, γ = β/σ and θ = 1/σ, in which the
/// likelihood has a single maximum.
package struct CensoredRegression: Hashable {
    package enum Value: Hashable, Sendable {
        case exactly(Double)
        case above(Double)
        case below(Double)
    }

    /// One for each predictor.
    package private(set) var coefficients: [Double]
    private(set) var deviation: Double

    /// The least standard deviation of errors: with exact values on one line the likelihood would grow without end.
    private static let leastDeviation = 1e-6

    /// Nil with fewer exact values than predictors, or where they do not tell the predictors apart.
    package init?(_ rows: [(predictors: [Double], value: Value)]) {
        let exact = rows.compactMap { row -> (predictors: [Double], value: Double)? in
            guard case .exactly(let value) = row.value else { return nil }
            return (row.predictors, value)
        }
        guard let width = rows.first?.predictors.count, exact.count >= width,
            let start = Self.leastSquares(exact)
        else { return nil }
        coefficients = start
        deviation = max(Self.deviation(of: exact, start), Self.leastDeviation)
        guard exact.count < rows.count else { return }
        // Exact values alone may lie on a line by chance: the search does not begin at a deviation as small as theirs.
        let scale = 1 / max(deviation, 0.1)
        var point = start.map { $0 * scale } + [scale]
        var best = Self.likelihood(rows, point)
        for _ in 0..<200 {
            guard let step = Self.step(rows, point) else { break }
            var share = 1.0
            func moved() -> [Double] { zip(point, step).map { $0 + share * $1 } }
            var next = moved()
            var value = Self.likelihood(rows, next)
            while !(value > best), share > 1e-9 {
                share /= 2
                next = moved()
                value = Self.likelihood(rows, next)
            }
            guard value > best else { break }
            let gain = value - best
            (point, best) = (next, value)
            if gain < 1e-13 * max(1, abs(best)) || point[width] > 1 / Self.leastDeviation { break }
        }
        coefficients = point[..<width].map { $0 / point[width] }
        deviation = 1 / point[width]
    }

    /// How far a row's value or bound is from its expectation, in standard deviations.
    private static func distance(_ row: (predictors: [Double], value: Value), _ point: [Double]) -> Double {
        let mean = zip(row.predictors, point).reduce(0) { $0 + $1.0 * $1.1 }
        switch row.value {
        case .exactly(let value), .above(let value), .below(let value):
            return point[row.predictors.count] * value - mean
        }
    }

    /// The logarithm of the likelihood; −∞ where θ is not positive.
    private static func likelihood(_ rows: [(predictors: [Double], value: Value)], _ point: [Double]) -> Double {
        guard let theta = point.last, theta > 0 else { return -.infinity }
        return rows.reduce(0) { sum, row in
            let z = distance(row, point)
            return switch row.value {
            case .exactly: sum + log(theta) - z * z / 2
            case .above: sum + tail(z)
            case .below: sum + tail(-z)
            }
        }
    }

    /// The logarithm of the probability of more than z.
    static func tail(_ z: Double) -> Double {
        z > 30 ? -z * z / 2 - log(z * (2 * .pi).squareRoot()) : log(erfc(z / 2.squareRoot()) / 2)
    }

    /// The density at z over the probability of more: Mills' ratio, by its expansion where both are too small to divide.
    private static func hazard(_ z: Double) -> Double {
        z > 30 ? z + 1 / z : exp(-z * z / 2 - 0.5 * log(2 * .pi) - tail(z))
    }

    /// Newton's step; nil where the second derivatives are singular.
    private static func step(_ rows: [(predictors: [Double], value: Value)], _ point: [Double]) -> [Double]? {
        let width = point.count
        var system = [[Double]](repeating: [Double](repeating: 0, count: width + 1), count: width)
        for row in rows {
            let z = distance(row, point)
            let slope: Double
            let curve: Double
            let bound: Double
            switch row.value {
            case .exactly(let value): (slope, curve, bound) = (-z, 1, value)
            case .above(let value):
                let hazard = hazard(z)
                (slope, curve, bound) = (-hazard, hazard * (hazard - z), value)
            case .below(let value):
                let hazard = hazard(-z)
                (slope, curve, bound) = (hazard, hazard * (hazard + z), value)
            }
            // z grows with θ by the bound and falls with each γ by its predictor.
            let derivative = row.predictors.map { -$0 } + [bound]
            for i in 0..<width {
                for j in 0..<width { system[i][j] += curve * derivative[i] * derivative[j] }
                system[i][width] += slope * derivative[i]
            }
            if case .exactly = row.value {
                let theta = point[width - 1]
                system[width - 1][width - 1] += 1 / (theta * theta)
                system[width - 1][width] += 1 / theta
            }
        }
        return solved(system)
    }

    private static func deviation(of rows: [(predictors: [Double], value: Double)], _ coefficients: [Double]) -> Double
    {
        let squares = rows.reduce(0) { sum, row in
            let residual = row.value - zip(row.predictors, coefficients).reduce(0) { $0 + $1.0 * $1.1 }
            return sum + residual * residual
        }
        return (squares / Double(max(1, rows.count))).squareRoot()
    }

    /// Solves the normal equations; nil where they have no one solution.
    private static func leastSquares(_ rows: [(predictors: [Double], value: Double)]) -> [Double]? {
        guard let width = rows.first?.predictors.count else { return nil }
        var system = [[Double]](repeating: [Double](repeating: 0, count: width + 1), count: width)
        for row in rows {
            for i in 0..<width {
                for j in 0..<width { system[i][j] += row.predictors[i] * row.predictors[j] }
                system[i][width] += row.predictors[i] * row.value
            }
        }
        return solved(system)
    }

    /// Solves linear equations, each a row with its right side last; nil where they have no one solution.
    private static func solved(_ system: [[Double]]) -> [Double]? {
        var matrix = system
        let width = matrix.count
        let scale = (0..<width).map { matrix[$0][$0] }
        for column in 0..<width {
            guard let pivot = (column..<width).max(by: { abs(matrix[$0][column]) < abs(matrix[$1][column]) }),
                abs(matrix[pivot][column]) > 1e-9 * max(scale[column], 1e-300)
            else { return nil }
            matrix.swapAt(column, pivot)
            for row in 0..<width where row != column {
                let factor = matrix[row][column] / matrix[column][column]
                for place in column...width { matrix[row][place] -= factor * matrix[column][place] }
            }
        }
        return (0..<width).map { matrix[$0][width] / matrix[$0][$0] }
    }
}
