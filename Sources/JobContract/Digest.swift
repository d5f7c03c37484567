package import Crypto

/// A SHA-256 digest: the name of content in stores, catalogues and on the wire.
package struct Digest: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// 64 lowercase hexadecimal digits.
    package let hex: String

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
        var text = [UInt8]()
        text.reserveCapacity(64)
        let digits = Array("0123456789abcdef".utf8)
        for byte in hash {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        hex = String(decoding: text, as: UTF8.self)
    }

    /// Reads 64 hexadecimal digits; nil for anything else, so that no path or host text passes as a digest.
    package init?(hex: String) {
        guard hex.utf8.count == 64, hex.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            return nil
        }
        self.hex = hex
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

    package static func < (a: Digest, b: Digest) -> Bool { a.hex < b.hex }
    package var description: String { hex }

    /// The first twelve digits, for people.
    package var short: String { String(hex.prefix(12)) }
}
