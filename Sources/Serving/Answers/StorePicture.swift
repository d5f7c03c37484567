import Foundation
import JobContract
import ResultCatalogue

/// A picture in the store. Nothing else of the store is handed out: the catalogue must name the digest as a picture's, and
/// the file must be one and have that digest.
enum StorePicture {
    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    private static let mostBytes = 64 << 20

    /// Nil where the catalogue names none of that digest; empty where the store lacks its file.
    static func bytes(_ name: String, in store: String, _ reader: CatalogueReader) throws -> [UInt8]? {
        guard let digest = Digest(hex: name), digest.hex == name, try reader.hasPicture(name) else { return nil }
        let path = "\(store)/\(name.prefix(2))/\(name)"
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= mostBytes,
            let data = FileManager.default.contents(atPath: path)
        else { return [] }
        let bytes = [UInt8](data)
        return bytes.starts(with: signature) && Digest(of: bytes) == digest ? bytes : []
    }

    /// What is seen in place of a picture that the store lacks.
    static let absent = """
        <svg xmlns="http://www.w3.org/2000/svg" width="320" height="64" viewBox="0 0 320 64">\
        <rect x="0.5" y="0.5" width="319" height="63" fill="none" stroke="#888" stroke-dasharray="4 3"/>\
        <text x="160" y="28" text-anchor="middle" font-family="sans-serif" font-size="13" fill="#777">\
        The store here lacks this picture.</text>\
        <text x="160" y="48" text-anchor="middle" font-family="monospace" font-size="12" fill="#777">\
        eigensweep doctor</text></svg>
        """
}
