import MeasureKernels

/// A dense float64 matrix in row-major order, multiplied in an order that shapes alone fix.
package struct Matrix: Sendable, Equatable {
    package let rows: Int
    package let columns: Int
    package var values: [Double]

    package init(rows: Int, columns: Int, values: [Double]) {
        precondition(values.count == rows * columns, "\(values.count) values do not fill \(rows) × \(columns)")
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    package init(zeros rows: Int, _ columns: Int) {
        self.init(rows: rows, columns: columns, values: [Double](repeating: 0, count: rows * columns))
    }

    /// How an operand enters a product.
    package enum Form { case plain, transposed }

    /// Adds op(a)·op(b). Each element adds its products in ascending order of the inner index, rounding each.
    package mutating func add(_ a: Matrix, _ aForm: Form = .plain, times b: Matrix, _ bForm: Form = .plain) {
        let (m, k) = aForm == .plain ? (a.rows, a.columns) : (a.columns, a.rows)
        let (k2, n) = bForm == .plain ? (b.rows, b.columns) : (b.columns, b.rows)
        precondition(k == k2 && m == rows && n == columns, "matrix shapes do not fit")
        var scratch = [Double](repeating: 0, count: mk_gemm_scratch(m))
        mk_gemm(
            m, n, k, a.values, aForm == .plain ? a.columns : 1, aForm == .plain ? 1 : a.columns, b.values,
            bForm == .plain ? b.columns : 1, bForm == .plain ? 1 : b.columns, &values, columns, &scratch)
    }

    /// op(a)·op(b).
    package static func product(_ a: Matrix, _ aForm: Form = .plain, _ b: Matrix, _ bForm: Form = .plain) -> Matrix {
        var result = Matrix(zeros: aForm == .plain ? a.rows : a.columns, bForm == .plain ? b.columns : b.rows)
        result.add(a, aForm, times: b, bForm)
        return result
    }
}
