import Datasets
import Tensors

extension MeasureResult.Artifact {
    /// A PNG of images [N, C, H, W] in [−1, 1] side by side, `columns` a row; nil for images that have no colours.
    static func picture(_ name: String, _ images: Tensor<Float>, columns: Int) throws -> MeasureResult.Artifact? {
        let shape = images.imageShape
        guard shape.channels == 1 || shape.channels == 3, images.shape[0] > 0 else { return nil }
        let pixels = images.values.map { $0.isFinite ? UInt8(max(0, min(255, (($0 + 1) * 127.5).rounded()))) : 0 }
        let bytes = try ContactSheet.png(
            pixels: pixels, channels: shape.channels, height: shape.height, width: shape.width, columns: columns)
        return MeasureResult.Artifact(name: name, mediaType: "image/png", bytes: bytes)
    }
}

extension Tensor<Float> {
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
