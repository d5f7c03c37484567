import CImageFiles

/// Reads PNG and JPEG from memory. Every fault, a truncated file among them, is a `Refusal` in words.
struct ImageDecoder {
    /// Interleaved RGB, three bytes per pixel.
    struct Image {
        var width: Int
        var height: Int
        var rgb: [UInt8]
    }

    struct Refusal: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }

    private static let longestSide = 16384
    private static let mostPixels = 1 << 26

    /// Decodes by the file's first bytes, whatever its name.
    static func decode(_ bytes: [UInt8]) throws(Refusal) -> Image {
        if bytes.isEmpty { throw Refusal("it is empty") }
        if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) { return try png(bytes) }
        if bytes.starts(with: [0xff, 0xd8, 0xff]) { return try jpeg(bytes) }
        throw Refusal("it is neither a PNG nor a JPEG image")
    }

    private static func check(_ width: Int, _ height: Int) throws(Refusal) {
        guard width > 0, height > 0, width <= longestSide, height <= longestSide, width * height <= mostPixels else {
            throw Refusal("it says it has \(width) x \(height) pixels; up to \(mostPixels) are read")
        }
    }

    // The library does not mind a file cut after its last pixel.
    private static func checkEnd(_ png: [UInt8]) throws(Refusal) {
        var place = 8
        while place + 12 <= png.count {
            let length = png[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            let end = place + 12 + length
            if end <= png.count, png[place + 4..<place + 8].elementsEqual("IEND".utf8) { return }
            place = end
        }
        throw Refusal("as a PNG it is damaged: it has no end mark (is it whole?)")
    }

    private static func png(_ bytes: [UInt8]) throws(Refusal) -> Image {
        try checkEnd(bytes)
        guard let context = spng_ctx_new(0) else { throw Refusal("no memory") }
        defer { spng_ctx_free(context) }
        var header = spng_ihdr()
        var rgba: [UInt8] = []
        let fault: Refusal? = bytes.withUnsafeBytes { raw in
            func told(_ code: Int32) -> Refusal? {
                code == 0 ? nil : Refusal("as a PNG it is damaged: \(String(cString: spng_strerror(code)))")
            }
            if let fault = told(spng_set_chunk_limits(context, 1 << 26, 1 << 26)) { return fault }
            if let fault = told(spng_set_png_buffer(context, raw.baseAddress, raw.count)) { return fault }
            if let fault = told(spng_get_ihdr(context, &header)) { return fault }
            do throws(Refusal) { try check(Int(header.width), Int(header.height)) } catch { return error }
            var size = 0
            let format = Int32(SPNG_FMT_RGBA8.rawValue)
            if let fault = told(spng_decoded_image_size(context, format, &size)) { return fault }
            rgba = [UInt8](repeating: 0, count: size)
            return told(spng_decode_image(context, &rgba, size, format, Int32(SPNG_DECODE_TRNS.rawValue)))
        }
        if let fault { throw fault }
        let pixels = rgba.count / 4
        var rgb = [UInt8](repeating: 0, count: 3 * pixels)
        var opaque = true
        rgba.withUnsafeBufferPointer { from in
            rgb.withUnsafeMutableBufferPointer { to in
                for pixel in 0..<pixels {
                    for channel in 0..<3 { to[3 * pixel + channel] = from[4 * pixel + channel] }
                    opaque = opaque && from[4 * pixel + 3] == 255
                }
            }
        }
        guard opaque else { throw Refusal("it has transparent pixels; flatten it onto a background first") }
        return Image(width: Int(header.width), height: Int(header.height), rgb: rgb)
    }

    private static func jpeg(_ bytes: [UInt8]) throws(Refusal) -> Image {
        guard let handle = tjInitDecompress() else { throw Refusal("no memory") }
        defer { tjDestroy(handle) }
        func refusal() -> Refusal {
            Refusal("as a JPEG it is damaged: \(tjGetErrorStr2(handle).map { String(cString: $0) } ?? "unknown error")")
        }
        var (width, height, sampling, space) = (Int32(0), Int32(0), Int32(0), Int32(0))
        guard
            tjDecompressHeader3(handle, bytes, UInt(bytes.count), &width, &height, &sampling, &space) == 0
        else { throw refusal() }
        try check(Int(width), Int(height))
        guard space != Int32(TJCS_CMYK.rawValue), space != Int32(TJCS_YCCK.rawValue) else {
            throw Refusal("its colours are CMYK; convert it to RGB first")
        }
        var rgb = [UInt8](repeating: 0, count: 3 * Int(width) * Int(height))
        // The accurate transform has the same bits in all of the library's variants; missing data warn only.
        let flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING
        guard
            tjDecompress2(
                handle, bytes, UInt(bytes.count), &rgb, width, 0, height, Int32(TJPF_RGB.rawValue), Int32(flags)) == 0
        else { throw refusal() }
        return Image(width: Int(width), height: Int(height), rgb: rgb)
    }
}
