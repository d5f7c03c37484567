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

    /// Adds op(a)·op(b). Each element adds its products in ascending order of the inner index, each by one fused
    /// multiply-add.
    package mutating func add(_ a: Matrix, _ aForm: Form = .plain, times b: Matrix, _ bForm: Form = .plain) {
        add(a, aForm, times: b, bForm, beat: {})
    }

    /// As above; `beat` is called after every slice of the work.
    mutating func add<E: Error>(
        _ a: Matrix, _ aForm: Form, times b: Matrix, _ bForm: Form, beat: () throws(E) -> Void
    ) throws(E) {
        let (m, k) = aForm == .plain ? (a.rows, a.columns) : (a.columns, a.rows)
        let (k2, n) = bForm == .plain ? (b.rows, b.columns) : (b.columns, b.rows)
        precondition(k == k2 && m == rows && n == columns, "matrix shapes do not fit")
        let (aRow, aColumn) = aForm == .plain ? (a.columns, 1) : (1, a.columns)
        let (bRow, bColumn) = bForm == .plain ? (b.columns, 1) : (1, b.columns)
        var scratch = [Double](repeating: 0, count: mk_gemm_scratch(min(m, Self.slice)))
        for first in stride(from: 0, to: m, by: Self.slice) {
            a.values.withUnsafeBufferPointer { left in
                values.withUnsafeMutableBufferPointer { result in
                    guard let left = left.baseAddress, let result = result.baseAddress else { return }
                    mk_gemm(
                        min(Self.slice, m - first), n, k, left + first * aRow, aRow, aColumn, b.values, bRow, bColumn,
                        result + first * columns, columns, &scratch)
                }
            }
            try beat()
        }
    }

    /// Adds aᵀb to the elements on and above the diagonal; those below it are then of no meaning.
    mutating func addUpper<E: Error>(
        _ a: Matrix, transposedTimes b: Matrix, beat: () throws(E) -> Void
    ) throws(E) {
        precondition(a.rows == b.rows && a.columns == rows && b.columns == columns && rows == columns)
        var scratch = [Double](repeating: 0, count: mk_gemm_scratch(Self.slice))
        for first in stride(from: 0, to: rows, by: Self.slice) {
            a.values.withUnsafeBufferPointer { left in
                b.values.withUnsafeBufferPointer { right in
                    values.withUnsafeMutableBufferPointer { result in
                        guard let left = left.baseAddress, let right = right.baseAddress,
                            let result = result.baseAddress
                        else { return }
                        mk_gemm(
                            min(Self.slice, rows - first), columns - first, a.rows, left + first, 1, a.columns,
                            right + first, b.columns, 1, result + first * columns + first, columns, &scratch)
                    }
                }
            }
            try beat()
        }
    }

    /// Rows of a product between beats: seconds of work for the largest matrices.
    private static let slice = 256

    /// op(a)·op(b).
    package static func product(_ a: Matrix, _ aForm: Form = .plain, _ b: Matrix, _ bForm: Form = .plain) -> Matrix {
        product(a, aForm, b, bForm, beat: {})
    }

    /// As above; `beat` is called after every slice of the work.
    static func product<E: Error>(
        _ a: Matrix, _ aForm: Form, _ b: Matrix, _ bForm: Form, beat: () throws(E) -> Void
    ) throws(E) -> Matrix {
        var result = Matrix(zeros: aForm == .plain ? a.rows : a.columns, bForm == .plain ? b.columns : b.rows)
        try result.add(a, aForm, times: b, bForm, beat: beat)
        return result
    }
}
