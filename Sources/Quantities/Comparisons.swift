import JobContract

extension MeasureEntry {
    package static let agreement = MeasureEntry(
        name: "agreement", version: 2,
        about: "Whether two networks are the same function, though trained on different images.",
        changes: [
            latentsBySeed.replacing("training's seed", with: "trainings' seeds")
                + " `nrmse` divides by the mean of both norms; the source's Gaussian is without the held-out images; expected "
                + "distances take account of images that both have."
        ],
        artifacts: ["pairs.png"],
        quantities: [
            cosines("cosine", .pair, "of the two samples of a latent", control: "`cosine_other`"),
            cosines("cosine_other", .pair, "of the first's sample and the other's of the next latent"),
            cosines(
                "cosine_training", .pair, "of the first's sample and its nearest training image: the largest",
                control: "`cosine_held_out`, `cosine_training_as_many`"),
            cosines(
                "cosine_held_out", .pair, "the same with k held-out images, k the lesser number of both",
                needs: [.sampler, .heldOut]),
            cosines("cosine_training_as_many", .pair, "the same with the first k training images"),
            cosines("cosine_training_other", .pair, "the same of the other's"),
            cosines(
                "cosine_sets", .subset, "of a training image of the first and the nearest of the other's: the largest",
                error: "training images"),
            cosines("gaussian_cosine", .subset, "of what the Gaussians of the two training sets make of a latent"),
        ].flatMap { $0 }
            + [
                apart("mean_distance", "‖μ₁−μ₂‖/√(tr Σ)", control: "`mean_distance_expected`"),
                apart("mean_distance_expected", "√s, s = 1/N₁ + 1/N₂ − 2m/(N₁N₂), m images being in both"),
                apart("covariance_distance", "‖Σ₁−Σ₂‖/‖Σ‖ (Frobenius)", control: "`covariance_distance_expected`"),
                apart("covariance_distance_expected", "√(s(1 + (tr Σ)²/‖Σ‖²))"),
            ] + distances(needs: [.sampler, .training, .heldOut], "D₁", "D₂", isPair: true) { ($0, [$0], .pair) }
            + distances(needs: [.sampler, .training, .heldOut], "D_G₁", "D_G₂", isPair: true) {
                ("gaussian_" + $0, ["gaussian_" + $0], .subset)
            })

    /// A mean and a histogram of the cosines of images less their means, and the same of images as they are.
    private static func cosines(
        _ name: String, _ fact: QuantityDeclaration.Fact, _ formula: String, error: String = "latents",
        needs: [QuantityDeclaration.Need] = [.sampler, .training], control: String = "none"
    ) -> [QuantityEntry] {
        let source = "Kadkhodaie et al. 2024, figures 2 and 6"
        return ["", "_uncentred"].flatMap { suffix in
            [
                QuantityEntry(
                    name + suffix, of: fact, needs: needs,
                    formula: "E cos \(formula)" + (suffix.isEmpty ? ", less the mean of each" : ", as they are"),
                    source: source, error: error, control: control),
                QuantityEntry(
                    name + suffix + "_histogram", .share, of: fact, position: "bin", needs: needs,
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
        name: "subset-information", version: 2,
        about: "How well an image of one of K networks tells which of K disjoint subsets that was trained on.",
        changes: [
            latentsBySeed.replacing("training's seed", with: "trainings' seeds")
                + " Networks of the same images are refused."
        ],
        quantities: [
            QuantityEntry(
                "information", of: .pair, unit: "nats", needs: [.sampler, .training, .subsets],
                formula: "log K − E −log p(own), p_j ∝ exp(−a·d_j/d̄) of the distances d_j to the subsets",
                source: "after Yi, Sun & Li 2023", error: "latents", control: "0 and `information_bound`"),
            QuantityEntry(
                "information_bound", of: .pair, unit: "nats", needs: [.sampler, .training, .subsets], formula: "log K"),
            QuantityEntry(
                "accuracy", .share, of: .pair, needs: [.sampler, .training, .subsets],
                formula: "share of images whose own subset is the nearest", error: "latents", control: "1/K"),
            QuantityEntry(
                "information_scale", of: .pair, needs: [.sampler, .training, .subsets],
                formula: "a, fitted on every other latent"
            ),
        ])
}
