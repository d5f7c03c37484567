import JobContract
import Quantities

/// The rules for keys that say which images are for training.
enum SplitRules {
    /// The keys that the rules look at.
    static let keys = [
        "dataset.split", "dataset.held_out_source", "dataset.training_index", "model.weights",
    ]

    /// What is wrong and the key that is to blame; nil where all goes together.
    static func fault(
        _ values: [String: JSONValue], isGiven: (String) -> Bool
    ) -> (key: String, message: String)? {
        func isSet(_ key: String) -> Bool { values[key] != nil && values[key] != SpecKey.named(key)?.fallback }
        let sources = ["dataset.held_out_source", "dataset.training_index"].filter(isSet)
        let split = values["dataset.split"]?.stringValue ?? "drawn"
        if sources.count == 2 {
            return (
                sources[1], "dataset.held_out_source says already which images are for training: expected one of both"
            )
        }
        if let source = sources.first {
            guard split == "given" || split == "drawn" && !isGiven("dataset.split") else {
                return ("dataset.split", "\(source) says which images are for training: expected given, got \(split)")
            }
            return nil
        }
        if split == "given" {
            return (
                "dataset.split",
                "given without saying which images are for training: expected dataset.held_out_source or "
                    + "dataset.training_index too"
            )
        }
        if split == "unknown" && !isSet("model.weights") {
            return (
                "dataset.split",
                "unknown is for networks that were trained elsewhere (model.weights): expected drawn"
            )
        }
        return nil
    }
}

extension WorkerDescription {
    /// Whether a measure says nothing of a network whose training images nobody knows: each of its quantities is of the
    /// images alone, or needs to know them. A measure of which the worker declares nothing is taken for ours of that name,
    /// if there is one.
    func speaksOfTraining(_ measure: String) -> Bool {
        let declared = quantities?[measure] ?? KnownQuantities.all.first { $0.name == measure }?.declarations ?? []
        return !declared.isEmpty && declared.allSatisfy { $0.fact == .subset || $0.takesKnownImages }
    }
}
