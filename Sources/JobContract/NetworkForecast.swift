/// Roughly how large the network is that a training's spec describes. For predictions only.
struct NetworkForecast {
    private(set) var parameters = 0.0
    /// Values of the activations of one grey image, kept for the way back.
    private(set) var places = 0.0

    /// Networks that nobody here knows are taken for residual U-Nets.
    init(_ spec: [String: JSONValue]) {
        func number(_ key: String, _ otherwise: Double) -> Double { spec[key]?.doubleValue ?? otherwise }
        let side = number("dataset.resolution", 16)
        switch spec["model.architecture"]?.stringValue {
        case "bf-cnn":
            addCNN(channels: number("model.scale", 64), layers: number("model.layers", 21), pixels: side * side)
        case "bias-free-unet":
            let halvings = min(max(number("model.blocks", 3), 1), 8)
            addBlindUNet(channels: number("model.scale", 64), halvings: Int(halvings), pixels: side * side)
        default:
            let multipliers = spec["model.multipliers"]?.arrayValue?.compactMap(\.doubleValue) ?? [2, 2, 2]
            addResidualUNet(
                channels: multipliers.map { $0 * number("model.scale", 16) }, blocks: number("model.blocks", 4),
                pixels: side * side)
        }
    }

    private mutating func addResidualUNet(channels: [Double], blocks: Double, pixels: Double) {
        var pixels = pixels
        for channels in channels {
            parameters += 54 * (blocks + 1) * channels * channels
            places += channels * pixels * (2 * blocks + 2)
            pixels /= 4
        }
    }

    private mutating func addCNN(channels: Double, layers: Double, pixels: Double) {
        parameters = 9 * channels * (2 + channels * (layers - 2))
        places = channels * pixels * layers
    }

    /// A level has two convolutions on the way down; on the way up a transposed one and two more.
    private mutating func addBlindUNet(channels: Double, halvings: Int, pixels: Double) {
        var (channels, pixels, below) = (channels, pixels, 0.0)
        for level in 0...halvings {
            let hasWayUp = level < halvings
            parameters += 9 * channels * (below + channels) + (hasWayUp ? channels * channels * (8 + 27) : 0)
            places += channels * pixels * (hasWayUp ? 5 : 2)
            (channels, pixels, below) = (2 * channels, pixels / 4, channels)
        }
    }
}
