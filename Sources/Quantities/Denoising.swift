import JobContract

extension MeasureEntry {
    package static let denoising = MeasureEntry(
        name: "denoising", version: 2, about: "How well a denoiser denoises images it was and was not trained on.",
        changes: [
            noiseBySeed + " PSNR is the mean of per-image PSNR, and the pooled one has names of its own; the source's "
                + "Gaussian is without the held-out images; errors of differences are paired."
        ],
        quantities: [
            QuantityEntry(
                "psnr_in", of: .subset, unit: "dB", bySigma: true, needs: [], formula: "−20 log₁₀(σ/2)",
                source: "Kadkhodaie et al. 2024, figure 1"),
            level(
                "psnr_training", "E 10 log₁₀(4d/‖D − y‖²) of training images", section2, error: "training images",
                control: "`psnr_in`"),
            level(
                "psnr_held_out", "the same of held-out images", section2, error: "held-out images", control: "`psnr_in`"
            ),
            level(
                "psnr_gap", "`psnr_training` − `psnr_held_out`", "Kadkhodaie et al. 2024, figure 15",
                error: "training and held-out images, paired by noise", control: "0"),
            ofTheSource("psnr_training_gaussian", "`psnr_training`", error: "training images"),
            ofTheSource("psnr_held_out_gaussian", "`psnr_held_out`", error: "held-out images"),
            level(
                "psnr_training_pooled", "10 log₁₀(4/E‖D − y‖²/d) of training images", "ours", error: "training images",
                control: "`psnr_in`"),
            level(
                "psnr_held_out_pooled", "the same of held-out images", "ours", error: "held-out images",
                control: "`psnr_in`"),
            level(
                "training_gain_db", "`psnr_training_pooled` less that of the source's Gaussian denoiser", "ours",
                error: "training images, paired", control: "0"),
            level(
                "wiener_gain_db", "`psnr_held_out_pooled` less that of the source's Gaussian denoiser", "ours",
                error: "held-out images, paired", control: "0"),
            QuantityEntry(
                "psnr_gap_mean", unit: "dB", needs: [.training, .heldOut],
                formula: "the mean of `psnr_gap` over σ up to 2, by trapezoids between the levels",
                source: "Kadkhodaie et al. 2024, figure 15", error: "training and held-out images, paired by noise",
                control: "0"),
            QuantityEntry(
                "slope_training", needs: [.training, .heldOut],
                formula: "least squares of `psnr_training` by `psnr_in`, from 10 to 24 dB",
                source: "Kadkhodaie et al. 2024, section 3", error: "training images", control: "1 for one image"),
            QuantityEntry(
                "slope_held_out", needs: [.training, .heldOut],
                formula: "the same of `psnr_held_out`", source: "Kadkhodaie et al. 2024, section 3",
                error: "held-out images", control: "α/(α+1) for C^α images"),
        ])

    package static let loss = MeasureEntry(
        name: "loss", version: 1,
        about:
            "The loss of denoising images that were and were not trained on, with the training's own noise levels and "
            + "weights, whatever its objective, by the averaged weights. Of networks of other workers, or trained "
            + "elsewhere, there is none.",
        quantities: losses(""))

    package static let rawLoss = MeasureEntry(
        name: "raw-loss", version: 1,
        about:
            "`loss` by the weights as they are, not averaged. The training takes it when it reaches the length: it is to be "
            + "asked for before, if only while the training runs. Elsewhere there is none.",
        quantities: losses("raw_"))

    private static func losses(_ part: String) -> [QuantityEntry] {
        [
            QuantityEntry(
                "loss_\(part)training", needs: [.training],
                formula: "E λ(σ)‖D(y + σn; σ) − y‖² of training images, σ and λ as in the training",
                source: "Karras et al. 2022, eq. 2", error: "training images"),
            QuantityEntry(
                "loss_\(part)held_out", needs: [.heldOut],
                formula: "the same of held-out images, with the same σ and n",
                source: "after Favero et al. 2025", error: "held-out images", control: "`loss_\(part)training`"),
            QuantityEntry(
                "loss_\(part)gap", needs: [.training, .heldOut],
                formula: "`loss_\(part)held_out` − `loss_\(part)training`", source: "after Favero et al. 2025",
                error: "training and held-out images, paired by draw", control: "0"),
        ]
    }

    private static let section2 = "Kadkhodaie et al. 2024, section 2"

    private static func level(
        _ name: String, _ formula: String, _ source: String, error: String, control: String
    ) -> QuantityEntry {
        QuantityEntry(
            name, unit: "dB", bySigma: true,
            needs: [.training, .heldOut] + (name.hasSuffix("gain_db") ? [.source] : []),
            formula: formula, source: source, error: error, control: control)
    }

    private static func ofTheSource(_ name: String, _ of: String, error: String) -> QuantityEntry {
        QuantityEntry(
            name, of: .subset, unit: "dB", bySigma: true, needs: [.training, .heldOut, .source],
            formula: of + " of the source's Gaussian denoiser", source: "ours", error: error, control: "`psnr_in`")
    }

    package static let projection = MeasureEntry(
        name: "projection", version: 2, about: "Whether a denoiser projects onto its training images.",
        changes: [noiseBySeed],
        quantities: [
            projected(
                "projection_error", .network,
                "E ‖D(x) − proj(x)‖/dist, proj the nearest training image and dist its distance",
                control: "`projection_error_multi_delta`"),
            projected(
                "projection_error_multi_delta", .subset, "the same of the optimum D_M for the training images"),
            projected(
                "gradient_error", .network, "E ‖D − D_M‖/dist: x − D against half the gradient of the smoothed distance"
            ),
            projected("noise_ratio", .subset, "E √d·σ/dist"),
        ].flatMap { $0 })

    private static func projected(
        _ name: String, _ fact: QuantityDeclaration.Fact, _ formula: String, control: String = "none"
    ) -> [QuantityEntry] {
        let source = "Permenter & Yuan 2024, sections 3 and 4"
        return [
            QuantityEntry(
                name, of: fact, bySigma: true, needs: [.training], formula: formula + ", on noised training images",
                source: source, error: "training images", control: control),
            QuantityEntry(
                name + "_held_out", of: fact, bySigma: true, needs: [.training, .heldOut],
                formula: "the same on noised held-out images", source: source, error: "held-out images",
                control: control == "none" ? control : "`projection_error_multi_delta_held_out`"),
        ]
    }
}
