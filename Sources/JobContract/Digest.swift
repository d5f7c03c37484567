/// A SHA-256 digest: the name of content in stores, catalogues and on the wire.
package struct Digest: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// The 32 bytes as four big-endian words: sweeps hold a million of these.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The digest of `bytes`.
    package init(of bytes: some Sequence<UInt8>) {
        let digest = bytes.withContiguousStorageIfAvailable { Digest(of: UnsafeRawBufferPointer($0)) }
        self = digest ?? Array(bytes).withUnsafeBytes { Digest(of: $0) }
    }

    /// The digest of the bytes in a buffer.
    package init(of buffer: UnsafeRawBufferPointer) {
        var hash = SHA256()
        hash.update(buffer)
        self = hash.digest
    }

    /// Takes the 32 bytes of a finished hash.
    init(bigEndian bytes: UnsafeRawBufferPointer) {
        words = (
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
        )
    }

    /// Reads 64 lowercase hexadecimal digits; nil for anything else, so that no path or host text passes as a digest.
    package init?(hex: String) {
        var text = hex
        guard let digest = text.withUTF8({ Digest(hex: $0) }) else { return nil }
        self = digest
    }

    /// The same of ASCII.
    package init?(hex: UnsafeBufferPointer<UInt8>) {
        guard hex.count == 64, let first = Self.word(hex, 0), let second = Self.word(hex, 16),
            let third = Self.word(hex, 32), let fourth = Self.word(hex, 48)
        else { return nil }
        words = (first, second, third, fourth)
    }

    private static func word(_ hex: UnsafeBufferPointer<UInt8>, _ start: Int) -> UInt64? {
        guard let high = half(hex, start), let low = half(hex, start + 8) else { return nil }
        return high << 32 | low
    }

    /// The value of eight digits, all at once: a million digests are read before a large sweep is resumed.
    private static func half(_ hex: UnsafeBufferPointer<UInt8>, _ start: Int) -> UInt64? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let text = UInt64(bigEndian: UnsafeRawBufferPointer(hex).loadUnaligned(fromByteOffset: start, as: UInt64.self))
        let letters = (text >> 6) & ones
        let digits = (text & (15 &* ones)) &+ 9 &* letters
        // What was read is written back and compared; values from 10 on are letters', and no other.
        let isLetter = ((digits &+ 6 &* ones) >> 4) & ones
        guard digits & (0xF0 &* ones) == 0, isLetter == letters, digits &+ 48 &* ones &+ 39 &* letters == text else {
            return nil
        }
        let bytes = (digits | digits >> 4) & 0x00FF_00FF_00FF_00FF
        let pairs = (bytes | bytes >> 8) & 0x0000_FFFF_0000_FFFF
        return (pairs | pairs >> 16) & 0xFFFF_FFFF
    }

    /// The first eight bytes, uniform as all of them.
    package var prefixBits: UInt64 { words.0 }

    /// Writes the 64 lowercase hexadecimal digits as ASCII into the first 64 bytes of `bytes`.
    package func writeHex(to bytes: UnsafeMutableBufferPointer<UInt8>) {
        precondition(bytes.count >= 64, "64 digits need 64 bytes")
        var place = 0
        func write(_ word: UInt64) {
            var shift: UInt64 = 64
            while shift > 0 {
                shift -= 4
                let digit = UInt8(truncatingIfNeeded: word >> shift) & 15
                // '0' + digit, and from 10 on the 39 more that lead to 'a'.
                bytes[place] = digit &+ 48 &+ (digit > 9 ? 39 : 0)
                place += 1
            }
        }
        write(words.0)
        write(words.1)
        write(words.2)
        write(words.3)
    }

    /// 64 lowercase hexadecimal digits.
    package var hex: String {
        String(unsafeUninitializedCapacity: 64) {
            writeHex(to: $0)
            return 64
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let digest = Digest(hex: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected 64 lowercase hexadecimal digits, got \"\(text.prefix(80))\"")
        }
        self = digest
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }

    package static func == (a: Digest, b: Digest) -> Bool {
        a.words.0 == b.words.0 && a.words.1 == b.words.1 && a.words.2 == b.words.2 && a.words.3 == b.words.3
    }
    /// Digests are uniform: one word of four is hash enough.
    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
    package static func < (a: Digest, b: Digest) -> Bool { a.words < b.words }
    package var description: String { hex }

    /// The first twelve digits, for people.
    package var short: String { String(hex.prefix(12)) }
}
