import JobContract

extension MeasureEntry {
    package static let mutualInformation = MeasureEntry(
        name: "mutual-information", version: 2,
        about:
            "What a network's images tell of its training images: z_θ of the network and z_* of the optimum for them, "
            + "from the same latents.",
        changes: [latentsBySeed],
        quantities: [
            QuantityEntry(
                "epsilon_error", bySigma: true, needs: [.training],
                formula: "E ‖ε_θ − ε*‖²/d on noised training images, ε = (x − D)/σ", source: "after Yi, Sun & Li 2023",
                error: "training images", control: "0 for the optimum"),
            drawn("output_distance", unit: "pixels", "E ‖z_θ − z_*‖/√d", control: "`output_distance_other`"),
            drawn("output_distance_other", unit: "pixels", "the same with z_* of the next latent"),
            drawn(
                "nearest_network", unit: "pixels", "E of z_θ's distance to the nearest training image over √d",
                control: "`nearest_optimum`"),
            drawn("nearest_optimum", of: .subset, unit: "pixels", "the same of z_*"),
            drawn(
                "same_nearest", .share, "share of latents for which that is the same training image",
                control: "`same_nearest_chance`"),
            QuantityEntry(
                "same_nearest_chance", of: .subset, needs: [.sampler, .training], formula: "1/N of N training images"),
        ])

    private static func drawn(
        _ name: String, _ kind: QuantityDeclaration.Kind = .mean, of fact: QuantityDeclaration.Fact = .network,
        unit: String? = nil, _ formula: String, control: String = "none"
    ) -> QuantityEntry {
        QuantityEntry(
            name, kind, of: fact, unit: unit, needs: [.sampler, .training], formula: formula,
            source: "after Yi, Sun & Li 2023", error: "latents", control: control)
    }

    package static let modes = MeasureEntry(
        name: "modes", version: 1,
        about:
            "How much of the training images' variance samples have along each principal component. Its samples are those "
            + "of `memorization` with the same parameters.",
        quantities: [
            QuantityEntry(
                "mode_variance", position: "component", needs: [.sampler, .training],
                formula: "variance of ⟨u_k, x⟩ over samples x, over λ_k; u_k, λ_k of the training images' covariance",
                source: "after Wang & Pehlevan 2025", error: "samples", control: "1, `mode_variance_held_out`"),
            QuantityEntry(
                "mode_eigenvalue", of: .subset, unit: "pixels²", position: "component", needs: [.sampler, .training],
                formula: "λ_k, from the largest on"),
            QuantityEntry(
                "mode_variance_held_out", of: .subset, position: "component", needs: [.sampler, .training, .heldOut],
                formula: "`mode_variance` of held-out images", error: "held-out images"),
        ])

    package static let ownTrajectory = MeasureEntry(
        name: "own-trajectory", version: 1,
        about: "How far a network is from the optimum where its own sampler leads it, beside noised images.",
        quantities: [
            trajectory(
                "rmse_own", "at the states of its own sampler", [], error: "samples", control: "`rmse_training`"),
            trajectory("rmse_training", "on noised training images", [], error: "training images"),
            trajectory("rmse_held_out", "on noised held-out images", [.heldOut], error: "held-out images"),
        ])

    private static func trajectory(
        _ name: String, _ place: String, _ more: [QuantityDeclaration.Need], error: String, control: String = "none"
    ) -> QuantityEntry {
        QuantityEntry(
            name, unit: "pixels", bySigma: true, needs: [.sampler, .training] + more,
            formula: "E ‖D − D_M‖/√d, D_M the optimum for the training images, \(place)",
            source: "after Song et al. 2025", error: error, control: control)
    }

    package static let samples = MeasureEntry(
        name: "samples", version: 1,
        about:
            "A network's images as a dataset, on which others can be trained (`dataset.source: {samples: TRIAL, …}`). Their "
            + "latents are those of no other measure.",
        artifacts: ["dataset.safetensors"],
        quantities: [
            QuantityEntry(
                "repeated", .share, needs: [.sampler],
                formula: "share of samples that equal an earlier one, byte by byte", error: "latents", control: "0"),
            QuantityEntry(
                "clipped", needs: [.sampler],
                formula: "share of pixels that lay beyond −1 or 1 by more than half a byte's level", control: "0"),
        ])

    package static let sampleQuality = MeasureEntry(
        name: "sample-quality", version: 2, about: "How near samples are to real images as a distribution.",
        changes: [
            latentsBySeed + " Both sides of every distance have as many images, half of the held-out ones at most."
        ],
        quantities: ["pixel", "feature"].flatMap { space in
            [
                quality(space, "training", "samples against training images", control: "`\(space)_frechet_baseline`"),
                quality(space, "held_out", "samples against held-out images", control: "`\(space)_frechet_control`"),
                quality(
                    space, "baseline", of: .subset, "held-out images against training images",
                    control: "`\(space)_frechet_control`"),
                quality(
                    space, "control", of: .subset, "held-out images against other held-out images", control: "none"),
            ]
        })

    private static func quality(
        _ space: String, _ name: String, of fact: QuantityDeclaration.Fact = .network, _ formula: String,
        control: String
    ) -> QuantityEntry {
        QuantityEntry(
            "\(space)_frechet_\(name)", of: fact, needs: [.sampler, .training, .heldOut],
            formula: "squared Fréchet distance in the space of \(space == "pixel" ? "pixels" : "random features"), "
                + formula, source: "Heusel et al. 2017, in spaces of our own",
            error: "images of both sides, by jackknife", control: control)
    }
}
