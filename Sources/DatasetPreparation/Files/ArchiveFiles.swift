import CImageFiles
import Foundation
import ImageGenerators
import SweepModel

/// The files in a zip archive.
final class ArchiveFiles: SourceFiles {
    let path: String
    let listing: SourceListing
    let fingerprint: String
    private let archive: OpaquePointer
    private let indices: [UInt64]

    init(path: String, _ status: stat) throws(DatasetPreparationError) {
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
        var listing = SourceListing()
        var entries: [(file: SourceListing.File, index: UInt64)] = []
        for index in 0..<UInt64(max(0, zip_get_num_entries(archive, 0))) {
            var entry = zip_stat_t()
            guard zip_stat_index(archive, index, 0, &entry) == 0, let text = entry.name else {
                zip_discard(archive)
                throw .unusable(path: path, reason: "its entry number \(index) cannot be read")
            }
            let name = FileName(Array(String(cString: text).utf8))
            // Folders are entries too, and hold nothing themselves.
            if name.bytes.last == UInt8(ascii: "/") { continue }
            if let litter = Litter.reason(name) {
                listing.skipped.append(litter)
            } else if Self.isLink(archive, index) {
                listing.faults.append(
                    NamedReason(
                        name: "\(name)", reason: "it is a symbolic link; pack the archive with what links lead to"))
            } else {
                entries.append((.init(name: name, size: Int(clamping: entry.size)), index))
            }
        }
        entries.sort { ($0.file.name, $0.index) < ($1.file.name, $1.index) }
        for (name, same) in Dictionary(grouping: entries, by: \.file.name) where same.count > 1 {
            listing.faults.append(
                NamedReason(name: "\(name)", reason: "it stands \(same.count) times in the archive; pack it anew"))
        }
        listing.faults.sort { $0.name < $1.name }
        listing.files = entries.map(\.file)
        self.path = path
        self.archive = archive
        self.listing = listing
        indices = entries.map(\.index)
        fingerprint = status.fingerprint
    }

    deinit { zip_discard(archive) }

    /// Whether the entry is a link, as `zip -y` packs it: with a link's type in its Unix attributes.
    private static func isLink(_ archive: OpaquePointer, _ index: UInt64) -> Bool {
        var (system, attributes) = (UInt8(0), UInt32(0))
        guard zip_file_get_external_attributes(archive, index, 0, &system, &attributes) == 0 else { return false }
        return system == UInt8(ZIP_OPSYS_UNIX) && attributes >> 16 & S_IFMT == S_IFLNK
    }

    func bytes(of index: Int) throws(FileFault) -> [UInt8] {
        let size = listing.files[index].size
        guard size <= longestImage else { throw FileFault("it has \(size) bytes, too many for a file in an archive") }
        guard let file = zip_fopen_index(archive, indices[index], 0) else {
            throw FileFault("it cannot be unpacked: \(String(cString: zip_strerror(archive)))")
        }
        defer { zip_fclose(file) }
        // One byte more than promised, so that the read reaches the end, where the checksum is verified.
        var bytes = [UInt8](repeating: 0, count: size + 1)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                zip_fread(file, $0.baseAddress?.advanced(by: done), UInt64($0.count - done))
            }
            if count < 0 { throw FileFault("it cannot be unpacked: \(String(cString: zip_file_strerror(file)))") }
            if count == 0 { break }
            done += Int(count)
        }
        guard done == size else {
            throw FileFault("it unpacks to another size than the archive's directory says")
        }
        bytes.removeLast()
        return bytes
    }
}
