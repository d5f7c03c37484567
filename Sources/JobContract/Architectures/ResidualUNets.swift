/// The U-Nets of residual blocks of the EDM family (Karras et al. 2022): ddpmpp, ncsnpp and adm.
///
/// Their group normalisation has min(32, C/4) groups, which must divide the C channels of every layer it stands before,
/// concatenations with skipped activations included. Levels halve the resolution.
extension Architecture {
    static let residualUNets = [
        residualUNet("ddpmpp"), residualUNet("ncsnpp"),
        residualUNet("adm", isADM: true, multipliers: [1, 2, 3, 4], blocks: 3, attention: [32, 16, 8]),
    ]

    private static func residualUNet(
        _ name: String, isADM: Bool = false, multipliers: JSONValue = [2, 2, 2], blocks: JSONValue = 4,
        attention: JSONValue = [16]
    ) -> Architecture {
        Architecture(
            name: name,
            keys: [
                .scale,
                KeyDeclaration(
                    "model.multipliers", .integer, multipliers, least: 1, most: 64,
                    list: .init(least: 1, most: 6, distinct: nil),
                    "channels of each level in units of M; each level halves the resolution"),
                .blocks.with(blocks),
                KeyDeclaration(
                    "model.attention", .integer, attention, least: 1, most: 256,
                    list: .init(least: 0, most: 6, distinct: nil),
                    "resolutions whose blocks attend; adm attends only with 64 channels or more"),
                KeyDeclaration("model.dropout", .number, 0, least: 0, below: 1, "share of activations dropped"),
                KeyDeclaration(
                    "training.augment", .number, 0, least: 0, most: 1,
                    "probability of each of EDM's non-leaky augmentations, of which the network is told; above 0 images "
                        + "are also mirrored at random"),
            ],
            rules: { residualFault(of: name, isADM: isADM, $0) }, size: residualSize,
            memory: MemoryCost(place: 540, parameter: 20))
    }

    @Sendable private static func residualSize(_ values: ArchitectureValues) -> NetworkSize {
        var size = NetworkSize()
        let (side, scale) = (values.number("dataset.resolution"), values.number("model.scale"))
        let embedding = 4 * scale
        size.parameters = (scale + embedding) * embedding
        var pixels = side * side
        for multiplier in values.numbers("model.multipliers") {
            let (channels, blocks) = (multiplier * scale, values.number("model.blocks"))
            // Convolutions of all blocks, where the level's noise enters them, and attention.
            size.parameters += 54 * (blocks + 1) * channels * channels + (2 * blocks + 3) * channels * embedding
            if values.numbers("model.attention").contains(pixels.squareRoot()) {
                size.parameters += (2 * blocks + 1) * 4 * channels * channels
            }
            size.places += channels * pixels * (2 * blocks + 2)
            pixels /= 4
        }
        return size
    }

    private static func residualFault(of name: String, isADM: Bool, _ values: ArchitectureValues) -> Fault? {
        let (scale, multipliers) = (values.integer("model.scale"), values.integers("model.multipliers"))
        let resolution = values.integer("dataset.resolution")
        let prefix = "\(name) with scale \(scale) and multipliers \(multipliers): "
        if let fault = halvings(multipliers.count - 1, of: resolution) {
            return ("dataset.resolution", "\(prefix)\(fault), once for each level after the first")
        }
        let layers = normalisations(
            isADM: isADM, scale: scale, multipliers: multipliers, blocks: values.integer("model.blocks"),
            resolution: resolution)
        for layer in layers {
            let groups = min(32, layer.channels / 4)
            guard groups > 0, layer.channels.isMultiple(of: groups) else {
                return (
                    "model.scale",
                    "\(prefix)layer \(layer.name) would have \(layer.channels) channels in \(groups) groups: expected a "
                        + "multiple of \(layer.channels < 128 ? 4 : 32)"
                )
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
