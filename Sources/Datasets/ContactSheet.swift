/// Many images in one picture.
package enum ContactSheet {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// A PNG of the images side by side, one grey pixel apart, each enlarged by a whole factor without smoothing.
    ///
    /// `pixels` holds images of 1 or 3 channels one after the other, channels before rows. By default the sheet is
    /// about square and small images are enlarged to about 64 pixels. Throws when there is no image.
    package static func png(
        pixels: [UInt8], channels: Int, height: Int, width: Int, columns: Int? = nil, scale: Int? = nil
    ) throws -> [UInt8] {
        let size = channels * height * width
        guard size > 0, channels == 1 || channels == 3, pixels.count >= size, pixels.count % size == 0 else {
            throw Failure(description: "there are no images to show")
        }
        let count = pixels.count / size
        let scale = scale ?? max(1, 64 / max(height, width))
        let columns = max(1, min(count, columns ?? Int(Double(count).squareRoot().rounded(.up))))
        let rows = (count + columns - 1) / columns
        let (cellHeight, cellWidth) = (height * scale + 1, width * scale + 1)
        let (sheetHeight, sheetWidth) = (rows * cellHeight + 1, columns * cellWidth + 1)
        var sheet = [UInt8](repeating: 128, count: sheetHeight * sheetWidth * channels)
        for image in 0..<count {
            let (top, left) = (image / columns * cellHeight + 1, image % columns * cellWidth + 1)
            for y in 0..<height * scale {
                for x in 0..<width * scale {
                    for channel in 0..<channels {
                        sheet[((top + y) * sheetWidth + left + x) * channels + channel] =
                            pixels[image * size + (channel * height + y / scale) * width + x / scale]
                    }
                }
            }
        }
        return PNGFile.encode(sheet, channels: channels, height: sheetHeight, width: sheetWidth)
    }
}
