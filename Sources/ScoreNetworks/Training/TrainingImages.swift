import Diffusion
import Tensors

/// The images of a training and the order in which it meets them: a fresh permutation for every epoch, walked without
/// replacement. Batches may cross epochs and may be larger than the data set.
struct TrainingImages {
    let shape: ImageShape
    let count: Int
    private let pixels: [UInt8]
    private let order: CounterRandom
    private let mirror: CounterRandom?
    private var epoch: Int
    private var permutation: [Int]

    init(pixels: [UInt8], shape: ImageShape, settings: TrainingSettings) throws(TrainingError) {
        guard !pixels.isEmpty, pixels.count % shape.count == 0 else {
            throw .settings(
                "\(pixels.count) bytes of pixels are no whole, positive number of images of "
                    + "\(shape.channels)x\(shape.height)x\(shape.width)")
        }
        self.shape = shape
        self.pixels = pixels
        count = pixels.count / shape.count
        order = settings.random(.dataOrder)
        mirror = settings.flip ? settings.random(.flip) : nil
        epoch = 0
        permutation = order.permutation(count: count, round: 0)
    }

    /// An image that a training met, by its index, and whether it was mirrored.
    struct Met {
        var image: Int
        var mirrored: Bool
    }

    /// Appends the image that the training meets as number `number`, with pixels u8/127.5 − 1.
    @discardableResult
    mutating func append(number: Int, to batch: inout [Double]) -> Met {
        let wanted = number / count
        if wanted != epoch {
            epoch = wanted
            permutation = order.permutation(count: count, round: UInt32(truncatingIfNeeded: wanted))
        }
        let image = permutation[number % count]
        let start = image * shape.count
        let mirrored = mirror.map { $0.uniform(UInt64(number)) < 0.5 } ?? false
        for line in stride(from: start, to: start + shape.count, by: shape.width) {
            for column in 0..<shape.width {
                let value = pixels[line + (mirrored ? shape.width - 1 - column : column)]
                batch.append(Double(value) / 127.5 - 1)
            }
        }
        return Met(image: image, mirrored: mirrored)
    }
}
