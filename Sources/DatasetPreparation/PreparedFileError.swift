/// The machine does not take the prepared file, whatever was asked for.
package struct PreparedFileError: Error, Hashable, CustomStringConvertible {
    package let path: String
    package let reason: String

    package var description: String { "cannot write the prepared dataset \(path): \(reason)" }
}
