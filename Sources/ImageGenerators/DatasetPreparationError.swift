import SweepModel

/// Why a dataset cannot be prepared: always the fault of what was asked for.
package enum DatasetPreparationError: DatasetProblem, Hashable {
    /// The source is neither a built-in generator nor a file or folder.
    case noSuchSource(String)
    /// A key of the request has no sensible value for this source.
    case badKey(String, expected: String, got: String)
    /// The archive or folder cannot be read.
    case unusable(path: String, reason: String)
    /// Some of the `of` files in an archive or folder cannot be used; the list names all of these.
    case badFiles(source: String, [NamedReason], of: Int)

    package var key: String {
        if case .badKey(let key, _, _) = self { key } else { "dataset.source" }
    }

    package var description: String {
        if case .badKey(let key, _, _) = self { "\(key): \(problem)" } else { problem }
    }

    package var problem: String {
        switch self {
        case .noSuchSource(let source):
            "there is no dataset \"\(source)\": expected the path of a zip or folder of images, or a built-in "
                + "generator (\(ImageGenerator.names.joined(separator: ", ")))"
        case .badKey(_, let expected, let got): "expected \(expected), got \(got)"
        case .unusable(let path, let reason): "\(path): \(reason)"
        case .badFiles(let source, let faults, let count): Self.list(source, faults, count)
        }
    }

    private static let mostListed = 100

    private static func list(_ source: String, _ faults: [NamedReason], _ count: Int) -> String {
        // The source is this one file: its name is said once.
        if faults.count == 1, count == 1, source == faults[0].name || source.hasSuffix("/\(faults[0].name)") {
            return "\(source): \(faults[0].reason)"
        }
        let lines = faults.map { "\(printable($0.name)): \($0.reason)" }
        if lines.count == 1 { return "\(source): \(lines[0])" }
        return "\(source): \(lines.count) of \(count) files cannot be used; mend or remove them, or leave them out by "
            + "dataset.skip_unreadable: true"
            + lines.prefix(mostListed).map { "\n  \($0)" }.joined()
            + (lines.count > mostListed ? "\n  and \(lines.count - mostListed) more" : "")
    }
}
