/// Scalars that kernels exist for: Float for networks, Double for states of samplers and for tests of formulas.
package protocol TensorScalar: BinaryFloatingPoint, Sendable {}
extension Float: TensorScalar {}
extension Double: TensorScalar {}

/// A dense array in row-major order, by value. Images are [batch, channels, height, width].
package struct Tensor<Scalar: TensorScalar>: Sendable, Equatable {
    package var shape: [Int]
    package var values: [Scalar]

    /// Takes values in row-major order; their number must be the product of `shape`.
    package init(shape: [Int], values: [Scalar]) {
        precondition(values.count == shape.reduce(1, *), "\(values.count) values do not fill \(shape)")
        self.shape = shape
        self.values = values
    }

    package init(zeros shape: [Int]) {
        self.init(shape: shape, values: [Scalar](repeating: 0, count: shape.reduce(1, *)))
    }

    /// The number of values of one entry along the first axis.
    package var stride: Int { shape.dropFirst().reduce(1, *) }

    /// The values of entry `index` along the first axis.
    package subscript(row index: Int) -> ArraySlice<Scalar> { values[index * stride..<(index + 1) * stride] }
}
