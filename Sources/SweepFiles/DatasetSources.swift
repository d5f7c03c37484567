import JobContract
import SweepModel

extension SpecKey {
    /// The value with a relative path made absolute, where the key is one: a request's source is the name of a
    /// generator or a path from the root.
    func resolved(_ value: JSONValue, folder: String) -> JSONValue {
        guard name == "dataset.source", let text = value.stringValue, !ImageGenerator.names.contains(text) else {
            return value
        }
        return .string(TextFile.absolute(text, from: folder))
    }
}
