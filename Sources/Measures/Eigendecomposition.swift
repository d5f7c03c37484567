import COpenBLAS
import MeasureKernels

/// A symmetric matrix could not be decomposed here.
package struct EigendecompositionError: Error, CustomStringConvertible {
    package let description: String
}

/// Eigenvalues and eigenvectors of a symmetric matrix (LAPACK dsyevd).
package struct Eigendecomposition: Sendable {
    /// Ascending.
    package let values: [Double]
    /// Row i is the unit eigenvector of value i.
    package let vectors: Matrix

    /// Decomposes `matrix`, of which one triangle is read.
    ///
    /// The kernels are pinned to those that every CPU with AVX2 has, so that all hosts find the same bits.
    package init(symmetric matrix: Matrix) throws(EigendecompositionError) {
        guard mk_cpu_runs_blas() else {
            throw EigendecompositionError(
                description: "this CPU lacks AVX2 or FMA, which the eigendecomposition needs; measure on another host")
        }
        precondition(matrix.rows == matrix.columns, "only square matrices have eigenvectors")
        var n = Int32(matrix.rows)
        var vectors = matrix.values
        var values = [Double](repeating: 0, count: matrix.rows)
        var info: Int32 = 0
        var workSize: Double = 0
        var indexSize: Int32 = 0
        var query: Int32 = -1
        dsyevd_("V", "U", &n, &vectors, &n, &values, &workSize, &query, &indexSize, &query, &info)
        var workCount = Int32(workSize)
        var work = [Double](repeating: 0, count: Int(workCount))
        var indices = [Int32](repeating: 0, count: Int(indexSize))
        dsyevd_("V", "U", &n, &vectors, &n, &values, &work, &workCount, &indices, &indexSize, &info)
        guard info == 0 else {
            throw EigendecompositionError(
                description: "the eigendecomposition of a \(n) × \(n) matrix failed (dsyevd info \(info))")
        }
        self.values = values
        self.vectors = Matrix(rows: matrix.rows, columns: matrix.rows, values: vectors)
    }
}
