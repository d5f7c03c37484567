package import Crypto

/// A SHA-256 digest: the name of content in stores, catalogues and on the wire.
package struct Digest: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// The 32 bytes as four big-endian words: sweeps hold a million of these.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The digest of `bytes`.
    package init(of bytes: some Sequence<UInt8>) {
        var hash = SHA256()
        let done: Void? = bytes.withContiguousStorageIfAvailable {
            hash.update(bufferPointer: UnsafeRawBufferPointer($0))
        }
        if done == nil { Array(bytes).withUnsafeBytes { hash.update(bufferPointer: $0) } }
        self.init(hash.finalize())
    }

    /// Takes a finished hash, for content that was streamed.
    package init(_ hash: SHA256Digest) {
        words = hash.withUnsafeBytes {
            (
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
            )
        }
    }

    /// Reads 64 lowercase hexadecimal digits; nil for anything else, so that no path or host text passes as a digest.
    package init?(hex: String) {
        var values: [UInt64] = [0, 0, 0, 0]
        var count = 0
        for byte in hex.utf8 {
            let digit: UInt8
            switch byte {
            case 48...57: digit = byte - 48
            case 97...102: digit = byte - 87
            default: return nil
            }
            guard count < 64 else { return nil }
            values[count / 16] = values[count / 16] << 4 | UInt64(digit)
            count += 1
        }
        guard count == 64 else { return nil }
        words = (values[0], values[1], values[2], values[3])
    }

    /// Appends the 64 lowercase hexadecimal digits as ASCII.
    package func appendHex(to bytes: inout [UInt8]) {
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 60, through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: word >> UInt64(shift)) & 15
                bytes.append(digit < 10 ? digit + 48 : digit + 87)
            }
        }
    }

    /// 64 lowercase hexadecimal digits.
    package var hex: String {
        var text = [UInt8]()
        text.reserveCapacity(64)
        appendHex(to: &text)
        return String(decoding: text, as: UTF8.self)
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

    package static func == (a: Digest, b: Digest) -> Bool { a.words == b.words }
    /// Digests are uniform: one word of four is hash enough.
    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
    package static func < (a: Digest, b: Digest) -> Bool { a.words < b.words }
    package var description: String { hex }

    /// The first twelve digits, for people.
    package var short: String { String(hex.prefix(12)) }
}
