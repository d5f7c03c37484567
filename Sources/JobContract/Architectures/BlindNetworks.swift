/// Networks that estimate the noise of an image without its level: the bias-free U-Net (Kadkhodaie et al. 2024) and BF-CNN
/// (Mohan et al. 2020).
extension Architecture {
    private static let blindMemory = MemoryCost(place: 140, parameter: 60, rest: 15e6)
    private static let mostHalvings = 8

    /// Of one scale the bias-free U-Net trains on eight times the pixels that ddpmpp does (docs/speed.md).
    @Sendable private static func blindCost(scale: Double, pixels: Double) -> Double {
        pixels * scale * (scale + 16) / 8
    }

    static let biasFreeUNet = Architecture(
        name: "bias-free-unet", keys: [.scale.with(64), .blocks.with(3)], defaults: blindDefaults, isBlind: true,
        rules: { values in
            let blocks = values.integer("model.blocks")
            guard blocks <= mostHalvings else {
                return (
                    "model.blocks",
                    "the bias-free-unet halves the resolution at most \(mostHalvings) times, not \(blocks) times"
                )
            }
            return halvings(blocks, of: values.integer("dataset.resolution")).map {
                ("dataset.resolution", "bias-free-unet with \(blocks) blocks: \($0), once for each block")
            }
        },
        size: { values in
            let side = values.number("dataset.resolution")
            let halvings = Int(min(max(values.number("model.blocks"), 1), Double(mostHalvings)))
            var (channels, pixels, below) = (values.number("model.scale"), side * side, 0.0)
            var size = NetworkSize()
            // A level has two convolutions on the way down; on the way up a transposed one and two more.
            for level in 0...halvings {
                let hasWayUp = level < halvings
                size.parameters += 9 * channels * (below + channels) + (hasWayUp ? channels * channels * (8 + 27) : 0)
                size.places += channels * pixels * (hasWayUp ? 5 : 2)
                (channels, pixels, below) = (2 * channels, pixels / 4, channels)
            }
            return size
        },
        memory: blindMemory, cost: blindCost)

    static let bfCNN = Architecture(
        name: "bf-cnn",
        keys: [
            .scale.with(64),
            KeyDeclaration("model.layers", .integer, 21, least: 2, most: 256, "convolutions in a row"),
            KeyDeclaration(
                "model.linear_first_layer", .flag, false,
                "leave out the ReLU after the first convolution, as the published weights do"),
            KeyDeclaration(
                "model.receptive_field", .integer, 0, least: 0, most: 513,
                "in pixels, from 5 to 2·layers + 1: inner convolutions beyond it are 1×1; 0: all are 3×3"),
        ],
        later: ["model.layers", "model.linear_first_layer", "model.receptive_field"], defaults: blindDefaults,
        isBlind: true,
        rules: { values in
            let (field, layers) = (values.integer("model.receptive_field"), values.integer("model.layers"))
            guard field == 0 || (5...2 * layers + 1).contains(field) else {
                return (
                    "model.receptive_field",
                    "\(layers) layers cannot see \(field) pixels: expected 0 or 5 to \(2 * layers + 1)"
                )
            }
            return nil
        },
        size: { values in
            let (channels, layers) = (values.number("model.scale"), values.number("model.layers"))
            let side = values.number("dataset.resolution")
            return NetworkSize(
                parameters: 9 * channels * (2 + channels * (layers - 2)), places: channels * side * side * layers)
        },
        memory: blindMemory, cost: blindCost)
}
