import Diffusion
import Tensors

/// Facts about the derivative J = ∂D/∂x of a denoiser at one image.
package struct JacobianSpectrum {
    /// tr J, with an error where random vectors estimate it.
    package let trace: Estimate
    /// ‖(J − Jᵀ)/2‖/‖J‖ (Frobenius).
    let symmetryError: Double
    /// Eigenvalues of (J + Jᵀ)/2, falling.
    let values: [Double]
    /// Row i is the unit eigenvector of value i.
    let vectors: Matrix
    /// ‖S e_k − λ_k e_k‖ of S = (J + Jᵀ)/2, within which an eigenvalue of S lies; nil where all of J was found.
    let residuals: [Double]?
    /// J itself, where all of it was found.
    let matrix: Matrix?

    /// The spectrum of all of J, which takes as many backward passes as there are pixels, `batch` at a time.
    package static func exact(
        _ pullback: Pullback, shape: [Int], batch: Int, beat: (_ done: Int) throws -> Void
    ) throws -> JacobianSpectrum {
        let size = shape.reduce(1, *)
        var jacobian = Matrix(zeros: size, size)
        for block in blocks(of: size, by: batch) {
            try beat(block.lowerBound)
            var units = Tensor<Float>(zeros: [block.count] + shape)
            for (place, pixel) in block.enumerated() { units.values[place * size + pixel] = 1 }
            for (place, value) in pullback(units).values.enumerated() {
                jacobian.values[block.lowerBound * size + place] = Double(value)
            }
        }
        let (symmetric, error) = jacobian.symmetrised
        let eigen = try Eigendecomposition(symmetric: symmetric) { try beat(size) }
        return JacobianSpectrum(
            trace: Estimate(value: jacobian.trace, n: 1, stderr: .nan), symmetryError: error,
            values: eigen.values.reversed(), vectors: eigen.vectors.reversedRows, residuals: nil, matrix: jacobian)
    }
}

extension Matrix {
    var trace: Double { (0..<rows).reduce(0) { $0 + values[$1 * columns + $1] } }

    /// (A + Aᵀ)/2, and ‖(A − Aᵀ)/2‖/‖A‖; 0 for a vanishing matrix.
    var symmetrised: (Matrix, error: Double) {
        var result = self
        var (difference, whole) = (0.0, 0.0)
        for row in 0..<rows {
            for column in 0..<columns {
                let (a, b) = (values[row * columns + column], values[column * columns + row])
                result.values[row * columns + column] = (a + b) / 2
                difference += (a - b) * (a - b) / 4
                whole += a * a
            }
        }
        return (result, whole > 0 ? (difference / whole).squareRoot() : 0)
    }

    var reversedRows: Matrix {
        var result = self
        for row in 0..<rows {
            let source = (rows - 1 - row) * columns
            for column in 0..<columns { result.values[row * columns + column] = values[source + column] }
        }
        return result
    }
}
