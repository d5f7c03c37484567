import COpenBLAS

/// Solves X·C = V for a symmetric positive definite C (LAPACK dposv, by Cholesky's factors).
enum PositiveSystem {
    /// `matrix` is C, of which only the elements on and above the diagonal are read; `right` is V. Kernels are pinned as for
    /// `Eigendecomposition`; `beat` is called now and then. Throws EigendecompositionError where C is not positive definite,
    /// and what `beat` throws.
    static func solve(_ right: Matrix, by matrix: Matrix, beat: () throws -> Void) throws -> Matrix {
        try LinearAlgebra.require()
        precondition(matrix.rows == matrix.columns && right.columns == matrix.rows, "matrix shapes do not fit")
        let system = System(matrix, right)
        try BackgroundWork.run(system.solve, beat: beat)
        guard system.info == 0 else {
            throw EigendecompositionError(
                description: "the covariance of \(matrix.rows) noisy pixels is not positive definite "
                    + "(dposv info \(system.info)): take more inputs", isHosts: false)
        }
        return Matrix(rows: right.rows, columns: right.columns, values: system.right)
    }

    /// One call of dposv, with its memory.
    private final class System: @unchecked Sendable {
        // Unchecked: whoever runs `solve` on another thread looks at the results only when that thread has ended.
        private var matrix: [Double]
        private(set) var right: [Double]
        private(set) var info: Int32 = 0
        private var n: Int32
        private var count: Int32

        init(_ matrix: Matrix, _ right: Matrix) {
            self.matrix = matrix.values
            self.right = right.values
            n = Int32(matrix.rows)
            count = Int32(right.rows)
        }

        // LAPACK's columns are our rows: it solves C·Xᵀ = Vᵀ.
        func solve() { dposv_("L", &n, &count, &matrix, &n, &right, &n, &info) }
    }
}
