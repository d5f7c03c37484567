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
        try add(a, aForm, times: b, bForm, fromDiagonal: false, beat: beat)
    }

    /// Adds to the elements on and above the diagonal, all that is needed of a symmetric matrix; those below it are then
    /// of no meaning.
    mutating func addUpper<E: Error>(
        _ a: Matrix, _ aForm: Form, times b: Matrix, _ bForm: Form, beat: () throws(E) -> Void
    ) throws(E) {
        precondition(rows == columns, "only a square matrix has a diagonal")
        try add(a, aForm, times: b, bForm, fromDiagonal: true, beat: beat)
    }

    private mutating func add<E: Error>(
        _ a: Matrix, _ aForm: Form, times b: Matrix, _ bForm: Form, fromDiagonal: Bool, beat: () throws(E) -> Void
    ) throws(E) {
        let (m, k) = aForm == .plain ? (a.rows, a.columns) : (a.columns, a.rows)
        let (k2, n) = bForm == .plain ? (b.rows, b.columns) : (b.columns, b.rows)
        precondition(k == k2 && m == rows && n == columns, "matrix shapes do not fit")
        let (aRow, aColumn) = aForm == .plain ? (a.columns, 1) : (1, a.columns)
        let (bRow, bColumn) = bForm == .plain ? (b.columns, 1) : (1, b.columns)
        var scratch = [Double](repeating: 0, count: mk_gemm_scratch(min(m, Self.slice)))
        for first in stride(from: 0, to: m, by: Self.slice) {
            let left = fromDiagonal ? first : 0
            a.values.withUnsafeBufferPointer { a in
                b.values.withUnsafeBufferPointer { b in
                    values.withUnsafeMutableBufferPointer { result in
                        guard let a = a.baseAddress, let b = b.baseAddress, let result = result.baseAddress
                        else { return }
                        mk_gemm(
                            min(Self.slice, m - first), n - left, k, a + first * aRow, aRow, aColumn,
                            b + left * bColumn,
                            bRow, bColumn, result + first * columns + left, columns, &scratch)
                    }
                }
            }
            try beat()
        }
    }

    /// Copies what is above the diagonal to below it.
    mutating func mirrorUpper() {
        for row in 0..<rows {
            for column in 0..<row { values[row * columns + column] = values[column * columns + row] }
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
