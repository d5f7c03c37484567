import JobContract

extension MeasureEntry {
    package static let agreement = MeasureEntry(
        name: "agreement", version: 1,
        about: "Whether two networks are the same function, though trained on different images.",
        quantities: [
            cosines("cosine", .pair, "of the two samples of a latent", control: "`cosine_training`"),
            cosines("cosine_training", .pair, "of the first's sample and its nearest training image: the largest"),
            cosines("cosine_training_other", .pair, "the same of the other's"),
            cosines(
                "cosine_sets", .subset, "of a training image of the first and the nearest of the other's: the largest",
                error: "training images"),
            cosines("gaussian_cosine", .subset, "of what the Gaussians of the two training sets make of a latent"),
        ].flatMap { $0 }
            + [
                apart("mean_distance", "‖μ₁−μ₂‖/√(tr Σ)", control: "`mean_distance_expected`"),
                apart("mean_distance_expected", "√(1/N₁ + 1/N₂)"),
                apart("covariance_distance", "‖Σ₁−Σ₂‖/‖Σ‖ (Frobenius)", control: "`covariance_distance_expected`"),
                apart("covariance_distance_expected", "√((1/N₁ + 1/N₂)(1 + (tr Σ)²/‖Σ‖²))"),
            ] + distances(needs: [.sampler, .training, .heldOut], "D₁", "D₂") { ($0, [$0], .pair) }
            + distances(needs: [.sampler, .training, .heldOut], "D_G₁", "D_G₂") {
                ("gaussian_" + $0, ["gaussian_" + $0], .subset)
            })

    /// A mean and a histogram, of cosines less each image's mean and of those as they are.
    private static func cosines(
        _ name: String, _ fact: QuantityDeclaration.Fact, _ formula: String, error: String = "latents",
        control: String = "none"
    ) -> [QuantityEntry] {
        let source = "Kadkhodaie et al. 2024, figures 2 and 6"
        return ["", "_uncentred"].flatMap { suffix in
            [
                QuantityEntry(
                    name + suffix, of: fact, needs: [.sampler, .training],
                    formula: "E cos \(formula)" + (suffix.isEmpty ? ", less the mean of each" : ", as they are"),
                    source: source, error: error, control: control),
                QuantityEntry(
                    name + suffix + "_histogram", .share, of: fact, position: "bin", needs: [.sampler, .training],
                    formula: "share of the cosines in [−1 + 0.04·bin, −1 + 0.04·(bin+1))", source: source,
                    error: error),
            ]
        }
    }

    private static func apart(_ name: String, _ formula: String, control: String = "none") -> QuantityEntry {
        QuantityEntry(
            name, of: .subset, needs: [.sampler, .training, .source], formula: formula,
            source: "random-matrix theory; Li et al. 2024, review", control: control)
    }

    package static let subsetInformation = MeasureEntry(
        name: "subset-information", version: 1,
        about: "How well an image of one of K networks tells which of K disjoint subsets that was trained on.",
        quantities: [
            QuantityEntry(
                "information", of: .pair, unit: "nats", needs: [.sampler, .training],
                formula: "log K − E −log p(own), p_j ∝ exp(−a·d_j/d̄) of the distances d_j to the subsets",
                source: "after Yi, Sun & Li 2023", error: "latents", control: "0 and `information_bound`"),
            QuantityEntry(
                "information_bound", of: .pair, unit: "nats", needs: [.sampler, .training], formula: "log K"),
            QuantityEntry(
                "accuracy", .share, of: .pair, needs: [.sampler, .training],
                formula: "share of images whose own subset is the nearest", error: "latents", control: "1/K"),
            QuantityEntry(
                "information_scale", of: .pair, needs: [.sampler, .training], formula: "a, fitted on every other latent"
            ),
        ])
}
