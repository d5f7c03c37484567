import JobContract

extension MeasureEntry {
    package static let gaussianDistance = MeasureEntry(
        name: "gaussian-distance", version: 2,
        about: "How far a denoiser is from the Gaussian one of its own training subset, on noised held-out images.",
        changes: [noiseBySeed],
        quantities: distances(needs: [.training, .heldOut], "D", "D_G") { ($0, [$0], .network) })

    package static let distances = MeasureEntry(
        name: "distances", version: 2, about: "How far denoisers are from one another, on noised held-out images.",
        changes: [
            noiseBySeed + " The distilled denoiser is fitted on noises that no distance is taken on, ten a pixel; the "
                + "source's Gaussian is without the held-out images."
        ],
        quantities: distances(needs: [.training, .heldOut], "A", "B") { ($0 + "_A_B", [$0 + "_*"], .network) }
            + distances(needs: [.training, .heldOut, .source], "A", "B") { name in
                (name + "_A_B of none but the images", ofImages.map { "\(name)_\($0)" }, .subset)
            } + [
                QuantityEntry(
                    "patch_A", names: ["patch_*"], unit: "pixels", bySigma: true, needs: [.training, .heldOut],
                    formula: "the side of windows whose optimum is nearest to the network on eight other noised images")
            ])

    package static let trajectories = MeasureEntry(
        name: "trajectories", version: 2, about: "Where denoisers take the same latents along the probability flow.",
        changes: [
            latentsBySeed
                + " The control `gaussian_sampled` is the Gaussian by the sampler, which the others' steps err "
                + "as much as; distillation takes ten noises a pixel."
        ],
        artifacts: ["final.png", "path.png", "trajectories.safetensors"],
        quantities: paths(" of two sides", ["*"], .network) + paths(" of none but the images", sampled, .subset))

    /// Pairs of sides that depend on the images alone.
    private static let ofImages: [String] = {
        let sides = ["gaussian", "source_gaussian", "stationary", "wavelet", "multi_delta"]
        return sides.flatMap { first in sides.filter { $0 != first }.map { "\(first)_\($0)" } }
    }()

    private static let sampled: [String] =
        ofImages
        + ["gaussian", "source_gaussian", "stationary", "wavelet", "multi_delta"].flatMap {
            ["\($0)_gaussian_sampled", "gaussian_sampled_\($0)"]
        }

    private static func paths(
        _ who: String, _ pairs: [String], _ fact: QuantityDeclaration.Fact
    ) -> [QuantityEntry] {
        func entry(_ name: String, bySigma: Bool = false, unit: String? = "pixels", _ formula: String) -> QuantityEntry
        {
            QuantityEntry(
                name + "_A_B" + who, names: pairs.map { "\(name)_\($0)" }, of: fact, unit: unit, bySigma: bySigma,
                needs: [.sampler, .training], formula: formula, source: "Li et al. 2024, section 3", error: "latents",
                control: "the same of `gaussian` and `gaussian_sampled`")
        }
        return [
            entry("rmse", bySigma: true, "E √(‖x_A − x_B‖²/d) of the states at the level"),
            entry("final_rmse", "the same of the images"),
            entry("final_cosine", unit: nil, "E of the cosine of the images, less the mean of each"),
        ]
    }

    /// The three distances between two denoisers; `named` gives a quantity's shown name, its names in rows, and what it is a
    /// fact of.
    static func distances(
        needs: [QuantityDeclaration.Need], _ first: String, _ second: String, isPair: Bool = false,
        named: (String) -> (String, [String], QuantityDeclaration.Fact)
    ) -> [QuantityEntry] {
        func entry(_ name: String, _ unit: String?, _ formula: String, _ source: String) -> QuantityEntry {
            let (title, names, fact) = named(name)
            return QuantityEntry(
                title, names: names, of: fact, unit: unit, bySigma: true, needs: needs, formula: formula,
                source: source, error: "held-out images", control: "0")
        }
        let difference = "‖\(first) − \(second)‖"
        return [
            entry("rmse", "pixels", "E √(\(difference)²/d)", "Li et al. 2024, eq. 10"),
            entry("rmse_pooled", "pixels", "√(E \(difference)²/d)", "Li et al. 2024, review"),
            isPair
                ? entry("nrmse", nil, "E 2\(difference)/(‖\(first)‖ + ‖\(second)‖)", "after Li et al. 2024, eq. 53")
                : entry("nrmse", nil, "E \(difference)/‖\(first)‖, not squared", "Li et al. 2024, eq. 53"),
        ]
    }
}
