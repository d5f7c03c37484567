import ArgumentParser
import JobContract

/// What a training is, for commands that people use.
struct SpecOptions: ParsableArguments {
    @Option(help: "A JSON file with the training's spec, as in the catalogue's column trials.spec.")
    var spec: String

    @Option(name: .customLong("set"), help: "Another value for a key of the spec: model.scale=8.")
    var settings: [String] = []

    @Option(help: "The prepared dataset file.")
    var dataset: String

    /// The spec with its changes. Throws ValidationError or JobFailure.
    func values() throws -> [String: JSONValue] {
        let text = try InputFile.read(spec, what: "the spec")
        var values: [String: JSONValue]
        do {
            values = try decodeJSON([String: JSONValue].self, from: text)
        } catch {
            throw ValidationError("\(spec): not an object of keys and values: \(error)")
        }
        for setting in settings {
            guard let equals = setting.firstIndex(of: "=") else {
                throw ValidationError("--set \(setting): expected key=value")
            }
            let value = String(setting[setting.index(after: equals)...])
            values[String(setting[..<equals])] =
                (try? decodeJSON(JSONValue.self, from: Array(value.utf8))) ?? .string(value)
        }
        return values
    }
}
