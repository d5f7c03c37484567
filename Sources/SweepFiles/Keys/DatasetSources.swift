import JobContract
import SweepModel

extension SpecKey {
    /// The value with a relative path made absolute, where the key is one: a request's source is the name of a
    /// generator or a path from the root.
    func resolved(_ value: JSONValue, folder: String) -> JSONValue {
        guard let text = value.stringValue, SamplesSource(text) == nil else { return value }
        let isPath =
            name == "dataset.source" ? !ImageGenerator.names.contains(text) : Self.isPath(name) && value != fallback
        guard isPath else { return value }
        return .string(TextFile.absolute(text, from: folder))
    }

    private static func isPath(_ name: String) -> Bool {
        DatasetRequest.pathParameters.contains { name == "dataset.\($0)" }
    }
}
