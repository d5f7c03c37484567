import Foundation
import ImageGenerators
import SweepModel

/// The file that says which images of a source a network was trained on: a name or a number on each line.
///
/// A name is that of a file in the source, with its folders, or without them where no other file has that name. A number
/// counts the images in the source's order, from 0. Empty lines are skipped.
struct TrainingIndex {
    let path: String
    /// A text that changes when the file does.
    let fingerprint: String
    private let lines: [(number: Int, text: String)]
    /// The most bytes of one.
    private static let longest = 1 << 30

    init(_ path: String) throws(DatasetPreparationError) {
        self.path = path
        guard let status = stat(path: path), status.isRegular, status.st_size <= Self.longest,
            let data = FileManager.default.contents(atPath: path)
        else {
            throw .badKey(
                "dataset.training_index", expected: "a file with a name or a number of an image a line",
                got: "\(path), which cannot be read or has more than 1 GiB")
        }
        fingerprint = "\(path);\(status.fingerprint)"
        var text = Substring(String(decoding: data, as: UTF8.self))
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated().compactMap {
            let line = $1.trimmingCharacters(in: .whitespaces)
            return line.isEmpty ? nil : ($0 + 1, line)
        }
        guard !lines.isEmpty else {
            throw .badKey("dataset.training_index", expected: "a line for each image", got: "\(path), which is empty")
        }
    }

    /// Whether the file names each of the images. `names` are theirs in order, and `source` is the path below which they
    /// lie. Throws for lines that name no image, or several.
    func chosen(among names: [String], of source: String) throws(DatasetPreparationError) -> [Bool] {
        var whole: [String: [Int]] = [:]
        var last: [String: [Int]] = [:]
        for (number, name) in names.enumerated() {
            whole[name, default: []].append(number)
            last[String(name.split(separator: "/").last ?? ""), default: []].append(number)
        }
        let root = source.hasSuffix("/") ? source : source + "/"
        var chosen = [Bool](repeating: false, count: names.count)
        var faults: [String] = []
        for line in lines {
            var text = line.text
            for prefix in [root, "./"] where text.hasPrefix(prefix) { text = String(text.dropFirst(prefix.count)) }
            let found = whole[text] ?? last[text] ?? Int(text).flatMap { names.indices.contains($0) ? [$0] : nil } ?? []
            guard found.count == 1 else {
                let fault =
                    found.isEmpty
                    ? "no image is called so" : "\(found.count) images are called so: expected the folder too"
                faults.append("line \(line.number): \(printable(line.text)): \(fault)")
                continue
            }
            chosen[found[0]] = true
        }
        guard faults.isEmpty else {
            let shown = faults.prefix(10).map { "\n  \($0)" }.joined()
            let more = faults.count > 10 ? "\n  and \(faults.count - 10) more" : ""
            throw .badKey(
                "dataset.training_index",
                expected: "on each line of \(path) the name of an image of \(source), or its number from 0 to "
                    + "\(max(names.count - 1, 0))", got: "\(faults.count) lines that are neither\(shown)\(more)")
        }
        return chosen
    }
}
