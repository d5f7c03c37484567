import JobContract
import SweepModel

/// What reads a key.
package enum KeyReader: Hashable, Sendable, CustomStringConvertible {
    case all
    /// Some choices of another key: architectures of the networks that come with Eigensweep, noises, objectives.
    case choices(of: String, [String])
    /// Architectures of a worker that has the key of its own.
    case ownArchitectures([String])
    /// Built-in generators, chosen by `dataset.source`.
    case generators([String])
    /// Images from files, chosen by `dataset.source`.
    case files

    /// The choice that does not read the key, in words; nil where the choice reads it, or may: which keys the architectures
    /// of other workers read is not known here.
    package func stranger(_ values: [String: JSONValue]) -> String? {
        switch self {
        case .all: return nil
        case .choices(let key, let names):
            let chosen = values[key]?.stringValue ?? ""
            let isForeign = key == "model.architecture" && !SpecKey.architectures.contains(chosen)
            return names.contains(chosen) || isForeign ? nil : "the \(Self.noun(key)) \(chosen)"
        case .ownArchitectures(let names):
            let chosen = values["model.architecture"]?.stringValue ?? ""
            return names.contains(chosen) ? nil : "the architecture \(chosen)"
        case .files:
            let source = values["dataset.source"]?.stringValue ?? ""
            if SamplesSource(source) != nil { return "the samples of a trial" }
            return ImageGenerator.names.contains(source) ? "the generator \(source)" : nil
        case .generators(let names):
            let source = values["dataset.source"]?.stringValue ?? ""
            if names.contains(source) { return nil }
            if SamplesSource(source) != nil { return "the samples of a trial" }
            return ImageGenerator.names.contains(source) ? "the generator \(source)" : "the files of \(source)"
        }
    }

    /// Whether it may read the key where `chooser` has this value.
    package func admits(_ chooser: String, _ choice: String) -> Bool {
        switch self {
        case .choices(let key, _) where key != chooser: true
        case .choices, .ownArchitectures: stranger([chooser: .string(choice)]) == nil
        case .all, .files, .generators: true
        }
    }

    package var description: String {
        switch self {
        case .all: "all"
        case .choices(let key, let names): "the \(Self.noun(key)) \(names.joined(separator: ", "))"
        case .ownArchitectures(let names): "the architecture \(names.joined(separator: ", "))"
        case .generators(let names): "the generator \(names.joined(separator: ", "))"
        case .files: "files"
        }
    }

    private static func noun(_ key: String) -> Substring { key.split(separator: ".").last ?? "" }
}

extension SpecKey {
    /// Keys whose values choose who reads the others.
    static let choosers = [
        "dataset.source", "model.architecture", "training.preconditioning", "training.noise", "training.objective",
        "training.optimizer",
    ]

    /// Architectures whose keys are known here.
    package static let architectures = Architecture.names
    static let blindNetworks = Architecture.all.filter(\.isBlind).map(\.name)
}
