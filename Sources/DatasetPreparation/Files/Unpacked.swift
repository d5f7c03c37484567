import CImageFiles

/// Unpacks gzip (RFC 1952).
enum Unpacked {
    static func isPacked(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// The most bytes of a content.
    private static let longest = 4 << 30

    /// The content of all members, or its beginning of at least `most` bytes. Throws where it is cut off, damaged, or has
    /// more than 4 GiB.
    static func gzip(_ packed: [UInt8], most: Int = .max) throws(FileFault) -> [UInt8] {
        var stream = z_stream()
        // 15 bits of window, and gzip's header.
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw FileFault("no memory")
        }
        defer { inflateEnd(&stream) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: min(most, 1 << 20))
        var place = 0
        while bytes.count < most {
            let given = min(packed.count - place, 1 << 30)
            let (code, taken, made) = packed.withUnsafeBufferPointer { from in
                piece.withUnsafeMutableBufferPointer { to -> (Int32, Int, Int) in
                    stream.next_in = UnsafeMutablePointer(mutating: from.baseAddress?.advanced(by: place))
                    stream.avail_in = UInt32(given)
                    stream.next_out = to.baseAddress
                    stream.avail_out = UInt32(to.count)
                    let code = inflate(&stream, Z_NO_FLUSH)
                    return (code, given - Int(stream.avail_in), to.count - Int(stream.avail_out))
                }
            }
            place += taken
            bytes += piece.prefix(made)
            guard bytes.count <= longest else { throw FileFault("it unpacks to more than \(longest >> 30) GiB") }
            if code == Z_STREAM_END {
                // Another member may follow. Anything else that follows is ignored, as gzip does.
                guard packed[place...].starts(with: [0x1F, 0x8B]), inflateReset(&stream) == Z_OK else { break }
            } else if code != Z_OK {
                let reason = stream.msg.map { String(cString: $0) } ?? "it ends too early"
                throw FileFault("it cannot be unpacked (is it whole?): \(reason)")
            }
        }
        return bytes
    }
}
