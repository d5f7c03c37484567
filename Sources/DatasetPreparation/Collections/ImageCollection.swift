import Foundation
import ImageGenerators

/// The images of one source, in the order of their names, or of their numbers in a file.
protocol ImageCollection {
    /// Path of the file or folder.
    var path: String { get }
    /// What should be images, as errors call them.
    var names: [String] { get }
    /// A text that changes when the source does: sizes, times and numbers of its files.
    var fingerprint: String { get }
    /// The image `names[index]`.
    func image(_ index: Int) throws(DatasetPreparationError) -> ImageDecoder.Image
}

extension ImageCollection {
    /// The image `names[index]` from the content of its file.
    func decode(_ bytes: [UInt8], _ index: Int) throws(DatasetPreparationError) -> ImageDecoder.Image {
        do throws(ImageDecoder.Refusal) {
            return try ImageDecoder.decode(bytes)
        } catch {
            throw .badImage(source: path, name: names[index], reason: error.reason)
        }
    }
}

/// What may lie beside images without being one.
enum Companions {
    private static let names: Set = [".ds_store", "thumbs.db", "desktop.ini", "readme", "license", "copying"]
    private static let extensions: Set = ["txt", "md", "csv", "json", "html"]

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
