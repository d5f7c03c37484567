import JobContract

extension MeasureEntry {
    package static let denoising = MeasureEntry(
        name: "denoising", version: 1, about: "How well a denoiser denoises images it was and was not trained on.",
        quantities: [
            QuantityEntry(
                "psnr_in", of: .subset, unit: "dB", bySigma: true, needs: [], formula: "−20 log₁₀(σ/2)",
                source: "Kadkhodaie et al. 2024, figure 1"),
            QuantityEntry(
                "psnr_training", unit: "dB", bySigma: true, needs: [.training, .heldOut],
                formula: "10 log₁₀(4/E‖D − y‖²/d) on training images", source: "Kadkhodaie et al. 2024, section 2",
                error: "training images", control: "`psnr_in`"),
            QuantityEntry(
                "psnr_held_out", unit: "dB", bySigma: true, needs: [.training, .heldOut],
                formula: "the same on held-out images", source: "Kadkhodaie et al. 2024, section 2",
                error: "held-out images", control: "`psnr_in`"),
            QuantityEntry(
                "psnr_gap", unit: "dB", bySigma: true, needs: [.training, .heldOut],
                formula: "`psnr_training` − `psnr_held_out`", source: "Kadkhodaie et al. 2024, figure 15",
                error: "training and held-out images", control: "0"),
            QuantityEntry(
                "wiener_gain_db", unit: "dB", bySigma: true, needs: [.training, .heldOut, .source],
                formula: "`psnr_held_out` less that of the source's Gaussian denoiser", error: "held-out images",
                control: "0"),
            QuantityEntry(
                "slope_training", needs: [.training, .heldOut],
                formula: "least squares of `psnr_training` by `psnr_in`, from 10 to 24 dB",
                source: "Kadkhodaie et al. 2024, section 3", control: "1 for one image"),
            QuantityEntry(
                "slope_held_out", needs: [.training, .heldOut],
                formula: "the same of `psnr_held_out`", source: "Kadkhodaie et al. 2024, section 3",
                control: "α/(α+1) for C^α images"),
        ])

    package static let projection = MeasureEntry(
        name: "projection", version: 1, about: "Whether a denoiser projects onto its training images.",
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
