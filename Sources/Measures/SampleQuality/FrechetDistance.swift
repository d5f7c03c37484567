import JobContract
import Tensors

/// The mean and covariance of some vectors, the covariance Σ as a factor F with Σ = FᵀF.
struct FactoredMoments {
    let mean: [Double]
    /// Row i is (vᵢ − mean)/√n.
    let factor: Matrix

    /// The moments of the rows, with 1/n.
    init(of rows: Matrix) {
        let (count, size) = (rows.rows, rows.columns)
        var mean = [Double](repeating: 0, count: size)
        for row in 0..<count { for column in 0..<size { mean[column] += rows.values[row * size + column] } }
        for column in 0..<size { mean[column] /= Double(count) }
        let root = Double(count).squareRoot()
        var factor = rows
        for index in factor.values.indices { factor.values[index] = (rows.values[index] - mean[index % size]) / root }
        self.mean = mean
        self.factor = factor
    }

    /// tr Σ.
    var trace: Double { factor.values.reduce(0) { $0 + $1 * $1 } }

    /// The squared Fréchet distance of the two normal distributions (Dowson & Landau 1982):
    /// ‖μ₁−μ₂‖² + tr Σ₁ + tr Σ₂ − 2 tr (Σ₁Σ₂)^½, the last being the sum of the singular values of F₁F₂ᵀ.
    ///
    /// Throws MeasureError, or what `beat` throws.
    func frechetDistance(to other: FactoredMoments, beat: () throws -> Void) throws -> Double {
        var square = 0.0
        for (a, b) in zip(mean, other.mean) { square += (a - b) * (a - b) }
        return max(square + trace + other.trace - 2 * (try overlap(with: other, beat: beat)), 0)
    }

    /// The sum of the singular values of F₁F₂ᵀ, as the roots of the eigenvalues of F₁Σ₂F₁ᵀ, F₁ the smaller factor.
    private func overlap(with other: FactoredMoments, beat: () throws -> Void) throws -> Double {
        let narrow = [try narrowed(beat: beat), try other.narrowed(beat: beat)].sorted { $0.rows < $1.rows }
        let cross = try Matrix.product(narrow[0], .plain, narrow[1], .transposed, beat: beat)
        let eigen = try explainingEigendecomposition {
            try Eigendecomposition(
                symmetric: try Matrix.product(cross, .plain, cross, .transposed, beat: beat), beat: beat)
        }
        return eigen.values.reduce(0) { $0 + max($1, 0).squareRoot() }
    }

    /// A factor of Σ that has no more rows than columns.
    private func narrowed(beat: () throws -> Void) throws -> Matrix {
        guard factor.rows > factor.columns else { return factor }
        let eigen = try explainingEigendecomposition {
            try Eigendecomposition(
                symmetric: try Matrix.product(factor, .transposed, factor, .plain, beat: beat), beat: beat)
        }
        var root = eigen.vectors
        for row in 0..<root.rows {
            let scale = max(eigen.values[row], 0).squareRoot()
            for column in 0..<root.columns { root.values[row * root.columns + column] *= scale }
        }
        return root
    }
}
