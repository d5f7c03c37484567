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
    /// What else is wrong in the same text, so that it is mended in one go.
    package private(set) var others: [SweepFileError] = []

    package init(_ message: String, key: String? = nil, at origin: TextOrigin) {
        self.origin = origin
        self.key = key
        self.message = message
    }

    package var description: String {
        ([self] + others).map { "\($0.origin): \($0.key.map { "\($0): " } ?? "")\($0.message)" }
            .joined(separator: "\nerror: ")
    }

    /// The same error about another key.
    func about(_ key: String?) -> SweepFileError {
        var error = SweepFileError(message, key: key, at: origin)
        error.others = others
        return error
    }

    /// Goes through the parts of a text although some of them are wrong.
    struct Faults {
        /// So many are told of one text.
        private static let most = 20
        private var all: [SweepFileError] = []

        /// What `read` gives; nil where it throws, which `check` does then.
        @discardableResult
        mutating func collect<Value>(_ read: () throws(SweepFileError) -> Value) -> Value? {
            do throws(SweepFileError) {
                return try read()
            } catch {
                guard all.count < Self.most else { return nil }
                var alone = error
                alone.others = []
                all += ([alone] + error.others).prefix(Self.most - all.count)
                return nil
            }
        }

        func check() throws(SweepFileError) {
            guard var first = all.first else { return }
            first.others = Array(all.dropFirst())
            throw first
        }
    }
}
