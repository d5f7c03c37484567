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

    /// Adds op(a)·op(b). With matrices each element adds its products in ascending order of the inner index, each by one
    /// fused multiply-add; with `SingleRows` runs of them, as `mk_gemm_single` does.
    package mutating func add<Operand: ProductOperand>(
        _ a: Operand, _ aForm: Form = .plain, times b: Operand, _ bForm: Form = .plain
    ) {
        add(a, aForm, times: b, bForm, beat: {})
    }

    /// The same; `beat` is called after every slice of the work.
    mutating func add<Operand: ProductOperand, E: Error>(
        _ a: Operand, _ aForm: Form, times b: Operand, _ bForm: Form, beat: () throws(E) -> Void
    ) throws(E) {
        try add(a, aForm, times: b, bForm, upper: false, beat: beat)
    }

    /// Adds op(a)·op(b) to the elements on and above the diagonal, which are enough for a symmetric matrix. Those below mean
    /// nothing then.
    package mutating func addUpper<Operand: ProductOperand, E: Error>(
        _ a: Operand, _ aForm: Form, times b: Operand, _ bForm: Form, beat: () throws(E) -> Void
    ) throws(E) {
        precondition(rows == columns, "only a square matrix has a diagonal")
        try add(a, aForm, times: b, bForm, upper: true, beat: beat)
    }

    mutating func add<Operand: ProductOperand, E: Error>(
        _ a: Operand, _ aForm: Form, times b: Operand, _ bForm: Form, upper: Bool,
        productsBetweenBeats: Int = aboutHalfASecond, beat: () throws(E) -> Void
    ) throws(E) {
        let (m, k) = aForm == .plain ? (a.rows, a.columns) : (a.columns, a.rows)
        let (k2, n) = bForm == .plain ? (b.rows, b.columns) : (b.columns, b.rows)
        precondition(k == k2 && m == rows && n == columns, "matrix shapes do not fit")
        let (aRow, aColumn) = aForm == .plain ? (a.columns, 1) : (1, a.columns)
        let (bRow, bColumn) = bForm == .plain ? (b.columns, 1) : (1, b.columns)
        let slice = max(productsBetweenBeats / max(n * k, 1) / Self.leastRows, 1) * Self.leastRows
        let scratch = UnsafeMutableRawPointer.allocate(
            byteCount: mk_gemm_scratch(min(m, slice), n, k), alignment: 64)
        defer { scratch.deallocate() }
        for first in stride(from: 0, to: m, by: slice) {
            let left = upper ? first : 0
            a.withNumbers { a in
                b.withNumbers { b in
                    values.withUnsafeMutableBufferPointer { result in
                        guard let result = result.baseAddress else { return }
                        Operand.multiply(
                            min(slice, m - first), n - left, k, a + first * aRow, aRow, aColumn, b + left * bColumn,
                            bRow, bColumn, result + first * columns + left, columns, upper, scratch)
                    }
                }
            }
            try beat()
        }
    }

    /// Copies what is above the diagonal to below it.
    package mutating func mirrorUpper() {
        for row in 0..<rows {
            for column in 0..<row { values[row * columns + column] = values[column * columns + row] }
        }
    }

    static let aboutHalfASecond = 1 << 33
    /// The least number of rows for which packing the other operand is worth its cost.
    private static let leastRows = 192

    /// op(a)·op(b).
    package static func product<Operand: ProductOperand>(
        _ a: Operand, _ aForm: Form = .plain, _ b: Operand, _ bForm: Form = .plain
    ) -> Matrix {
        product(a, aForm, b, bForm, beat: {})
    }

    /// The same; `beat` is called after every slice of the work.
    static func product<Operand: ProductOperand, E: Error>(
        _ a: Operand, _ aForm: Form, _ b: Operand, _ bForm: Form, beat: () throws(E) -> Void
    ) throws(E) -> Matrix {
        var result = Matrix(zeros: aForm == .plain ? a.rows : a.columns, bForm == .plain ? b.columns : b.rows)
        try result.add(a, aForm, times: b, bForm, beat: beat)
        return result
    }
}
