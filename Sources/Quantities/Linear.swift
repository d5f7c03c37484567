import JobContract

extension MeasureEntry {
    package static let linearity = MeasureEntry(
        name: "linearity", version: 1, about: "How linear a denoiser is in its noisy input.",
        quantities: [
            mixed("ls", "E |cos(D(αx₁+βx₂), αD(x₁)+βD(x₂))|", "Li et al. 2024, section 3", "`gaussian_ls`"),
            mixed(
                "nmse", "E ‖D(αx₁+βx₂) − (αD(x₁)+βD(x₂))‖/‖D(αx₁+βx₂)‖, not squared", "Li et al. 2024, eq. 12",
                "`gaussian_nmse`"),
            mixed("nmse_of_sum", "the same over ‖αD(x₁)+βD(x₂)‖", "Li et al. 2024, published code", "none"),
            mixed(
                "ls_centred",
                "E of the cosine about the training images' mean μ: of D(μ+α(x₁−μ)+β(x₂−μ)) − D(μ) and "
                    + "α(D(x₁)−D(μ)) + β(D(x₂)−D(μ))", "ours", "1 for affine denoisers"),
            mixed("score_ls", "`ls` of the score (D − x)/σ²", "Li et al. 2024, review", "none"),
            mixed("score_nmse", "`nmse` of the score", "Li et al. 2024, review", "none"),
            mixed("residual_ls", "`ls` of D − c_skip·x", "ours", "none"),
            mixed("residual_nmse", "`nmse` of D − c_skip·x", "ours", "none"),
            mixed("gaussian_ls", of: .subset, "`ls` of the training subset's Gaussian denoiser", "ours", "none"),
            mixed("gaussian_nmse", of: .subset, "`nmse` of the same", "ours", "none"),
        ])

    private static func mixed(
        _ name: String, of fact: QuantityDeclaration.Fact = .network, _ formula: String, _ source: String,
        _ control: String
    ) -> QuantityEntry {
        QuantityEntry(
            name, names: [name, name + "_0*"], of: fact, bySigma: true, needs: [.training, .heldOut],
            formula: formula, source: source, error: "pairs", control: control)
    }

    package static let distillation = MeasureEntry(
        name: "distillation", version: 1, about: "The best affine denoiser Wx + b beside a denoiser.",
        quantities: [
            QuantityEntry(
                "held_out_rmse", unit: "pixels", bySigma: true, needs: [.training, .heldOut],
                formula: "√(E ‖D − (Wx+b)‖²/d) on noised held-out images", source: "Li et al. 2024, section 3.2",
                error: "held-out images", control: "`gaussian_rmse`"),
            QuantityEntry(
                "gaussian_rmse", unit: "pixels", bySigma: true, needs: [.training, .heldOut],
                formula: "√(E ‖D − D_G‖²/d) on the same", source: "Li et al. 2024, section 3.2",
                error: "held-out images"),
            QuantityEntry(
                "weight_nmse", bySigma: true, needs: [.training, .heldOut], formula: "‖W − W_G‖²/‖W_G‖² (Frobenius)",
                source: "Li et al. 2024, figure 4", control: "0 for Gaussian denoisers"),
            QuantityEntry(
                "bias_nmse", bySigma: true, needs: [.training, .heldOut],
                formula: "‖b − b_G‖²/‖b_G‖², undefined where b_G is 0", control: "0 for Gaussian denoisers"),
            QuantityEntry(
                "alignment", bySigma: true, position: "component", needs: [.training, .heldOut],
                formula: "|⟨uᵢ, eᵢ⟩| of W's i-th left singular vector and the i-th principal component",
                source: "Li et al. 2024, figure 4", control: "1/√d"),
        ])
}
