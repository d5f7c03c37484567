import Tensors

/// α and β with α² + β² = 1.
struct Mixture {
    let alpha: Double
    let beta: Double

    init(share: Double) {
        alpha = share.squareRoot()
        beta = (1 - share).squareRoot()
    }

    /// αx₁ + βx₂, or μ + α(x₁ − μ) + β(x₂ − μ).
    func of(_ first: Tensor<Float>, _ second: Tensor<Float>, about mean: Tensor<Float>? = nil) -> Tensor<Float> {
        var result = first
        for index in result.values.indices {
            let centre = mean.map { Double($0.values[index % $0.values.count]) } ?? 0
            let (a, b) = (Double(first.values[index]) - centre, Double(second.values[index]) - centre)
            result.values[index] = Float(centre + (alpha * a + beta * b))
        }
        return result
    }

    func of(_ first: Matrix, _ second: Matrix) -> Matrix {
        var result = first
        for index in result.values.indices {
            result.values[index] = alpha * first.values[index] + beta * second.values[index]
        }
        return result
    }
}

/// Compares f of a sum (`whole`) with the sum of f (`sum`), row by row.
struct LinearityComparison {
    /// The cosine of the angle between both.
    private(set) var cosines: [Double] = []
    var magnitudes: [Double] { cosines.map { abs($0) } }
    /// ‖difference‖ over the norm of `whole`, and of `sum`.
    private(set) var errors: [Double] = []
    private(set) var errorsOfSum: [Double] = []

    init(whole: Matrix, sum: Matrix) {
        for row in 0..<whole.rows {
            var (product, wholeSquare, sumSquare, difference) = (0.0, 0.0, 0.0, 0.0)
            for index in row * whole.columns..<(row + 1) * whole.columns {
                let (a, b) = (whole.values[index], sum.values[index])
                product += a * b
                wholeSquare += a * a
                sumSquare += b * b
                difference += (a - b) * (a - b)
            }
            cosines.append(product / (wholeSquare * sumSquare).squareRoot())
            errors.append((difference / wholeSquare).squareRoot())
            errorsOfSum.append((difference / sumSquare).squareRoot())
        }
    }
}

extension Tensor<Float> {
    /// Entries of the first axis as rows of float64, less `factor` times those of another.
    func rows(_ range: Range<Int>, less factor: Double, times other: Tensor<Float>) -> Matrix {
        var result = rows(range)
        for index in result.values.indices {
            result.values[index] -= factor * Double(other.values[range.lowerBound * stride + index])
        }
        return result
    }
}
