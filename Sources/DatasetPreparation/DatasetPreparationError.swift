/// Why a dataset cannot be prepared.
package enum DatasetPreparationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Neither a built-in generator nor a file or folder.
    case noSuchSource(String)
    /// A key of the request has no sensible value for this source.
    case badKey(String, expected: String, got: String)
    /// The archive, folder or one of the program's own files cannot be read or written.
    case unusable(path: String, reason: String)
    /// One image of an archive or folder cannot be used.
    case badImage(source: String, name: String, reason: String)

    package var description: String {
        switch self {
        case .noSuchSource(let source):
            "there is no dataset \"\(source)\": expected the path of a zip or folder of images, or a built-in "
                + "generator (\(BuiltInGenerators.names.joined(separator: ", ")))"
        case .badKey(let key, let expected, let got): "\(key): expected \(expected), got \(got)"
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
