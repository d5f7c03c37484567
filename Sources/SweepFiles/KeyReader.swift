import JobContract
import SweepModel

/// What reads a key.
package enum KeyReader: Hashable, Sendable, CustomStringConvertible {
    case all
    /// Architectures of the networks that come with Eigensweep. Those of other workers are the workers' affair: what
    /// they read is not known here, so any of these keys may be given for them.
    case architectures([String])
    /// Built-in generators, chosen by `dataset.source`.
    case generators([String])
    /// Images from files, chosen by `dataset.source`.
    case files

    /// What was chosen and does not read the key, in words; nil where the choice reads it, or may.
    package func stranger(
        architecture: String, source: String, known: Set<String> = SpecKey.architectures
    ) -> String? {
        switch self {
        case .all: nil
        case .architectures(let names):
            names.contains(architecture) || !known.contains(architecture) ? nil : "the architecture \(architecture)"
        case .files: ImageGenerator.names.contains(source) ? "the generator \(source)" : nil
        case .generators(let names):
            if names.contains(source) {
                nil
            } else if ImageGenerator.names.contains(source) {
                "the generator \(source)"
            } else {
                "the files of \(source)"
            }
        }
    }

    package var description: String {
        switch self {
        case .all: "all"
        case .architectures(let names): "the architecture \(names.joined(separator: ", "))"
        case .generators(let names): "the generator \(names.joined(separator: ", "))"
        case .files: "files"
        }
    }
}

extension SpecKey {
    /// Keys whose values choose who reads the others.
    static let choosers = ["dataset.source", "model.architecture"]

    /// Architectures whose keys are known here.
    package static let architectures = Set(
        all.flatMap { key -> [String] in if case .architectures(let names) = key.reader { names } else { [] } })
}
