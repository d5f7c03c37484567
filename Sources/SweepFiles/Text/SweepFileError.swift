/// Where something was written: a file and line, or a command line argument.
package struct TextOrigin: Hashable, Sendable, CustomStringConvertible {
    /// A file's path, or the argument: `--set dataset.size=3`.
    package var file: String
    package var line: Int?

    package init(file: String, line: Int? = nil) {
        self.file = file
        self.line = line
    }

    package var description: String { line.map { "\(file):\($0)" } ?? file }
}

/// A sweep file, hosts file or `--set` that cannot be used: where, which key, what is wrong and what was expected.
package struct SweepFileError: Error, Hashable, Sendable, CustomStringConvertible {
    package let origin: TextOrigin
    /// The key the error is about; nil where it is about the text as a whole.
    package let key: String?
    package let message: String

    package init(_ message: String, key: String? = nil, at origin: TextOrigin) {
        self.origin = origin
        self.key = key
        self.message = message
    }

    package var description: String { "\(origin): \(key.map { "\($0): " } ?? "")\(message)" }
}
