import Foundation

/// A linear law with normal errors, fitted where some values are only known to lie above or below a bound: the most
/// likely coefficients (Tobin 1958), found by expectation and maximisation.
package struct CensoredRegression: Hashable {
    package enum Value: Hashable {
        case exactly(Double)
        case above(Double)
        case below(Double)
    }

    /// One for each predictor.
    package private(set) var coefficients: [Double]
    private(set) var deviation: Double

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
        deviation = Self.deviation(of: exact, start)
        guard exact.count < rows.count else { return }
        deviation = max(deviation, 1e-6)
        for _ in 0..<5000 {
            var filled: [(predictors: [Double], value: Double)] = []
            var spread = 0.0
            for row in rows {
                let mean = Self.product(row.predictors, coefficients)
                switch row.value {
                case .exactly(let value): filled.append((row.predictors, value))
                case .above(let bound):
                    let (value, variance) = Self.beyond(bound, mean, deviation)
                    filled.append((row.predictors, value))
                    spread += variance
                case .below(let bound):
                    let (value, variance) = Self.beyond(-bound, -mean, deviation)
                    filled.append((row.predictors, -value))
                    spread += variance
                }
            }
            guard let next = Self.leastSquares(filled) else { return nil }
            let squares = filled.reduce(0) { sum, row in
                let residual = row.value - Self.product(row.predictors, next)
                return sum + residual * residual
            }
            let nextDeviation = ((squares + spread) / Double(filled.count)).squareRoot()
            let change = zip(next, coefficients).map { abs($0 - $1) }.max() ?? 0
            let isDone = change < 1e-10 && abs(nextDeviation - deviation) < 1e-10
            (coefficients, deviation) = (next, max(nextDeviation, 1e-6))
            if isDone { return }
        }
    }

    /// Mean and variance of a normal value known to be above `bound`.
    private static func beyond(_ bound: Double, _ mean: Double, _ deviation: Double) -> (Double, Double) {
        let z = (bound - mean) / deviation
        // Mills' ratio, by its expansion where both are too small to divide.
        let hazard =
            z > 30 ? z + 1 / z : (exp(-z * z / 2) / (2 * Double.pi).squareRoot()) / (erfc(z / 2.squareRoot()) / 2)
        return (mean + deviation * hazard, deviation * deviation * max(0, 1 - hazard * (hazard - z)))
    }

    private static func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

    private static func deviation(of rows: [(predictors: [Double], value: Double)], _ coefficients: [Double]) -> Double
    {
        let squares = rows.reduce(0) { sum, row in
            let residual = row.value - product(row.predictors, coefficients)
            return sum + residual * residual
        }
        return (squares / Double(max(1, rows.count))).squareRoot()
    }

    /// By the normal equations; nil where they have no one solution.
    private static func leastSquares(_ rows: [(predictors: [Double], value: Double)]) -> [Double]? {
        guard let width = rows.first?.predictors.count else { return nil }
        var matrix = [[Double]](repeating: [Double](repeating: 0, count: width + 1), count: width)
        for row in rows {
            for i in 0..<width {
                for j in 0..<width { matrix[i][j] += row.predictors[i] * row.predictors[j] }
                matrix[i][width] += row.predictors[i] * row.value
            }
        }
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
