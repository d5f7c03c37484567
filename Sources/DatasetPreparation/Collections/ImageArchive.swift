import CImageFiles
import Foundation
import ImageGenerators

/// The images in a zip archive.
final class ImageArchive: ImageCollection {
    let path: String
    let names: [String]
    let fingerprint: String
    private let archive: OpaquePointer
    private let indices: [UInt64]
    private let sizes: [UInt64]

    init(path: String) throws(DatasetPreparationError) {
        guard let status = stat(path: path) else {
            throw .unusable(path: path, reason: String(cString: strerror(errno)))
        }
        var code: Int32 = 0
        guard let archive = zip_open(path, ZIP_RDONLY, &code) else {
            var error = zip_error_t()
            zip_error_init_with_code(&error, code)
            defer { zip_error_fini(&error) }
            throw .unusable(
                path: path,
                reason:
                    "it cannot be read as a zip archive (is it whole?): \(String(cString: zip_error_strerror(&error)))")
        }
        var entries: [(name: String, index: UInt64, size: UInt64)] = []
        for index in 0..<UInt64(max(0, zip_get_num_entries(archive, 0))) {
            var entry = zip_stat_t()
            guard zip_stat_index(archive, index, 0, &entry) == 0, let name = entry.name else {
                zip_discard(archive)
                throw .unusable(path: path, reason: "its entry number \(index) cannot be read")
            }
            let text = String(cString: name)
            if !Companions.include(text) { entries.append((text, index, entry.size)) }
        }
        entries.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        self.path = path
        self.archive = archive
        names = entries.map(\.name)
        indices = entries.map(\.index)
        sizes = entries.map(\.size)
        fingerprint = status.fingerprint
    }

    deinit { zip_discard(archive) }

    func image(_ index: Int) throws(DatasetPreparationError) -> ImageDecoder.Image {
        try decode(bytes(of: index), index)
    }

    private func bytes(of index: Int) throws(DatasetPreparationError) -> [UInt8] {
        let name = names[index]
        guard sizes[index] <= UInt64(longestEntry) else {
            throw .badImage(source: path, name: name, reason: "it has \(sizes[index]) bytes, too many for an image")
        }
        guard let file = zip_fopen_index(archive, indices[index], 0) else {
            throw .badImage(
                source: path, name: name, reason: "cannot be unpacked: \(String(cString: zip_strerror(archive)))")
        }
        defer { zip_fclose(file) }
        // One byte more than promised, so that the read reaches the end, where the checksum is verified.
        var bytes = [UInt8](repeating: 0, count: Int(sizes[index]) + 1)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                zip_fread(file, $0.baseAddress?.advanced(by: done), UInt64($0.count - done))
            }
            if count < 0 {
                throw .badImage(
                    source: path, name: name, reason: "cannot be unpacked: \(String(cString: zip_file_strerror(file)))")
            }
            if count == 0 { break }
            done += Int(count)
        }
        guard done == Int(sizes[index]) else {
            throw .badImage(
                source: path, name: name, reason: "it unpacks to another size than the archive's directory says")
        }
        bytes.removeLast()
        return bytes
    }
}
