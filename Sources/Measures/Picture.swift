import Datasets
import Tensors

extension MeasureResult.Artifact {
    /// A PNG of images [N, C, H, W] in [−1, 1] side by side, `columns` a row; nil for images that are neither grey nor in
    /// colour.
    static func picture(_ name: String, _ images: Tensor<Float>, columns: Int) throws -> MeasureResult.Artifact? {
        let shape = images.imageShape
        guard shape.channels == 1 || shape.channels == 3, images.shape[0] > 0 else { return nil }
        let bytes = try ContactSheet.png(
            pixels: images.bytes, channels: shape.channels, height: shape.height, width: shape.width, columns: columns)
        return MeasureResult.Artifact(name: name, mediaType: "image/png", bytes: bytes)
    }
}

extension Tensor<Float> {
    /// Pixels of [−1, 1] as bytes. Values beyond are cut off; a pixel that is not a number is black.
    package var bytes: [UInt8] {
        values.map { value in
            let level = ((value + 1) * 127.5).rounded()
            return level > 0 ? UInt8(Swift.min(level, 255)) : 0
        }
    }

    /// The images with these numbers, in that order.
    func picked(_ numbers: [Int]) -> Tensor<Float> {
        Tensor(shape: [numbers.count] + shape.dropFirst(), values: numbers.flatMap { Array(self[row: $0]) })
    }

    /// Each image scaled about 0 so that its largest value is 1 or −1.
    var scaledToOne: Tensor<Float> {
        var result = self
        for image in 0..<shape[0] {
            let most = self[row: image].reduce(Float(0)) { Swift.max($0, abs($1)) }
            guard most > 0 else { continue }
            for index in image * stride..<(image + 1) * stride { result.values[index] /= most }
        }
        return result
    }
}
