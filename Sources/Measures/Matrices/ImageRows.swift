import Diffusion
import Tensors

extension Tensor<Float> {
    /// The images [B, C, H, W] mirrored left to right.
    package var flippedHorizontally: Tensor<Float> {
        precondition(shape.count == 4, "images are [batch, channels, height, width]")
        let width = shape[3]
        var flipped = self
        for row in 0..<(width == 0 ? 0 : values.count / width) {
            for x in 0..<width { flipped.values[row * width + x] = values[row * width + width - 1 - x] }
        }
        return flipped
    }

    /// The images followed by their mirror images.
    package var withFlips: Tensor<Float> {
        Tensor(shape: [2 * shape[0]] + shape.dropFirst(), values: values + flippedHorizontally.values)
    }

    /// Entries `range` of the first axis.
    package func entries(_ range: Range<Int>) -> Tensor<Float> {
        Tensor(
            shape: [range.count] + shape.dropFirst(),
            values: Array(values[range.lowerBound * stride..<range.upperBound * stride]))
    }

    /// Entries `range` of the first axis as rows of float64, less `offset`.
    func rows(_ range: Range<Int>, less offset: [Double]? = nil) -> Matrix {
        var result = [Double](repeating: 0, count: range.count * stride)
        values.withUnsafeBufferPointer { source in
            for index in 0..<result.count { result[index] = Double(source[range.lowerBound * stride + index]) }
        }
        if let offset {
            for row in 0..<range.count {
                for column in 0..<stride { result[row * stride + column] -= offset[column] }
            }
        }
        return Matrix(rows: range.count, columns: stride, values: result)
    }

    /// How many of the images are also in `other`.
    func rowsShared(with other: Tensor<Float>) -> Int {
        let theirs = Set((0..<other.shape[0]).map { Array(other[row: $0]) })
        return (0..<shape[0]).count { theirs.contains(Array(self[row: $0])) }
    }

    var imageShape: ImageShape { ImageShape(channels: shape[1], height: shape[2], width: shape[3]) }
}

/// Splits 0..<count into consecutive ranges of at most `size`.
func blocks(of count: Int, by size: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<Swift.min($0 + size, count) }
}
