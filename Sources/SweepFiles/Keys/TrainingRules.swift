import JobContract

/// The rules on which ways to train go together.
package enum TrainingRules {
    /// The keys that the rules look at.
    static let keys = [
        "model.architecture", "training.preconditioning", "training.noise", "training.noise_min", "training.noise_max",
        "training.noise_sigma", "training.objective", "training.augment", "training.noises_per_image",
        "training.learning_rate", "training.weight_decay",
    ]
    /// The least fixed σ with a bank, whose copies have less noise than what is made of them.
    private static let leastOfBank = 0.005

    /// What is wrong and the key that is to blame; nil where all goes together, or belongs to another worker's network.
    package static func fault(
        _ values: [String: JSONValue], isGiven: (String) -> Bool = { _ in true }
    ) -> (key: String, message: String)? {
        func value(_ key: String) -> JSONValue? { values[key] ?? SpecKey.named(key)?.fallback }
        func text(_ key: String) -> String { value(key)?.stringValue ?? "" }
        func number(_ key: String) -> Double { value(key)?.doubleValue ?? 0 }
        let architecture = text("model.architecture")
        guard SpecKey.architectures.contains(architecture) else { return nil }
        let preconditioning = text("training.preconditioning")
        if SpecKey.blindNetworks.contains(architecture) != (preconditioning == "blind") {
            let fault =
                preconditioning == "blind"
                ? "blind is for \(SpecKey.blindNetworks.joined(separator: " and ")) alone, not for \(architecture)"
                : "\(architecture) sees no noise level: expected blind, got \(preconditioning)"
            return ("training.preconditioning", fault)
        }
        let (lowest, highest) = (number("training.noise_min"), number("training.noise_max"))
        if text("training.noise") == "log-uniform" && lowest >= highest {
            let key = isGiven("training.noise_min") ? "training.noise_min" : "training.noise_max"
            return (key, "noise from \(lowest) to \(highest): expected noise_min below noise_max")
        }
        let (rate, decay) = (number("training.learning_rate"), number("training.weight_decay"))
        if rate * decay > 1 {
            return (
                "training.weight_decay",
                "a step at the rate \(rate) would take more than all of a weight: expected at most 1/rate"
            )
        }
        if number("training.noises_per_image") > 0 && number("training.augment") > 0 {
            let key = isGiven("training.noises_per_image") ? "training.noises_per_image" : "training.augment"
            return (key, "augmented images have no end, and each would need noises of its own: expected augment 0")
        }
        guard text("training.objective") == "yi-bank" else { return nil }
        if number("training.augment") > 0 {
            return ("training.augment", "augmented images have no end, and yi-bank keeps copies of each: expected 0")
        }
        if text("training.noise") == "fixed" && number("training.noise_sigma") < leastOfBank {
            return (
                "training.noise_sigma",
                "yi-bank keeps copies with less noise than this: expected at least \(leastOfBank)"
            )
        }
        return nil
    }
}
