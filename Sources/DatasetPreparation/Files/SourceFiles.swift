import Foundation
import SweepModel

/// The files of one source of images, in a folder, an archive, or one file alone.
protocol SourceFiles {
    /// Path of the file or folder.
    var path: String { get }
    /// The files of the source.
    var listing: SourceListing { get }
    /// A text that changes when the source does: sizes, times and numbers of its files.
    var fingerprint: String { get }
    /// The content of `listing.files[index]`.
    func bytes(of index: Int) throws(FileFault) -> [UInt8]
}

/// The files that a source holds, as far as names tell.
struct SourceListing {
    /// A file that may hold images.
    struct File {
        var name: FileName
        /// The size in bytes.
        var size: Int
    }

    /// Files that may hold images, in the order of the bytes of their names.
    var files: [File] = []
    /// Files and folders that are left aside, with the reason.
    var skipped: [NamedReason] = []
    /// Files and folders that cannot be used, with the reason.
    var faults: [NamedReason] = []
    /// Folders that are reached by a link.
    var links: [String] = []
}

/// Why one file cannot be used, in words.
struct FileFault: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

/// No image is longer than this.
let longestImage = 1 << 28

/// Files and folders beside images that are none by their name: what systems and tools leave behind, and texts.
enum Litter {
    private static let toolFiles: Set = ["thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"]
    private static let toolFolders: Set = [
        "__macosx", "@eadir", "@tmp", "@recycle", "#recycle", "$recycle.bin", "system volume information", "lost+found",
        "__pycache__", "cvs",
    ]
    private static let texts: Set = [
        "readme", "license", "copying", "authors", "notice", "md5sums", "sha1sums", "sha256sums",
    ]
    private static let extensions: Set = [
        "txt", "md", "rst", "csv", "tsv", "json", "jsonl", "yaml", "yml", "xml", "html", "htm", "log", "md5", "sha1",
        "sha256",
    ]

    /// Why a file or folder of that name, without those above it, is left aside; nil where it counts.
    static func reason(_ name: some Collection<UInt8>, isFolder: Bool) -> String? {
        if name.first == UInt8(ascii: ".") { return "hidden" }
        let plain = String(decoding: name, as: UTF8.self).lowercased()
        if isFolder { return toolFolders.contains(plain) ? "left by a tool" : nil }
        if toolFiles.contains(plain) || plain.hasSuffix("~") { return "left by a tool" }
        // Texts such as labels may be packed, as the images are.
        let unpacked = plain.hasSuffix(".gz") ? String(plain.dropLast(3)) : plain
        let ending = unpacked.split(separator: ".").dropFirst().last.map(String.init) ?? ""
        return texts.contains(plain) || extensions.contains(ending) ? "a text" : nil
    }

    /// The outermost part of a name with folders that is left aside, with the reason.
    static func reason(_ name: FileName) -> NamedReason? {
        let parts = name.parts
        for (index, part) in parts.enumerated() {
            let isFolder = index < parts.count - 1
            guard let reason = reason(part, isFolder: isFolder) else { continue }
            let outer = FileName(Array(parts[...index].joined(separator: [UInt8(ascii: "/")])))
            return NamedReason(name: "\(outer)\(isFolder ? "/" : "")", reason: reason)
        }
        return nil
    }
}

extension stat {
    /// Number, size and times of a file as a text, which changes whenever the file does.
    var fingerprint: String {
        "\(st_dev):\(st_ino):\(st_size):\(st_mtim.tv_sec).\(st_mtim.tv_nsec):\(st_ctim.tv_sec).\(st_ctim.tv_nsec)"
    }

    init?(path: String) {
        self.init()
        guard stat(path, &self) == 0 else { return nil }
    }

    var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
    var isRegular: Bool { st_mode & S_IFMT == S_IFREG }
    var isLink: Bool { st_mode & S_IFMT == S_IFLNK }
}
