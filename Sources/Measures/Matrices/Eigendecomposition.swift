import COpenBLAS

/// A symmetric matrix could not be decomposed here.
package struct EigendecompositionError: Error, CustomStringConvertible {
    package let description: String
    /// Another host may be able to.
    package let isHosts: Bool
}

/// Eigenvalues and eigenvectors of a symmetric matrix (LAPACK dsyevd).
package struct Eigendecomposition: Sendable {
    /// The eigenvalues, ascending.
    package let values: [Double]
    /// Row i is the unit eigenvector of value i.
    package let vectors: Matrix

    /// Decomposes `matrix`, of which only the elements on and above the diagonal are read.
    ///
    /// OpenBLAS's kernels are pinned to those that every CPU with AVX2 runs, so that all hosts find the same bits.
    /// `beat` is called now and then meanwhile, and may throw to give up.
    package init(symmetric matrix: Matrix, beat: () throws -> Void = {}) throws {
        try LinearAlgebra.require()
        precondition(matrix.rows == matrix.columns, "only square matrices have eigenvectors")
        let problem = SymmetricProblem(matrix)
        if matrix.rows < Self.quick {
            problem.solve()
        } else {
            try BackgroundWork.run(problem.solve, beat: beat)
        }
        guard problem.info == 0 else {
            throw EigendecompositionError(
                description: "the eigendecomposition of a \(matrix.rows) × \(matrix.rows) matrix failed "
                    + "(dsyevd info \(problem.info))",
                isHosts: false)
        }
        values = problem.values
        vectors = Matrix(rows: matrix.rows, columns: matrix.rows, values: problem.vectors)
    }

    /// Matrices of fewer rows take about a second at most.
    private static let quick = 1000
}

/// One call of dsyevd, with its memory.
private final class SymmetricProblem: @unchecked Sendable {
    // Unchecked: whoever runs `solve` on another thread looks at the results only when that thread has ended.
    private(set) var vectors: [Double]
    private(set) var values: [Double]
    private(set) var info: Int32 = 0
    private var n: Int32

    init(_ matrix: Matrix) {
        n = Int32(matrix.rows)
        vectors = matrix.values
        values = [Double](repeating: 0, count: matrix.rows)
    }

    // LAPACK's columns are our rows, so that "L" names the part on and above our diagonal.
    func solve() {
        var workSize: Double = 0
        var indexSize: Int32 = 0
        var query: Int32 = -1
        dsyevd_("V", "L", &n, &vectors, &n, &values, &workSize, &query, &indexSize, &query, &info)
        var workCount = Int32(workSize)
        var work = [Double](repeating: 0, count: Int(workCount))
        var indices = [Int32](repeating: 0, count: Int(indexSize))
        dsyevd_("V", "L", &n, &vectors, &n, &values, &work, &workCount, &indices, &indexSize, &info)
    }
}
