/// A file of images of one size, one after the other: IDX, as of MNIST, or a batch of CIFAR.
struct ImageRecords {
    /// The format's name, for people.
    let kind: String
    let count: Int
    private let height: Int
    private let width: Int
    /// 1, or 3, which lie as planes.
    private let channels: Int
    /// How many bytes come before the first record, and how many before the pixels of each record.
    private let header: Int
    private let label: Int
    private let content: [UInt8]

    private var record: Int { label + channels * height * width }

    /// The result of reading a file of records.
    enum Reading {
        case images(ImageRecords)
        /// No images, with the reason.
        case labels(String)
    }

    /// Whether a file may be longer than an image, by its first bytes and its name.
    static func mayBe(_ start: [UInt8], name: FileName) -> Bool {
        isIDX(start) || Unpacked.isPacked(start) || isNamedAsCIFAR(name)
    }

    /// Nil for a file that is neither IDX by its first bytes nor CIFAR by its name. Throws for a file that is one of them
    /// but is cut off, holds other numbers, or can be read in two ways.
    static func read(_ content: [UInt8], name: FileName) throws(FileFault) -> Reading? {
        guard isNamedAsCIFAR(name) else { return isIDX(content) ? try idx(content) : nil }
        guard !content.isEmpty else { throw FileFault("it is empty") }
        let kinds = CIFAR.all.filter { $0.fits(content) }
        // An image of CIFAR may begin like IDX. A header of IDX tells the file's length, so that it can be told apart.
        if isIDX(content), kinds.isEmpty { return try idx(content) }
        guard kinds.count == 1, let kind = kinds.first else { throw FileFault(CIFAR.refusal(of: content, kinds)) }
        return .images(
            ImageRecords(
                kind: kind.name, count: content.count / kind.record, height: 32, width: 32, channels: 3, header: 0,
                label: kind.labels.count, content: content))
    }

    /// Image `index`.
    func image(_ index: Int) -> ImageDecoder.Image {
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

    private static func isIDX(_ bytes: [UInt8]) -> Bool {
        bytes.count >= 4 && bytes[0] == 0 && bytes[1] == 0 && (8...14).contains(bytes[2]) && (1...4).contains(bytes[3])
    }

    private static func idx(_ content: [UInt8]) throws(FileFault) -> Reading {
        let dimensions = Int(content[3])
        // Labels may have two dimensions: QMNIST has eight numbers an image.
        if dimensions < 3 {
            return .labels("labels: IDX in \(dimensions == 1 ? "one dimension" : "two dimensions"), no grey images")
        }
        guard content[2] == 8, dimensions == 3, content.count >= 16 else {
            throw FileFault("as an IDX file it holds no grey images (expected bytes in three dimensions)")
        }
        func number(_ place: Int) -> Int { content[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
        let (count, height, width) = (number(4), number(8), number(12))
        guard count > 0, (1...1024).contains(height), (1...1024).contains(width), count * height * width <= 1 << 36
        else { throw FileFault("as an IDX file it says it has \(count) images of \(width) x \(height)") }
        let expected = 16 + count * height * width
        guard content.count == expected else {
            let found = content.count > expected ? "more than that, \(content.count)" : "\(content.count)"
            throw FileFault("it should hold \(expected) bytes, but holds \(found) (is it whole?)")
        }
        return .images(
            ImageRecords(
                kind: "IDX", count: count, height: height, width: width, channels: 1, header: 16, label: 0,
                content: content))
    }

    private static func isNamedAsCIFAR(_ name: FileName) -> Bool {
        let text = String(decoding: name.bytes, as: UTF8.self).lowercased()
        return text.hasSuffix(".bin") || text.hasSuffix(".bin.gz")
    }
}

/// The two kinds of CIFAR's binary files: labels, then 3072 bytes of red, green and blue. No header tells them apart.
private struct CIFAR {
    let name: String
    /// For each label before an image, the number of its values.
    let labels: [Int]

    static let all = [CIFAR(name: "CIFAR-10", labels: [10]), CIFAR(name: "CIFAR-100", labels: [20, 100])]

    var record: Int { labels.count + 3072 }

    /// Whether the file consists of whole images whose labels are all in range.
    func fits(_ content: [UInt8]) -> Bool { content.count.isMultiple(of: record) && stranger(content) == nil }

    /// The first image with a label out of range.
    func stranger(_ content: [UInt8]) -> (image: Int, label: UInt8)? {
        for image in 0..<content.count / record {
            for (place, values) in labels.enumerated() where content[image * record + place] >= values {
                return (image, content[image * record + place])
            }
        }
        return nil
    }

    static func refusal(of content: [UInt8], _ fitting: [CIFAR]) -> String {
        if fitting.count > 1 {
            let readings = fitting.map { "\(content.count / $0.record) images of \($0.name)" }
            return
                "it can be read as \(readings.joined(separator: " and as ")), by its size and all its labels: which of "
                + "them it is cannot be told"
        }
        let whole = all.filter { content.count.isMultiple(of: $0.record) }
        guard !whole.isEmpty else {
            return
                "it has \(content.count) bytes: expected 3073 for each image of CIFAR-10 or 3074 of CIFAR-100 (is it "
                + "whole?)"
        }
        let reasons = whole.compactMap { kind in
            kind.stranger(content).map { "as \(kind.name) its image \($0.image) has the label \($0.label)" }
        }
        return "it is no CIFAR file: \(reasons.joined(separator: ", ")), which there is not"
    }
}
