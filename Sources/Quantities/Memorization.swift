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

    package static let copies = MeasureEntry(
        name: "copies", version: 1,
        about:
            "Which training images are copied, and how many samples are near others without being copies. Its samples "
            + "are those of `memorization` with the same parameters.",
        artifacts: ["copies.safetensors"],
        quantities: [
            QuantityEntry(
                "copies", unit: "samples", position: "image", needs: [.sampler, .training],
                formula: "samples x whose nearest training image is this one, with d₁/d₂ < ⅓", source: gu,
                error: "samples",
                control: "c/N for c copies, if all are copied alike"),
            QuantityEntry(
                "copied_images", .share, needs: [.sampler, .training],
                formula: "share of training images of which there are copies", source: gu, error: "training images",
                control: "1 − (1 − 1/N)^c for c copies, if all are copied alike"),
            QuantityEntry(
                "copy_entropy", unit: "nats", needs: [.sampler, .training],
                formula: "−Σ p log p, p the share of the copies that are of an image; none without copies",
                error: "copies", control: "`copy_entropy_most`"),
            QuantityEntry(
                "copy_entropy_most", unit: "nats", needs: [.sampler, .training],
                formula: "log of the number of copies, or of that of training images where they are fewer"),
            QuantityEntry(
                "nearest_other", of: .subset, unit: "pixels", position: "image", needs: [.sampler, .training],
                formula: "distance over √d of a training image to the nearest other", source: merger),
            QuantityEntry(
                "copies_sparsity", needs: [.sampler, .training],
                formula: "Spearman's correlation of `copies` and `nearest_other` over the training images",
                source: merger, error: "training images", control: "0"),
            QuantityEntry(
                "spurious", .share, needs: [.sampler, .training],
                formula: "share of samples that are no copies and have another sample nearer than ⅓ d₁; of 256 or more",
                source: "ours, after Pham et al. 2025", error: "samples"),
        ])

    private static let gu = "after Gu et al. 2023"
    private static let merger = "after Merger & Goldt 2026"

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
