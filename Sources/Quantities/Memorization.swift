extension MeasureEntry {
    package static let memorization = MeasureEntry(
        name: "memorization", version: 2, about: "Whether samples are copies of training images.",
        changes: [latentsBySeed],
        artifacts: ["samples.safetensors", "neighbours.png"],
        quantities: [
            QuantityEntry(
                "gl_score", needs: [.sampler, .training], formula: "E ‖x − NN(x)‖/‖x‖ of samples x",
                source: "Li et al. 2024, eq. 14", error: "samples", control: "`gl_held_out`, `gl_gaussian`"),
            QuantityEntry(
                "gl_held_out", of: .subset, needs: [.sampler, .training, .heldOut],
                formula: "the same of held-out images",
                error: "held-out images", control: "1"),
            QuantityEntry(
                "gl_gaussian", of: .subset, needs: [.sampler, .training],
                formula: "the same of μ + Σ^½z, samples of the training images' Gaussian from the same latents z",
                error: "samples", control: "`gl_held_out`"),
            QuantityEntry(
                "gl_relative", needs: [.sampler, .training, .heldOut], formula: "`gl_score`/`gl_held_out`",
                error: "samples and held-out images", control: "1"),
            QuantityEntry(
                "copied", .share, needs: [.sampler, .training],
                formula: "share of samples with d₁/d₂ < ⅓, the distances to the two nearest training images",
                source: "Gu et al. 2023", error: "samples", control: "`copied_held_out`"),
            QuantityEntry(
                "copied_held_out", .share, of: .subset, needs: [.sampler, .training, .heldOut],
                formula: "the same of held-out images", error: "held-out images"),
            QuantityEntry(
                "copy_auc", needs: [.sampler, .training, .heldOut],
                formula: "P(d₁(sample) < d₁(held-out)) + ½P(=), of 256 or more of each",
                source: "Meehan et al. 2020; error of DeLong et al. 1988", error: "samples and held-out images",
                control: "½, `copy_auc_gaussian`; it is nearness of any kind"),
            QuantityEntry(
                "copy_auc_gaussian", of: .subset, needs: [.sampler, .training, .heldOut],
                formula: "the same of the samples of `gl_gaussian`",
                source: "Meehan et al. 2020; error of DeLong et al. 1988", error: "samples and held-out images",
                control: "½"),
        ])

    package static let posterior = MeasureEntry(
        name: "posterior", version: 2,
        about: "How many training images the optimum for the training subset mixes, and where it collapses onto one.",
        changes: ["`collapse_sigma` is found by bisection, not on lines between the levels, and has an error."],
        quantities: [
            QuantityEntry(
                "effective_count", of: .subset, unit: "images", bySigma: true, needs: [.training],
                formula: "E 1/Σw², w the posterior of training images for noised training images",
                source: "after Biroli et al. 2024", error: "training images", control: "their number"),
            QuantityEntry(
                "effective_count_held_out", of: .subset, unit: "images", bySigma: true, needs: [.training, .heldOut],
                formula: "the same for noised held-out images", error: "held-out images"),
            QuantityEntry(
                "coincidence", of: .subset, bySigma: true, needs: [.training], formula: "E Σw²",
                source: "after Biroli et al. 2024", error: "training images", control: "1/their number"),
            QuantityEntry(
                "coincidence_held_out", of: .subset, bySigma: true, needs: [.training, .heldOut],
                formula: "the same for noised held-out images", error: "held-out images"),
            QuantityEntry(
                "collapse_sigma", of: .subset, unit: "pixels", needs: [.training],
                formula: "the greatest σ at which `coincidence` is ½", source: "after Biroli et al. 2024",
                error: "training images"),
            QuantityEntry(
                "collapse_sigma_held_out", of: .subset, unit: "pixels", needs: [.training, .heldOut],
                formula: "the greatest σ at which `coincidence_held_out` is ½", error: "held-out images"),
        ])
}
