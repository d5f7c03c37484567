import Diffusion
import Tensors

/// A fixed map of images to vectors: convolutions whose weights are drawn once and for all, so that nothing has to be
/// downloaded. It is not trained to see as people do; distances in it are comparable with one another alone.
///
/// Three layers: 3×3 convolution (zeros beyond the border) to 16, 32 and 64 channels, then max(·, 0), then the mean of
/// each 2×2 block before the next. Weights are normal with variance 2/(9·channels), biases normal with variance 0.01,
/// both keyed by the layer. The vector is each channel's mean over its layer: 112 numbers.
struct RandomFeatures {
    static let widths = [16, 32, 64]
    static let count = 112

    private let layers: [(weights: Matrix, bias: [Double])]

    init(channels: Int) {
        var inputs = channels
        layers = Self.widths.enumerated().map { number, width in
            let random = CounterRandom(seed: 0, purpose: .imageFeatures, sub: UInt32(number))
            let size = 9 * inputs * width
            let scale = (2 / Double(9 * inputs)).squareRoot()
            let weights = random.normals(from: 0, count: size).map { $0 * scale }
            let bias = random.normals(from: 1 << 32, count: width).map { $0 * 0.1 }
            defer { inputs = width }
            return (Matrix(rows: width, columns: 9 * inputs, values: weights), bias)
        }
    }

    /// One row for each of `images` [B, C, H, W]; `beat` is called between pieces of the work.
    func rows(of images: Tensor<Float>, beat: () throws -> Void) rethrows -> Matrix {
        var values: [Double] = []
        values.reserveCapacity(images.shape[0] * Self.count)
        for image in 0..<images.shape[0] {
            if image % 16 == 0 { try beat() }
            values += features(of: images.entries(image..<image + 1))
        }
        return Matrix(rows: images.shape[0], columns: Self.count, values: values)
    }

    private func features(of image: Tensor<Float>) -> [Double] {
        var plane = Plane(
            height: image.shape[2], width: image.shape[3], channels: image.shape[1],
            values: image.values.map { Double($0) })
        var means: [Double] = []
        for (number, layer) in layers.enumerated() {
            plane = plane.convolved(layer.weights, layer.bias)
            means += plane.means
            if number < layers.count - 1 { plane = plane.halved }
        }
        return means
    }
}

/// Numbers [channel][row][column].
private struct Plane {
    var height: Int
    var width: Int
    var channels: Int
    var values: [Double]

    /// max(W·neighbourhood + b, 0). W's columns are [channel][row][column] of the 3×3 neighbourhood.
    func convolved(_ weights: Matrix, _ bias: [Double]) -> Plane {
        let places = height * width
        var around = Matrix(zeros: 9 * channels, places)
        for channel in 0..<channels {
            for (tap, (dy, dx)) in Self.taps.enumerated() {
                let row = (channel * 9 + tap) * places
                for y in max(0, -dy)..<min(height, height - dy) {
                    for x in max(0, -dx)..<min(width, width - dx) {
                        around.values[row + y * width + x] =
                            values[channel * places + (y + dy) * width + x + dx]
                    }
                }
            }
        }
        var result = Matrix.product(weights, .plain, around)
        for index in result.values.indices {
            result.values[index] = max(result.values[index] + bias[index / places], 0)
        }
        return Plane(height: height, width: width, channels: weights.rows, values: result.values)
    }

    private static let taps = (-1...1).flatMap { dy in (-1...1).map { (dy, $0) } }

    /// The mean of each 2×2 block; an odd row or column at the end is left out.
    var halved: Plane {
        let (rows, columns) = (max(height / 2, 1), max(width / 2, 1))
        guard height > 1, width > 1 else { return self }
        var result = Plane(
            height: rows, width: columns, channels: channels,
            values: [Double](repeating: 0, count: channels * rows * columns))
        for channel in 0..<channels {
            for y in 0..<rows {
                for x in 0..<columns {
                    let at = (channel * height + 2 * y) * width + 2 * x
                    let sum = values[at] + values[at + 1] + values[at + width] + values[at + width + 1]
                    result.values[(channel * rows + y) * columns + x] = sum / 4
                }
            }
        }
        return result
    }

    /// The mean of each channel.
    var means: [Double] {
        let places = height * width
        return (0..<channels).map { channel in
            var sum = 0.0
            for place in channel * places..<(channel + 1) * places { sum += values[place] }
            return sum / Double(places)
        }
    }
}
