import Foundation

/// Files of SSH, which are small: keys, certificates, known hosts.
enum SmallFile {
    /// The most bytes that are read of one.
    private static let longest = 16 << 20

    /// The content; nil where it cannot be read or is longer than 16 MiB.
    static func content(_ path: String) -> Data? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        var content = Data()
        while let piece = try? file.read(upToCount: longest + 1 - content.count) {
            if piece.isEmpty { return content }
            content += piece
            guard content.count <= longest else { return nil }
        }
        return content
    }
}
