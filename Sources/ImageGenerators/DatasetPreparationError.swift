import SweepModel

/// Why a dataset cannot be prepared: always the fault of what was asked for.
package enum DatasetPreparationError: DatasetProblem, Hashable {
    /// Neither a built-in generator nor a file or folder.
    case noSuchSource(String)
    /// A key of the request has no sensible value for this source.
    case badKey(String, expected: String, got: String)
    /// The archive or folder cannot be read.
    case unusable(path: String, reason: String)
    /// One image of an archive or folder cannot be used.
    case badImage(source: String, name: String, reason: String)

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
        case .badImage(let source, let name, let reason): "\(source): \(Self.printable(name)): \(reason)"
        }
    }

    // Names in archives are others' bytes; those that steer terminals are not passed on.
    private static func printable(_ name: String) -> String {
        var text = String.UnicodeScalarView()
        for scalar in name.unicodeScalars.prefix(200) {
            text.append(scalar.properties.generalCategory == .control ? "?" : scalar)
        }
        return String(text)
    }
}
