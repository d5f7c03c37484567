import JobContract

/// The sizes that networks of Eigensweep's own worker can have.
///
/// Group normalisation of the EDM family's U-Nets (as in Karras et al. 2022) has min(32, C/4) groups, which must divide
/// the C channels of every layer it stands before, concatenations with skipped activations included. Levels halve the
/// resolution, in these as in the bias-free U-Net (Kadkhodaie et al. 2024).
enum NetworkRules {
    /// What is wrong and the key that is to blame; nil when the network can be built, or is another worker's.
    static func fault(_ values: [String: JSONValue]) -> (key: String, message: String)? {
        func integer(_ key: String) -> Int { values[key]?.integerValue ?? 0 }
        let architecture = values["model.architecture"]?.stringValue ?? ""
        let resolution = integer("dataset.resolution")
        switch architecture {
        case let name where SpecKey.unets.contains(name):
            let multipliers = values["model.multipliers"]?.arrayValue?.compactMap(\.integerValue) ?? []
            let scale = integer("model.scale")
            let prefix = "\(name) with scale \(scale) and multipliers \(multipliers): "
            if let fault = halvings(multipliers.count - 1, of: resolution) {
                return ("dataset.resolution", "\(prefix)\(fault), once for each level after the first")
            }
            return widths(
                isADM: name == "adm", scale: scale, multipliers: multipliers, blocks: integer("model.blocks"),
                resolution: resolution
            ).map { ("model.scale", prefix + $0) }
        case "bias-free-unet":
            let blocks = integer("model.blocks")
            guard blocks <= 8 else {
                return ("model.blocks", "the bias-free-unet halves the resolution at most 8 times, not \(blocks) times")
            }
            return halvings(blocks, of: resolution).map {
                ("dataset.resolution", "bias-free-unet with \(blocks) blocks: \($0), once for each block")
            }
        case "bf-cnn":
            let (field, layers) = (integer("model.receptive_field"), integer("model.layers"))
            guard field == 0 || (5...2 * layers + 1).contains(field) else {
                return (
                    "model.receptive_field",
                    "\(layers) layers cannot see \(field) pixels: expected 0 or 5 to \(2 * layers + 1)"
                )
            }
            return nil
        default: return nil
        }
    }

    private static func halvings(_ count: Int, of resolution: Int) -> String? {
        resolution.isMultiple(of: 1 << count)
            ? nil
            : "resolution \(resolution) cannot be halved \(count) times: expected a multiple of \(1 << count)"
    }

    /// The first layer whose channels do not divide into groups, in words; nil where there is none.
    private static func widths(
        isADM: Bool, scale: Int, multipliers: [Int], blocks: Int, resolution: Int
    ) -> String? {
        let layers = normalisations(
            isADM: isADM, scale: scale, multipliers: multipliers, blocks: blocks, resolution: resolution)
        for layer in layers {
            let groups = min(32, layer.channels / 4)
            guard groups > 0, layer.channels.isMultiple(of: groups) else {
                return "layer \(layer.name) would have \(layer.channels) channels in \(groups) groups: expected a "
                    + "multiple of \(layer.channels < 128 ? 4 : 32)"
            }
        }
        return nil
    }

    /// Every group normalisation with its channels, in the network's order.
    private static func normalisations(
        isADM: Bool, scale: Int, multipliers: [Int], blocks: Int, resolution: Int
    ) -> [(name: String, channels: Int)] {
        let levels = multipliers.count
        let channels = multipliers.map { $0 * scale }
        var layers: [(name: String, channels: Int)] = []
        var width = isADM ? channels[0] : scale
        var skips = [width]

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
        layers.append((isADM ? "out_norm" : "dec.\(place(0))_aux_norm", width))
        return layers
    }
}
