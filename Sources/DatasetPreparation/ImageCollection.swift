import Foundation

/// The images of one source, in the order of their names.
protocol ImageCollection {
    /// Path of the archive or folder.
    var path: String { get }
    /// The names of the entries that should be images, ascending by their bytes.
    var names: [String] { get }
    /// A text that changes when the source does: sizes, times and numbers of its files.
    var fingerprint: String { get }
    /// The content of the entry `names[index]`.
    func bytes(of index: Int) throws(DatasetPreparationError) -> [UInt8]
}

/// What may lie beside images without being one.
enum Companions {
    private static let names: Set = [".ds_store", "thumbs.db", "desktop.ini", "readme", "license", "copying"]
    private static let extensions: Set = ["txt", "md", "csv", "json"]

    /// True of directories, of what operating systems leave behind, and of texts, all by their names.
    static func include(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: true)
        guard let last = parts.last?.lowercased(), !name.hasSuffix("/"), !parts.contains("__MACOSX") else {
            return true
        }
        if names.contains(last) || last.hasPrefix("._") { return true }
        return last.split(separator: ".").dropFirst().last.map { extensions.contains(String($0)) } ?? false
    }
}

/// No image is longer than this.
let longestEntry = 1 << 28

extension stat {
    /// Number, size and times of a file: changes whenever the file does.
    var fingerprint: String {
        "\(st_dev):\(st_ino):\(st_size):\(st_mtim.tv_sec).\(st_mtim.tv_nsec):\(st_ctim.tv_sec).\(st_ctim.tv_nsec)"
    }

    init?(path: String) {
        self.init()
        guard stat(path, &self) == 0 else { return nil }
    }

    var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
    var isRegular: Bool { st_mode & S_IFMT == S_IFREG }
}
