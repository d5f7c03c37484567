/// The prepared file could not be written, for reasons of the machine and not of the dataset.
package struct PreparedFileError: Error, Hashable, CustomStringConvertible {
    package let path: String
    package let reason: String

    package var description: String { "cannot write the prepared dataset \(path): \(reason)" }
}
