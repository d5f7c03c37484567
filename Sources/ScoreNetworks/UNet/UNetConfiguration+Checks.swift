extension UNetConfiguration {
    /// Throws where a setting is out of its range. Layers check their own channels when they are laid out.
    func check() throws(NetworkError) {
        guard modelChannels >= 4, modelChannels % 2 == 0, modelChannels <= 1024 else {
            throw NetworkError("scale", "\(modelChannels) channels; it must be even, from 4 to 1024")
        }
        guard (1...1024).contains(imageChannels) else {
            throw NetworkError("image channels", "\(imageChannels); there must be 1 to 1024")
        }
        guard (1...16).contains(multipliers.count), multipliers.allSatisfy({ (1...64).contains($0) }) else {
            throw NetworkError("multipliers", "\(multipliers); there must be 1 to 16 of them, each from 1 to 64")
        }
        guard (1...64).contains(blocks) else {
            throw NetworkError("blocks", "\(blocks) per level; there must be 1 to 64")
        }
        guard (1...1024).contains(resolution) else {
            throw NetworkError("resolution", "\(resolution); it must be from 1 to 1024")
        }
        for level in 1..<max(multipliers.count, 1) {
            let above = resolution >> (level - 1)
            guard above % 2 == 0 && above > 0 else {
                throw NetworkError(
                    "enc.\(above / 2)x\(above / 2)_down",
                    "an image of \(above)x\(above) cannot be halved; resolution \(resolution) with "
                        + "\(multipliers.count) levels must be a multiple of \(1 << (multipliers.count - 1))")
            }
        }
        try checkWork()
        guard dropout >= 0, dropout < 1 else {
            throw NetworkError("dropout", "\(dropout); it must be at least 0 and below 1")
        }
        guard augmentLabels == 0 || augmentLabels == 9 else {
            throw NetworkError("augmentation labels", "\(augmentLabels); there are 9, or 0 without augmentation")
        }
    }

    /// Bounds the sums that layers form while they are laid out, far beyond any network that could be trained.
    private func checkWork() throws(NetworkError) {
        let layers = Double(4 * multipliers.count * blocks)
        let widest = Double(modelChannels * (multipliers.max() ?? 1))
        let pixels = Double(resolution * resolution)
        let work = layers * widest * pixels * (18 * widest + pixels)
        guard work < 1e17 else {
            throw NetworkError("network", "up to \(work) multiply-adds an image; it must be fewer than 1e17")
        }
    }
}
