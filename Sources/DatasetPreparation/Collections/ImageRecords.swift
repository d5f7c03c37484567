import Foundation
import ImageGenerators

/// A file of equal images, one after the other: IDX, as MNIST has it, or a batch of CIFAR; packed by gzip or not.
struct ImageRecords {
    let path: String
    let count: Int
    let height: Int
    let width: Int
    /// 1, or 3 planes.
    let channels: Int
    /// Bytes before the first record, and before the pixels of each.
    let header: Int
    let label: Int

    private var pixels: Int { channels * height * width }
    private var record: Int { label + pixels }
    /// Bytes in all, unpacked.
    var bytes: Int { header + count * record }

    /// Nil where the file is neither IDX nor CIFAR by its first bytes, or by its name and size. Throws where it is, but
    /// holds no images.
    init?(_ path: String) throws(DatasetPreparationError) {
        guard let start = UnpackedFile.start(of: path, count: 16), let status = stat(path: path) else { return nil }
        if start.starts(with: [0, 0]), start.count >= 4, (8...14).contains(start[2]), (1...4).contains(start[3]) {
            try self.init(idx: start, path: path)
        } else if path.hasSuffix(".bin"), let label = Self.cifarLabel(start, size: Int(status.st_size)) {
            self.init(
                path: path, count: Int(status.st_size) / (label + 3072), height: 32, width: 32, channels: 3, header: 0,
                label: label)
        } else {
            return nil
        }
    }

    private init(path: String, count: Int, height: Int, width: Int, channels: Int, header: Int, label: Int) {
        (self.path, self.count, self.height, self.width) = (path, count, height, width)
        (self.channels, self.header, self.label) = (channels, header, label)
    }

    private init(idx start: [UInt8], path: String) throws(DatasetPreparationError) {
        guard start[2] == 8, start[3] == 3, start.count == 16 else {
            throw .unusable(
                path: path, reason: "as an IDX file it holds no grey images (expected bytes in three dimensions)")
        }
        func number(_ place: Int) -> Int { start[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
        let (count, height, width) = (number(4), number(8), number(12))
        guard count > 0, (1...1024).contains(height), (1...1024).contains(width), count * height * width <= 1 << 36
        else {
            throw .unusable(path: path, reason: "as an IDX file it says it has \(count) images of \(width) x \(height)")
        }
        self.init(path: path, count: count, height: height, width: width, channels: 1, header: 16, label: 0)
    }

    /// Bytes before each image: CIFAR-10 has one label, CIFAR-100 two.
    private static func cifarLabel(_ start: [UInt8], size: Int) -> Int? {
        guard start.count == 16, size > 0 else { return nil }
        if size % 3073 == 0, start[0] < 10 { return 1 }
        if size % 3074 == 0, start[0] < 20, start[1] < 100 { return 2 }
        return nil
    }

    /// The whole file, for `image`. Throws where it is cut off or too long.
    func load() throws(DatasetPreparationError) -> [UInt8] { try UnpackedFile.whole(path, count: bytes) }

    /// Image `index` of the loaded file.
    func image(_ index: Int, of content: [UInt8]) -> ImageDecoder.Image {
        let first = header + index * record + label
        let plane = height * width
        var rgb = [UInt8](repeating: 0, count: 3 * plane)
        for pixel in 0..<plane {
            for channel in 0..<3 {
                rgb[3 * pixel + channel] = content[first + (channels == 3 ? channel * plane : 0) + pixel]
            }
        }
        return ImageDecoder.Image(width: width, height: height, rgb: rgb)
    }
}

/// The images of one or several such files, in the order of the files' names. Not for use by several threads.
final class RecordImages: ImageCollection {
    let path: String
    let names: [String]
    let fingerprint: String
    private let files: [ImageRecords]
    private let places: [(file: Int, index: Int)]
    private var loaded: (file: Int, content: [UInt8])?

    private init(path: String, files: [ImageRecords]) {
        self.path = path
        self.files = files
        places = files.indices.flatMap { file in (0..<files[file].count).map { (file, $0) } }
        names = places.map { "\(URL(fileURLWithPath: files[$0.file].path).lastPathComponent), image \($0.index)" }
        fingerprint = files.map { "\($0.path):\(stat(path: $0.path)?.fingerprint ?? "")" }.joined(separator: "\n")
    }

    /// A single file; nil where it is of another kind.
    static func file(_ path: String) throws(DatasetPreparationError) -> RecordImages? {
        try ImageRecords(path).map { RecordImages(path: path, files: [$0]) }
    }

    /// The files in a folder, beside which labels and texts may lie; nil where there are none. Throws where something
    /// else lies beside them.
    static func folder(_ path: String) throws(DatasetPreparationError) -> RecordImages? {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        var files: [ImageRecords] = []
        var stranger: String?
        guard names.contains(where: isNamedAsRecords) else { return nil }
        for name in names where !Companions.include(name) && !isLabels("\(path)/\(name)") {
            if let file = try ImageRecords("\(path)/\(name)") {
                files.append(file)
            } else {
                stranger = stranger ?? name
            }
        }
        guard !files.isEmpty else { return nil }
        if let stranger {
            throw .badImage(
                source: path, name: stranger, reason: "it lies beside IDX or CIFAR files, but is of another kind")
        }
        return RecordImages(path: path, files: files)
    }

    /// As those who publish such files call them. Of other folders no file is opened here.
    private static func isNamedAsRecords(_ name: String) -> Bool {
        let plain = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
        return ["ubyte", ".idx", ".bin"].contains { plain.hasSuffix($0) }
    }

    /// Whether a file is IDX with one dimension.
    private static func isLabels(_ path: String) -> Bool {
        UnpackedFile.start(of: path, count: 4).map { $0.count == 4 && $0.starts(with: [0, 0, 8, 1]) } ?? false
    }

    func image(_ index: Int) throws(DatasetPreparationError) -> ImageDecoder.Image {
        let place = places[index]
        if let loaded, loaded.file == place.file {
            return files[place.file].image(place.index, of: loaded.content)
        }
        let content = try files[place.file].load()
        loaded = (place.file, content)
        return files[place.file].image(place.index, of: content)
    }
}
