import ImageKernels

/// From a decoded image to the pixels of a dataset.
///
/// The largest centred square is kept (an odd remainder goes to the right and the bottom) and averaged by area down
/// to the resolution: each pixel is the exact mean of what it covers, rounded once, half up. Grey is the mean of the
/// three channels, as in Kadkhodaie et al. Images are never enlarged.
struct ImageConversion {
    let resolution: Int
    let channels: Int

    func convert(_ image: ImageDecoder.Image) throws(ImageDecoder.Refusal) -> [UInt8] {
        let side = min(image.width, image.height)
        guard side >= resolution else {
            throw ImageDecoder.Refusal(
                "it has \(image.width) x \(image.height) pixels, fewer than dataset.resolution \(resolution) asks for")
        }
        var pixels = [UInt8](repeating: 0, count: channels * resolution * resolution)
        var scratch = [UInt64](repeating: 0, count: 3 * resolution * side)
        es_area_average(
            &pixels, image.rgb, Int32(image.width), Int32((image.width - side) / 2), Int32((image.height - side) / 2),
            Int32(side), Int32(resolution), Int32(channels), &scratch)
        return pixels
    }
}
