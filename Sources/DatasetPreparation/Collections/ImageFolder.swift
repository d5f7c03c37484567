import Foundation
import ImageGenerators

/// The images in a folder and the folders below it.
struct ImageFolder: ImageCollection {
    let path: String
    let names: [String]
    let fingerprint: String

    init(path: String) throws(DatasetPreparationError) {
        self.path = path
        let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let all: [String]
        do {
            all = try FileManager.default.subpathsOfDirectory(atPath: resolved)
        } catch {
            throw .unusable(path: path, reason: "cannot list the folder: \(error.localizedDescription)")
        }
        var found: [String] = []
        var prints: [String] = []
        for name in all.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            if Companions.include(name) { continue }
            guard let status = stat(path: "\(path)/\(name)") else {
                throw .badImage(source: path, name: name, reason: String(cString: strerror(errno)))
            }
            if status.isDirectory { continue }
            found.append(name)
            prints.append("\(name):\(status.fingerprint)")
        }
        names = found
        fingerprint = prints.joined(separator: "\n")
    }

    func image(_ index: Int) throws(DatasetPreparationError) -> ImageDecoder.Image {
        try decode(bytes(of: index), index)
    }

    private func bytes(of index: Int) throws(DatasetPreparationError) -> [UInt8] {
        let name = names[index]
        guard let status = stat(path: "\(path)/\(name)"), status.isRegular else {
            throw .badImage(source: path, name: name, reason: "it is not a regular file")
        }
        guard status.st_size <= longestEntry else {
            throw .badImage(source: path, name: name, reason: "it has \(status.st_size) bytes, too many for an image")
        }
        guard let data = FileManager.default.contents(atPath: "\(path)/\(name)") else {
            throw .badImage(source: path, name: name, reason: "it cannot be read")
        }
        return [UInt8](data)
    }
}
