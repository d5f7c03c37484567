import JobContract

extension MeasureEntry {
    package static let jacobian = MeasureEntry(
        name: "jacobian", version: 2,
        about: "The derivative J = ∂D/∂x of a denoiser at noised images, with eigenvalues λ_k and eigenvectors e_k of "
            + "(J + Jᵀ)/2.",
        changes: [
            noiseBySeed
                + " By parts, eigenvalues are Ritz values that products of J and Jᵀ converge to, with their residual; "
                + "a random trace has its error."
        ],
        artifacts: ["jacobian.safetensors", "eigenvectors.png"],
        quantities: [
            derived("effective_dimension", "tr J", kadkhodaie, error: "images; of one, random vectors by parts"),
            derived("symmetry_error", "‖(J − Jᵀ)/2‖/‖J‖ (Frobenius)", kadkhodaie, control: "0 for exact denoisers"),
            derived("eigenvalue", "λ_k", kadkhodaie, position: "component", control: "`oracle_shrinkage`"),
            derived(
                "eigenvalue_residual", "‖½(J+Jᵀ)e_k − λ_k e_k‖, by parts: an eigenvalue is that near", "ours",
                position: "component", control: "0"),
            derived(
                "coefficient", "|⟨y, e_k⟩| of the clean image y, counted from `origin`", kadkhodaie, unit: "pixels",
                position: "component"),
            derived(
                "oracle_shrinkage", "⟨y, e_k⟩²/(⟨y, e_k⟩² + σ²), y counted from `origin`", kadkhodaie,
                position: "component"),
            derived(
                "alignment", "|⟨e_k, c_k⟩| with the training images' principal component c_k",
                "Li et al. 2024, appendix H", position: "component", control: "1/√d"),
            derived(
                "overlap", "Σ⟨eᵢ, cⱼ⟩²/(k+1) over i, j ≤ k", "Li et al. 2024, appendix H", position: "component",
                control: "`overlap_chance`"),
            derived("overlap_chance", "(k+1)/d", "ours", position: "component"),
            derived("mse", "‖D(x) − y‖²/d", kadkhodaie, unit: "pixels²", control: "`oracle_mse`"),
            derived(
                "oracle_mse", "Σσ²⟨y, e_k⟩²/(⟨y, e_k⟩² + σ²)/d, y counted from `origin`", kadkhodaie, unit: "pixels²"),
            derived(
                "homogeneity_error", "‖D(x) − Jx‖/‖D(x)‖ with black, −1, as the origin", kadkhodaie,
                control: "0 for bias-free networks"),
            derived(
                "taylor_rmse", "√(E ‖D(x') − (D(x) + J(x'−x))‖²/d), other noisings x' of the same image",
                "Li et al. 2024, review", unit: "pixels", control: "`affine_rmse`"),
            derived("affine_rmse", "the same of an affine fit", "Li et al. 2024, review", unit: "pixels"),
            derived(
                "taylor_rmse_other", "`taylor_rmse` on noisings of other images", "Li et al. 2024, review",
                unit: "pixels", control: "`affine_rmse_other`"),
            derived("affine_rmse_other", "`affine_rmse` on the same", "Li et al. 2024, review", unit: "pixels"),
        ])

    private static let kadkhodaie = "Kadkhodaie et al. 2024, section 3"

    private static func derived(
        _ name: String, _ formula: String, _ source: String, unit: String? = nil, position: String? = nil,
        error: String = "images", control: String = "none"
    ) -> QuantityEntry {
        // Any images can be noised, but principal components and fits are those of the training images.
        let isOfTraining = ["alignment", "overlap"].contains(name) || name.hasPrefix("affine_")
        return QuantityEntry(
            name, unit: unit, bySigma: true, position: position,
            needs: [.derivative] + (isOfTraining ? [.training, .heldOut] : []),
            formula: formula, source: source, error: error, control: control)
    }
}
