import Foundation
import JobContract
import ResultCatalogue

/// A picture in the store. Nothing else of the store is handed out: the catalogue must name the digest as a picture's, and
/// the file must be one and have that digest.
enum StorePicture {
    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    private static let mostBytes = 64 << 20

    /// Nil where there is none.
    static func bytes(_ name: String, in store: String, _ reader: CatalogueReader) throws -> [UInt8]? {
        guard let digest = Digest(hex: name), digest.hex == name, try reader.hasPicture(name) else { return nil }
        let path = "\(store)/\(name.prefix(2))/\(name)"
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= mostBytes,
            let data = FileManager.default.contents(atPath: path)
        else { return nil }
        let bytes = [UInt8](data)
        return bytes.starts(with: signature) && Digest(of: bytes) == digest ? bytes : nil
    }
}
