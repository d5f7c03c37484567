import ImageKernels
import Tensors

/// Turns a decoded image into the pixels of a dataset.
///
/// The largest centred square is kept; of an odd remainder, the right and the bottom lose one pixel more. A larger image is
/// averaged by area, each pixel being the exact mean of what it covers; a smaller one is interpolated linearly between the
/// centres of pixels. Values are rounded once, half up, also from 16 bits a sample. Grey is the mean of the three channels,
/// as in Kadkhodaie et al.
struct ImageConversion {
    let resolution: Int
    let channels: Int
    /// Whether the dataset is of float32, four bytes a value, the least first: then images are values of its shape.
    let isFloat: Bool
    /// One permutation of the pixels for all images and channels, which destroys image structure and keeps statistics of
    /// pixels (Kadkhodaie et al., ICLR 2024, shuffled faces).
    private let order: [Int]?

    init(resolution: Int, channels: Int, isShuffled: Bool, isFloat: Bool = false) {
        self.resolution = resolution
        self.channels = channels
        self.isFloat = isFloat
        // The digits have no meaning; they are part of every shuffled image.
        order =
            isShuffled
            ? CounterRandom(seed: 0x73687566_00000001, purpose: .generator)
                .permutation(count: resolution * resolution, round: 0) : nil
    }

    var bytesPerImage: Int { channels * resolution * resolution * (isFloat ? 4 : 1) }

    func convert(_ image: SourceImage) -> [UInt8] {
        guard isFloat, case .values(let values, _) = image else { return convert(image.picture) }
        // −0 and 0 are one level.
        let levels = shuffled(values).map { $0 == 0 ? 0 : $0 }
        return levels.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
    }

    private func shuffled<Value>(_ values: [Value]) -> [Value] {
        guard let order else { return values }
        return (0..<channels).flatMap { channel in order.map { values[channel * order.count + $0] } }
    }

    private func convert(_ image: ImageDecoder.Image) -> [UInt8] {
        let side = min(image.width, image.height)
        let (left, top) = ((image.width - side) / 2, (image.height - side) / 2)
        var pixels = [UInt8](repeating: 0, count: channels * resolution * resolution)
        if side < resolution {
            es_enlarge(
                &pixels, image.rgb, image.isDeep ? 2 : 1, Int32(image.width), Int32(left), Int32(top), Int32(side),
                Int32(resolution),
                Int32(channels))
        } else {
            var scratch = [UInt64](repeating: 0, count: 3 * resolution * side)
            es_area_average(
                &pixels, image.rgb, image.isDeep ? 2 : 1, Int32(image.width), Int32(left), Int32(top), Int32(side),
                Int32(resolution),
                Int32(channels), &scratch)
        }
        return shuffled(pixels)
    }
}
