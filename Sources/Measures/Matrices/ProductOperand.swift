import MeasureKernels
import Tensors

/// What products are made of: rows of float64 or float32, in row-major order.
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

/// Rows of float32, such as a tensor's images, for products that float64 sums of short float32 runs are exact enough for.
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

    /// The most that a product of two rows is off, by the product of their norms: a run of r products is off by r roundings
    /// of the sum of their magnitudes at most, which norms bound, and float64 adds no more than was rounded up here.
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
