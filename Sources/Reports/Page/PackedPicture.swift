import CImageFiles

/// Compresses a page's PNGs (ISO/IEC 15948), which workers write without compression; every pixel stays the same.
enum PackedPicture {
    private static let mostBytes = 64 << 20

    /// `png` with its pixels compressed. It is returned as it is where it is of another kind than workers write, or damaged.
    static func packed(_ png: [UInt8]) -> [UInt8] {
        guard let header = chunk(png, at: 8, named: "IHDR"), header.count == 13 else { return png }
        let fields = Array(header)
        let (width, height) = (number(fields[0..<4]), number(fields[4..<8]))
        let channels = [0: 1, 2: 3][fields[9]] ?? 0
        // Eight bits a channel, grey or colour, not interlaced.
        guard fields[8] == 8, channels > 0, fields[10...] == [0, 0, 0], 1...65535 ~= width, 1...65535 ~= height,
            height * (1 + width * channels) <= mostBytes
        else { return png }
        var stream = [UInt8]()
        var place = 8 + 12 + header.count
        while let content = chunk(png, at: place, named: "IDAT") {
            stream += content
            place += 12 + content.count
        }
        guard chunk(png, at: place, named: "IEND") != nil,
            let pixels = unpacked(stream, count: height * (1 + width * channels)), let small = compressed(pixels),
            small.count < stream.count
        else { return png }
        return Array(png[..<8]) + written("IHDR", fields) + written("IDAT", small) + written("IEND", [])
    }

    private static func unpacked(_ stream: [UInt8], count: Int) -> [UInt8]? {
        var pixels = [UInt8](repeating: 0, count: count)
        var length = uLongf(count)
        guard uncompress(&pixels, &length, stream, uLong(stream.count)) == Z_OK, length == count else { return nil }
        return pixels
    }

    private static func compressed(_ pixels: [UInt8]) -> [UInt8]? {
        var length = compressBound(uLong(pixels.count))
        var stream = [UInt8](repeating: 0, count: Int(length))
        guard compress2(&stream, &length, pixels, uLong(pixels.count), 9) == Z_OK else { return nil }
        return Array(stream[..<Int(length)])
    }

    /// The content of the chunk that begins at `place`; nil where there is none of that name.
    private static func chunk(_ png: [UInt8], at place: Int, named name: String) -> ArraySlice<UInt8>? {
        guard place + 12 <= png.count, png[place + 4..<place + 8].elementsEqual(name.utf8) else { return nil }
        let length = number(png[place..<place + 4])
        guard length <= png.count - place - 12 else { return nil }
        return png[place + 8..<place + 8 + length]
    }

    private static func written(_ name: String, _ content: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + content
        return bytes(content.count) + body + bytes(Int(crc32(0, body, uInt(body.count))))
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    private static func bytes(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
