import CSHA256

/// SHA-256 (FIPS 180-4) of bytes that come in pieces.
package struct SHA256 {
    private var context = SHA256_CTX()

    package init() { SHA256_Init(&context) }

    /// Takes the next bytes.
    package mutating func update(_ piece: UnsafeRawBufferPointer) {
        SHA256_Update(&context, piece.baseAddress, piece.count)
    }

    /// The digest of all the pieces; more of them may follow, and another digest.
    package var digest: Digest {
        var last = context
        return withUnsafeTemporaryAllocation(byteCount: Int(SHA256_DIGEST_LENGTH), alignment: 8) { bytes in
            SHA256_Final(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), &last)
            return Digest(bigEndian: UnsafeRawBufferPointer(bytes))
        }
    }
}
