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
        // Room for what is there: a header may promise anything.
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        // One byte more than expected, so that the read reaches the end, where the checksum is verified.
        while bytes.count <= count {
            let read = gzread(file, &piece, UInt32(min(piece.count, count + 1 - bytes.count)))
            if read < 0 {
                var code: Int32 = 0
                let reason = gzerror(file, &code).map { String(cString: $0) } ?? "unknown error"
                throw .unusable(path: path, reason: "it cannot be unpacked (is it whole?): \(reason)")
            }
            if read == 0 { break }
            bytes += piece.prefix(Int(read))
        }
        // A packed file that is cut off reads as a shorter one.
        guard bytes.count == count else {
            let found = bytes.count > count ? "more than that" : "\(bytes.count)"
            throw .unusable(path: path, reason: "it should hold \(count) bytes, but holds \(found) (is it whole?)")
        }
        return bytes
    }
}
