import CImageFiles
import ImageGenerators

/// A file's content, unpacked where gzip packed it.
enum UnpackedFile {
    /// At most `count` of the first bytes; nil where the file cannot be read.
    static func start(of path: String, count: Int) -> [UInt8]? {
        guard let file = gzopen(path, "rb") else { return nil }
        defer { gzclose_r(file) }
        var bytes = [UInt8](repeating: 0, count: count)
        let read = gzread(file, &bytes, UInt32(count))
        return read < 0 ? nil : Array(bytes.prefix(Int(read)))
    }

    /// Exactly `count` bytes, which must be all there are.
    static func whole(_ path: String, count: Int) throws(DatasetPreparationError) -> [UInt8] {
        guard let file = gzopen(path, "rb") else { throw .unusable(path: path, reason: "it cannot be opened") }
        defer { gzclose_r(file) }
        // One byte more than expected, so that the read reaches the end, where the checksum is verified.
        var bytes = [UInt8](repeating: 0, count: count + 1)
        var done = 0
        while done < bytes.count {
            let some = UInt32(min(bytes.count - done, 1 << 30))
            let read = bytes.withUnsafeMutableBytes { gzread(file, $0.baseAddress?.advanced(by: done), some) }
            if read < 0 {
                var code: Int32 = 0
                let reason = gzerror(file, &code).map { String(cString: $0) } ?? "unknown error"
                throw .unusable(path: path, reason: "it cannot be unpacked (is it whole?): \(reason)")
            }
            if read == 0 { break }
            done += Int(read)
        }
        // A packed file that is cut off reads as a shorter one.
        guard done == count else {
            let found = done > count ? "more than that" : "\(done)"
            throw .unusable(path: path, reason: "it should hold \(count) bytes, but holds \(found) (is it whole?)")
        }
        bytes.removeLast()
        return bytes
    }
}
