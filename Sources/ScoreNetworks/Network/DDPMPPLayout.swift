import Tensors

/// The layers of a `ddpmpp` network in order, with their places in memory.
struct DDPMPPLayout {
    /// A block of the encoder or decoder and where its input and output are.
    struct Stage {
        var block: ResidualBlock
        var input: Int
        var output: Int
        /// For blocks of the decoder that take a skip: which entry of the stack, from the bottom.
        var skip: Int?
        /// Whether the output is pushed on the stack.
        var pushes: Bool
        /// Where the gradient of a concatenated input stays until the encoder takes its part.
        var concatenatedGradient: Int?
    }

    /// An entry of the stack of skips: the output of a layer of the encoder.
    struct Skip {
        var place: Int
        var channels: Int
        var side: Int
        var vectors: Int { channels * side * side }
    }

    let configuration: DDPMPPConfiguration
    private(set) var plan = NetworkPlan()
    let embedding: NoiseEmbedding
    let first: Convolution
    let input: Int
    private(set) var stages: [Stage] = []
    private(set) var skips: [Skip] = []
    let outputNorm: GroupNormalisation
    let outputConvolution: Convolution
    let lastActive: Int
    let output: Int
    let embeddingGradient: Int

    /// Throws a `NetworkError` that names the layer where the sizes do not fit.
    init(_ configuration: DDPMPPConfiguration) throws(NetworkError) {
        try configuration.check()
        self.configuration = configuration
        let resolution = configuration.resolution
        let images = configuration.imageChannels
        var plan = NetworkPlan()
        embedding = NoiseEmbedding(
            channels: configuration.modelChannels, labels: configuration.augmentLabels, plan: &plan)
        embeddingGradient = plan.activation(configuration.embeddingWidth)
        first = Convolution(
            "model.enc.\(resolution)x\(resolution)_conv", inputs: images, outputs: configuration.modelChannels,
            kernel: 3, pixels: resolution * resolution, plan: &plan)
        input = plan.activation(images * resolution * resolution)

        var stages = try Self.encoder(configuration, plan: &plan)
        let skips = Self.placeSkips(stages, configuration, plan: &plan)
        try Self.decoder(configuration, skips: skips, stages: &stages, plan: &plan)
        Self.place(&stages, skips: skips, plan: &plan)

        let last = configuration.modelChannels * configuration.multipliers[0]
        let pixels = resolution * resolution
        outputNorm = try GroupNormalisation(
            "model.dec.\(resolution)x\(resolution)_aux_norm", channels: last, silu: true, plan: &plan)
        outputConvolution = Convolution(
            "model.dec.\(resolution)x\(resolution)_aux_conv", inputs: last, outputs: images, kernel: 3, gain: 1e-5,
            pixels: pixels, plan: &plan)
        lastActive = plan.activation(last * pixels)
        output = plan.activation(images * pixels)
        plan.temporary(0, max(last, images) * pixels)
        plan.gradient(max(last, images, configuration.modelChannels) * pixels)
        self.stages = stages
        self.skips = skips
        self.plan = plan
    }

    private static func name(_ part: String, _ side: Int, _ layer: String) -> String {
        "model.\(part).\(side)x\(side)_\(layer)"
    }

    private static func encoder(
        _ configuration: DDPMPPConfiguration, plan: inout NetworkPlan
    ) throws(NetworkError) -> [Stage] {
        var stages: [Stage] = []
        var channels = configuration.modelChannels
        for (level, multiplier) in configuration.multipliers.enumerated() {
            let side = configuration.resolution >> level
            if level > 0 {
                let block = try ResidualBlock(
                    name("enc", side, "down"), inputs: channels, outputs: channels, side: side, resampling: .down,
                    embedding: configuration.embeddingWidth, dropout: configuration.dropout > 0, number: stages.count,
                    plan: &plan)
                stages.append(Stage(block: block, input: 0, output: 0, pushes: true))
            }
            for number in 0..<configuration.blocks {
                let target = configuration.modelChannels * multiplier
                let block = try ResidualBlock(
                    name("enc", side, "block\(number)"), inputs: channels, outputs: target, side: side,
                    attention: configuration.attentionResolutions.contains(side),
                    embedding: configuration.embeddingWidth, dropout: configuration.dropout > 0, number: stages.count,
                    plan: &plan)
                stages.append(Stage(block: block, input: 0, output: 0, pushes: true))
                channels = target
            }
        }
        return stages
    }

    /// The stack after the encoder: the first convolution's output, then that of every stage.
    private static func placeSkips(
        _ stages: [Stage], _ configuration: DDPMPPConfiguration, plan: inout NetworkPlan
    ) -> [Skip] {
        let sizes =
            [(configuration.modelChannels, configuration.resolution)] + stages.map { ($0.block.outputs, $0.block.side) }
        return sizes.map { channels, side in
            Skip(place: plan.activation(channels * side * side), channels: channels, side: side)
        }
    }

    private static func decoder(
        _ configuration: DDPMPPConfiguration, skips: [Skip], stages: inout [Stage], plan: inout NetworkPlan
    ) throws(NetworkError) {
        var stack = Array(skips.indices)
        var channels = skips.last?.channels ?? configuration.modelChannels
        for (level, multiplier) in configuration.multipliers.enumerated().reversed() {
            let side = configuration.resolution >> level
            func append(
                _ layer: String, _ inputs: Int, _ outputs: Int, _ resampling: ResidualBlock.Resampling,
                _ attention: Bool,
                _ skip: Int?
            ) throws(NetworkError) {
                let block = try ResidualBlock(
                    name("dec", side, layer), inputs: inputs, outputs: outputs, side: side, resampling: resampling,
                    attention: attention, embedding: configuration.embeddingWidth,
                    dropout: configuration.dropout > 0, number: stages.count, plan: &plan)
                stages.append(Stage(block: block, input: 0, output: 0, skip: skip, pushes: false))
            }
            if level == configuration.multipliers.count - 1 {
                try append("in0", channels, channels, .none, true, nil)
                try append("in1", channels, channels, .none, false, nil)
            } else {
                try append("up", channels, channels, .up, false, nil)
            }
            for number in 0...configuration.blocks {
                let skip = stack.removeLast()
                let target = configuration.modelChannels * multiplier
                let attention =
                    number == configuration.blocks && configuration.attentionResolutions.contains(side)
                try append("block\(number)", channels + skips[skip].channels, target, .none, attention, skip)
                channels = target
            }
        }
    }

    /// Decides where inputs and outputs lie. A block whose successor concatenates writes the first part of that
    /// successor's input, so that only the skip is copied.
    private static func place(_ stages: inout [Stage], skips: [Skip], plan: inout NetworkPlan) {
        var current = skips[0].place
        for i in stages.indices {
            let block = stages[i].block
            let vectors = block.outputs * block.side * block.side
            if stages[i].skip != nil {
                let pixels = block.side * block.side
                stages[i].concatenatedGradient = plan.activation(block.inputs * pixels)
            }
            stages[i].input = current
            if stages[i].pushes {
                // Entry 0 of the stack is the first convolution's.
                stages[i].output = skips[i + 1].place
                if i + 1 < stages.count, stages[i + 1].skip != nil {
                    preconditionFailure("the decoder begins without a concatenation")
                }
            } else if i + 1 < stages.count, stages[i + 1].skip != nil {
                let next = stages[i + 1].block
                stages[i].output = plan.activation(next.inputs * next.side * next.side)
            } else {
                stages[i].output = plan.activation(vectors)
            }
            current = stages[i].output
        }
    }
}
