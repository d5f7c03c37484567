/// Which sizes the EDM family's U-Net can have (Song et al.'s architecture as in Karras et al. 2022).
///
/// Group normalisation has min(32, C/4) groups, which must divide the C channels of every layer it stands before,
/// concatenations with skipped activations included; each level halves the resolution.
enum NetworkRules {
    /// What is wrong, by name of the layer; nil when the network can be built.
    static func fault(scale: Int, multipliers: [Int], blocks: Int, resolution: Int) -> String? {
        let levels = multipliers.count
        guard resolution.isMultiple(of: 1 << (levels - 1)) else {
            return
                "resolution \(resolution) cannot be halved \(levels - 1) times, once for each level after the first: "
                + "expected a multiple of \(1 << (levels - 1))"
        }
        for layer in normalisations(scale: scale, multipliers: multipliers, blocks: blocks, resolution: resolution) {
            let groups = min(32, layer.channels / 4)
            guard groups > 0, layer.channels.isMultiple(of: groups) else {
                return "layer \(layer.name) would have \(layer.channels) channels in \(groups) groups: expected a "
                    + "multiple of \(layer.channels < 128 ? 4 : 32)"
            }
        }
        return nil
    }

    /// Every group normalisation with its channels, in the network's order.
    static func normalisations(
        scale: Int, multipliers: [Int], blocks: Int, resolution: Int
    ) -> [(name: String, channels: Int)] {
        let levels = multipliers.count
        let channels = multipliers.map { $0 * scale }
        var layers: [(name: String, channels: Int)] = []
        var width = scale
        var skips = [scale]

        func block(_ name: String, from input: Int, to output: Int) {
            layers.append((name + ".norm0", input))
            layers.append((name + ".norm1", output))
            width = output
        }
        func place(_ level: Int) -> String { "\(resolution >> level)x\(resolution >> level)" }

        for level in 0..<levels {
            if level > 0 {
                block("enc.\(place(level))_down", from: width, to: width)
                skips.append(width)
            }
            for index in 0..<blocks {
                block("enc.\(place(level))_block\(index)", from: width, to: channels[level])
                skips.append(width)
            }
        }
        for level in (0..<levels).reversed() {
            if level == levels - 1 {
                for index in 0..<2 { block("dec.\(place(level))_in\(index)", from: width, to: width) }
            } else {
                block("dec.\(place(level))_up", from: width, to: width)
            }
            for index in 0...blocks {
                block("dec.\(place(level))_block\(index)", from: width + (skips.popLast() ?? 0), to: channels[level])
            }
        }
        layers.append(("dec.\(place(0))_aux_norm", width))
        return layers
    }
}
