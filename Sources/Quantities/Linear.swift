import JobContract

extension MeasureEntry {
    package static let linearity = MeasureEntry(
        name: "linearity", version: 2, about: "How linear a denoiser is in its noisy input.",
        changes: [
            noiseBySeed
                + " `ls_centred` keeps its sign; errors take pairs of the same images as one; score and residual have "
                + "their Gaussian."
        ],
        quantities: [
            mixed("ls", "E |cos(D(αx₁+βx₂), αD(x₁)+βD(x₂))|", "Li et al. 2024, section 3", "`gaussian_ls`"),
            mixed(
                "nmse", "E ‖D(αx₁+βx₂) − (αD(x₁)+βD(x₂))‖/‖D(αx₁+βx₂)‖, not squared", "Li et al. 2024, eq. 12",
                "`gaussian_nmse`"),
            mixed("nmse_of_sum", "the same over ‖αD(x₁)+βD(x₂)‖", "Li et al. 2024, published code", "none"),
            mixed(
                "ls_centred",
                "E of the cosine, with its sign, about the training images' mean μ: of D(μ+α(x₁−μ)+β(x₂−μ)) − D(μ) and "
                    + "α(D(x₁)−D(μ)) + β(D(x₂)−D(μ))", "ours", "1 for affine denoisers"),
            mixed("score_ls", "`ls` of the score (D − x)/σ²", "Li et al. 2024, review", "`gaussian_score_ls`"),
            mixed("score_nmse", "`nmse` of the score", "Li et al. 2024, review", "`gaussian_score_nmse`"),
            mixed("residual_ls", "`ls` of D − c_skip·x", "ours", "`gaussian_residual_ls`"),
            mixed("residual_nmse", "`nmse` of D − c_skip·x", "ours", "`gaussian_residual_nmse`"),
            mixed("gaussian_ls", of: .subset, "`ls` of the training subset's Gaussian denoiser", "ours", "none"),
            mixed("gaussian_nmse", of: .subset, "`nmse` of the same", "ours", "none"),
            mixed("gaussian_score_ls", of: .subset, "`score_ls` of the same", "ours", "none"),
            mixed("gaussian_score_nmse", of: .subset, "`score_nmse` of the same", "ours", "none"),
            mixed("gaussian_residual_ls", of: .subset, "`residual_ls` of the same", "ours", "none"),
            mixed("gaussian_residual_nmse", of: .subset, "`residual_nmse` of the same", "ours", "none"),
        ])

    private static func mixed(
        _ name: String, of fact: QuantityDeclaration.Fact = .network, _ formula: String, _ source: String,
        _ control: String
    ) -> QuantityEntry {
        // Any images can be noised, but the Gaussian and the mean are those of the training images.
        QuantityEntry(
            name, names: [name, name + "_0*"], of: fact, bySigma: true,
            needs: fact == .subset || name == "ls_centred" ? [.training, .heldOut] : [],
            formula: formula, source: source, error: "pairs of images", control: control)
    }

    package static let distillation = MeasureEntry(
        name: "distillation", version: 2, about: "The best affine denoiser Wx + b beside a denoiser.",
        changes: [
            noiseBySeed
                + " Ten noises a pixel, none of them met again; `gaussian_rmse` is named `network_gaussian_rmse`; "
                + "`alignment` has no value where singular values tie."
        ],
        artifacts: ["alignment.safetensors"],
        quantities: [
            QuantityEntry(
                "held_out_rmse", unit: "pixels", bySigma: true, needs: [.training, .heldOut],
                formula: "√(E ‖D − (Wx+b)‖²/d) on noised held-out images", source: "Li et al. 2024, section 3.2",
                error: "held-out images", control: "`network_gaussian_rmse`"),
            QuantityEntry(
                "network_gaussian_rmse", unit: "pixels", bySigma: true, needs: [.training, .heldOut],
                formula: "√(E ‖D − D_G‖²/d) on the same", source: "Li et al. 2024, section 3.2",
                error: "held-out images"),
            QuantityEntry(
                "distilled_gaussian_rmse", unit: "pixels", bySigma: true, needs: [.training, .heldOut],
                formula: "√(E ‖(Wx+b) − D_G‖²/d) on the same", source: "Li et al. 2024, section 3.2",
                error: "held-out images", control: "0 for Gaussian denoisers"),
            QuantityEntry(
                "weight_nmse", bySigma: true, needs: [.training, .heldOut], formula: "‖W − W_G‖²/‖W_G‖² (Frobenius)",
                source: "Li et al. 2024, figure 4", control: "0 for Gaussian denoisers"),
            QuantityEntry(
                "bias_nmse", bySigma: true, needs: [.training, .heldOut],
                formula: "‖b − b_G‖²/‖b_G‖², undefined where b_G is 0", control: "0 for Gaussian denoisers"),
            QuantityEntry(
                "alignment", bySigma: true, position: "component", needs: [.training, .heldOut],
                formula: "|⟨uᵢ, eᵢ⟩| of W's i-th left singular vector and the i-th principal component; none where "
                    + "singular values tie within their error",
                source: "Li et al. 2024, figure 4", control: "1/√d"),
        ])
}
