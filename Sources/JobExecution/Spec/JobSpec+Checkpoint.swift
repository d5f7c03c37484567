import ScoreNetworks

extension JobSpec {
    /// Throws JobFailure `unsupported` for a network that was trained elsewhere: nobody here can repeat how.
    func requireTrainable() throws {
        guard let weights else { return }
        throw JobFailure(
            .unsupported,
            "model.weights is \(weights.short): that network was trained elsewhere and can only be measured, as it is; "
                + "`eigensweep adopt` records it")
    }

    /// Throws JobFailure `unsupported`, showing both, unless the network of `denoiser`, read from `name`, and its
    /// preconditioning are this spec's. How much was dropped in training does not matter.
    func require(_ denoiser: NetworkDenoiser, from name: String) throws {
        let found = CheckpointConfiguration(denoiser.configuration.withoutDropout, denoiser.preconditioning)
        let wanted = CheckpointConfiguration(network.withoutDropout, training.preconditioning)
        guard found == wanted else {
            throw JobFailure(.unsupported, "\(name) holds the network \(found.json), the spec's is \(wanted.json)")
        }
    }
}
