/// Writes pictures as PNG files (ISO/IEC 15948), stored and not compressed.
///
/// The worker has a writer of its own because it is one static program: a static PNG library cannot be expected where it is
/// built, and its pictures are small.
enum PNGFile {
    /// `samples` are rows of pixels from the top, with 1 (grey) or 3 (red, green, blue) bytes each.
    static func encode(_ samples: [UInt8], channels: Int, height: Int, width: Int) -> [UInt8] {
        precondition(samples.count == channels * height * width && (channels == 1 || channels == 3), "not a picture")
        var rows: [UInt8] = []
        rows.reserveCapacity(samples.count + height)
        for first in stride(from: 0, to: samples.count, by: width * channels) {
            // Filter 0: bytes as they are.
            rows.append(0)
            rows += samples[first..<first + width * channels]
        }
        let colourType: UInt8 = channels == 1 ? 0 : 2
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            + chunk("IHDR", bigEndian(width) + bigEndian(height) + [8, colourType, 0, 0, 0])
            + chunk("IDAT", stored(rows)) + chunk("IEND", [])
    }

    private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + content
        return bigEndian(content.count) + body + bigEndian(Int(checksum(body)))
    }

    private static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// A zlib stream (RFC 1950) of blocks that are stored as they are (RFC 1951, 3.2.4).
    private static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        stream.reserveCapacity(bytes.count + bytes.count / 1000 + 16)
        for first in stride(from: 0, to: bytes.count, by: 0xFFFF) {
            let block = bytes[first..<min(first + 0xFFFF, bytes.count)]
            let (low, high) = (UInt8(truncatingIfNeeded: block.count), UInt8(truncatingIfNeeded: block.count >> 8))
            stream += [block.endIndex == bytes.count ? 1 : 0, low, high, ~low, ~high]
            stream += block
        }
        // Adler-32.
        var (a, b) = (1, 0)
        for byte in bytes {
            a = (a + Int(byte)) % 65521
            b = (b + a) % 65521
        }
        return stream + bigEndian(b << 16 | a)
    }

    /// The CRC-32 of the polynomial 0x04C11DB7, reflected.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var sum = ~UInt32(0)
        for byte in bytes { sum = table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ sum >> 8 }
        return ~sum
    }

    private static let table: [UInt32] = (0..<256).map { number in
        (0..<8).reduce(UInt32(number)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
}
