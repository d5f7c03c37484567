import CImageFiles

/// Reads PNG and JPEG from memory, upright as a viewer shows them. Throws for every fault, also for a truncated file.
struct ImageDecoder {
    /// Interleaved RGB.
    struct Image {
        var width: Int
        var height: Int
        /// The samples, one byte each, or, where `isDeep`, two in the machine's order.
        var rgb: [UInt8]
        var isDeep = false
        /// Whether the stored image had to be turned or mirrored.
        var isTurned = false

        var bytesPerPixel: Int { isDeep ? 6 : 3 }
    }

    private static let longestSide = 16384
    private static let mostPixels = 1 << 26

    /// Decodes by the file's first bytes, whatever its name.
    static func decode(_ bytes: [UInt8]) throws(FileFault) -> Image {
        if bytes.isEmpty { throw FileFault("it is empty") }
        let orientation: Orientation
        var image: Image
        if FileKind.isPNG(bytes) {
            (image, orientation) = (try png(bytes), Orientation(png: bytes))
        } else if FileKind.isJPEG(bytes) {
            (image, orientation) = (try jpeg(bytes), Orientation(jpeg: bytes))
        } else {
            throw FileFault(
                "it is neither a PNG nor a JPEG image" + (FileKind.foreign(bytes).map { ", but \($0)" } ?? ""))
        }
        image = orientation.upright(image)
        image.isTurned = orientation != .upright
        return image
    }

    private static func check(_ width: Int, _ height: Int) throws(FileFault) {
        guard width > 0, height > 0, width <= longestSide, height <= longestSide, width * height <= mostPixels else {
            throw FileFault("it says it has \(width) x \(height) pixels; up to \(mostPixels) are read")
        }
    }

    // The library accepts a file that is cut off after its last pixel.
    private static func checkEnd(_ png: [UInt8]) throws(FileFault) {
        var place = 8
        while place + 12 <= png.count {
            let length = png[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            let end = place + 12 + length
            if end <= png.count, png[place + 4..<place + 8].elementsEqual("IEND".utf8) { return }
            place = end
        }
        throw FileFault("as a PNG it is damaged: it has no end mark (is it whole?)")
    }

    private static func png(_ bytes: [UInt8]) throws(FileFault) -> Image {
        try checkEnd(bytes)
        guard let context = spng_ctx_new(0) else { throw FileFault("no memory") }
        defer { spng_ctx_free(context) }
        var header = spng_ihdr()
        var rgba: [UInt8] = []
        let fault: FileFault? = bytes.withUnsafeBytes { raw in
            func told(_ code: Int32) -> FileFault? {
                code == 0 ? nil : FileFault("as a PNG it is damaged: \(String(cString: spng_strerror(code)))")
            }
            if let fault = told(spng_set_chunk_limits(context, 1 << 26, 1 << 26)) { return fault }
            if let fault = told(spng_set_png_buffer(context, raw.baseAddress, raw.count)) { return fault }
            if let fault = told(spng_get_ihdr(context, &header)) { return fault }
            do throws(FileFault) { try check(Int(header.width), Int(header.height)) } catch { return error }
            var size = 0
            let format = Int32((header.bit_depth == 16 ? SPNG_FMT_RGBA16 : SPNG_FMT_RGBA8).rawValue)
            if let fault = told(spng_decoded_image_size(context, format, &size)) { return fault }
            rgba = [UInt8](repeating: 0, count: size)
            return told(spng_decode_image(context, &rgba, size, format, Int32(SPNG_DECODE_TRNS.rawValue)))
        }
        if let fault { throw fault }
        let isDeep = header.bit_depth == 16
        guard let rgb = opaque(rgba, bytesPerSample: isDeep ? 2 : 1) else {
            throw FileFault("it has transparent pixels; flatten it onto a background first")
        }
        return Image(width: Int(header.width), height: Int(header.height), rgb: rgb, isDeep: isDeep)
    }

    /// The image without the fourth sample of each pixel, its opacity; nil where a pixel is not fully opaque.
    private static func opaque(_ rgba: [UInt8], bytesPerSample size: Int) -> [UInt8]? {
        let pixels = rgba.count / (4 * size)
        var rgb = [UInt8](repeating: 0, count: 3 * size * pixels)
        var isOpaque = true
        rgba.withUnsafeBufferPointer { from in
            rgb.withUnsafeMutableBufferPointer { to in
                for pixel in 0..<pixels {
                    let (here, there) = (3 * size * pixel, 4 * size * pixel)
                    for byte in 0..<3 * size { to[here + byte] = from[there + byte] }
                    for byte in 3 * size..<4 * size { isOpaque = isOpaque && from[there + byte] == 255 }
                }
            }
        }
        return isOpaque ? rgb : nil
    }

    private static func jpeg(_ bytes: [UInt8]) throws(FileFault) -> Image {
        guard let handle = tjInitDecompress() else { throw FileFault("no memory") }
        defer { tjDestroy(handle) }
        func refusal() -> FileFault {
            FileFault(
                "as a JPEG it is damaged: \(tjGetErrorStr2(handle).map { String(cString: $0) } ?? "unknown error")")
        }
        var (width, height, sampling, space) = (Int32(0), Int32(0), Int32(0), Int32(0))
        guard
            tjDecompressHeader3(handle, bytes, UInt(bytes.count), &width, &height, &sampling, &space) == 0
        else { throw refusal() }
        try check(Int(width), Int(height))
        guard space != Int32(TJCS_CMYK.rawValue), space != Int32(TJCS_YCCK.rawValue) else {
            throw FileFault("its colours are CMYK; convert it to RGB first")
        }
        var rgb = [UInt8](repeating: 0, count: 3 * Int(width) * Int(height))
        // The accurate transform gives the same bits in all of the library's variants. Missing data only cause a warning,
        // at which decoding stops.
        let flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING
        guard
            tjDecompress2(
                handle, bytes, UInt(bytes.count), &rgb, width, 0, height, Int32(TJPF_RGB.rawValue), Int32(flags)) == 0
        else { throw refusal() }
        return Image(width: Int(width), height: Int(height), rgb: rgb)
    }
}
