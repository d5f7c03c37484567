import MeasureKernels
import Tensors

/// An operand of products: rows of float64 or float32, in row-major order.
package protocol ProductOperand {
    associatedtype Number
    var rows: Int { get }
    var columns: Int { get }
    func withNumbers(_ body: (UnsafePointer<Number>) -> Void)
    /// The kernel, as `mk_gemm` says.
    static func multiply(
        _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Number>, _ aRow: Int, _ aColumn: Int,
        _ b: UnsafePointer<Number>, _ bRow: Int, _ bColumn: Int, _ c: UnsafeMutablePointer<Double>, _ cRow: Int,
        _ upper: Bool, _ scratch: UnsafeMutableRawPointer)
}

extension Matrix: ProductOperand {
    package func withNumbers(_ body: (UnsafePointer<Double>) -> Void) {
        values.withUnsafeBufferPointer { if let numbers = $0.baseAddress { body(numbers) } }
    }

    package static func multiply(
        _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Double>, _ aRow: Int, _ aColumn: Int,
        _ b: UnsafePointer<Double>, _ bRow: Int, _ bColumn: Int, _ c: UnsafeMutablePointer<Double>, _ cRow: Int,
        _ upper: Bool, _ scratch: UnsafeMutableRawPointer
    ) {
        mk_gemm(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, upper, scratch)
    }
}

/// Rows of float32, such as a tensor's images. Their products are float64 sums of short float32 runs, which is less exact.
package struct SingleRows: ProductOperand, Sendable {
    package let rows: Int
    package let columns: Int
    private let values: [Float]
    private let first: Int

    /// Entries `range` of the first axis of `tensor`, one row each; nothing is copied.
    package init(_ tensor: Tensor<Float>, _ range: Range<Int>) {
        precondition(range.upperBound <= tensor.shape[0], "no rows beyond the tensor's")
        rows = range.count
        columns = tensor.stride
        values = tensor.values
        first = range.lowerBound * columns
    }

    /// The largest error of a product of two rows, relative to the product of their norms. The error of a run of r products
    /// is at most r roundings of the sum of their magnitudes, which the norms bound; one rounding more covers the float64
    /// sum.
    package static let error = Double(MK_RUN + 1) * 0x1p-24

    package func withNumbers(_ body: (UnsafePointer<Float>) -> Void) {
        values.withUnsafeBufferPointer { if let numbers = $0.baseAddress { body(numbers + first) } }
    }

    package static func multiply(
        _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ aRow: Int, _ aColumn: Int,
        _ b: UnsafePointer<Float>, _ bRow: Int, _ bColumn: Int, _ c: UnsafeMutablePointer<Double>, _ cRow: Int,
        _ upper: Bool, _ scratch: UnsafeMutableRawPointer
    ) {
        mk_gemm_single(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, upper, scratch)
    }
}
