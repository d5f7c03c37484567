import Tensors

/// The layers of a U-Net in order, with their places in memory.
struct UNetLayout {
    /// A block of the encoder or decoder, and the places of its input and output.
    struct Stage {
        var block: ResidualBlock
        var input: Int
        var output: Int
        /// The entry of the stack, from the bottom, that a block of the decoder takes as a skip; nil for other blocks.
        var skip: Int?
        /// Whether the output is pushed on the stack.
        var pushes: Bool
        /// ncsnpp's path from the image of the level above, which is added to the output.
        var auxiliary: Auxiliary?
        /// Where the gradient of a concatenated input stays until the encoder takes its part.
        var concatenatedGradient: Int?
    }

    struct Auxiliary {
        var residual: AuxiliaryResidual
        /// Where the path's input lies: the network's input, or the output of the last stage before that has such a path.
        var input: Int
        /// The stage whose output is the path's input; nil for the network's input.
        var source: Int?
        /// Where the gradient by the path's input stays until the backward pass comes to that input.
        var gradient: Int
    }

    /// An entry of the stack of skips: the output of a layer of the encoder, which lies in the input of the block that
    /// takes it.
    struct Skip {
        var place: Int
        var channels: Int
        var side: Int
    }

    let configuration: UNetConfiguration
    let style: UNetStyle
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
    let outputGradient: Int
    let embeddingGradient: Int

    /// Throws a `NetworkError` that names the layer where the sizes do not fit.
    init(_ configuration: UNetConfiguration) throws(NetworkError) {
        try configuration.check()
        self.configuration = configuration
        style = UNetStyle(architecture: configuration.architecture)
        let resolution = configuration.resolution
        let images = configuration.imageChannels
        var plan = NetworkPlan()
        embedding = NoiseEmbedding(
            channels: style.waveCount(configuration.modelChannels), width: configuration.embeddingWidth,
            labels: configuration.augmentLabels, style: style, plan: &plan)
        embeddingGradient = plan.activation(configuration.embeddingWidth)
        first = Convolution(
            "model.enc.\(resolution)x\(resolution)_conv", inputs: images, outputs: configuration.firstChannels,
            kernel: 3, start: style.start, pixels: resolution * resolution, plan: &plan)
        input = plan.activation(images * resolution * resolution)

        var stages = try Self.encoder(configuration, plan: &plan)
        var skips = Self.stack(stages, configuration)
        try Self.decoder(configuration, skips: skips, stages: &stages, plan: &plan)
        Self.place(&stages, skips: &skips, plan: &plan)
        Self.placeAuxiliaries(&stages, networkInput: input, plan: &plan)

        let last = configuration.modelChannels * configuration.multipliers[0]
        let pixels = resolution * resolution
        let names = style.outputNames(side: resolution)
        outputNorm = try GroupNormalisation(
            names.norm, channels: last, epsilon: style.epsilon, silu: true, plan: &plan)
        outputConvolution = Convolution(
            names.convolution, inputs: last, outputs: images, kernel: 3, start: style.closingStart, pixels: pixels,
            plan: &plan)
        lastActive = plan.activation(last * pixels)
        output = plan.activation(images * pixels)
        outputGradient = plan.activation(images * pixels)
        plan.temporary(0, max(last, images) * pixels)
        plan.gradient(max(last, images, configuration.firstChannels) * pixels)
        self.stages = stages
        self.skips = skips
        self.plan = plan
    }

    private static func name(_ part: String, _ side: Int, _ layer: String) -> String {
        "model.\(part).\(side)x\(side)_\(layer)"
    }

    private static func encoder(
        _ configuration: UNetConfiguration, plan: inout NetworkPlan
    ) throws(NetworkError) -> [Stage] {
        let style = UNetStyle(architecture: configuration.architecture)
        var stages: [Stage] = []
        var channels = configuration.firstChannels
        var auxiliaryChannels = configuration.imageChannels
        for (level, multiplier) in configuration.multipliers.enumerated() {
            let side = configuration.resolution >> level
            if level > 0 {
                let block = try ResidualBlock(
                    name("enc", side, "down"), inputs: channels, outputs: channels, side: side, resampling: .down,
                    style: style, embedding: configuration.embeddingWidth, dropout: configuration.dropout > 0,
                    number: stages.count, plan: &plan)
                var stage = Stage(block: block, input: 0, output: 0, pushes: true)
                if style.hasAuxiliaryResiduals {
                    let residual = AuxiliaryResidual(
                        name("enc", side, "aux_residual"), inputs: auxiliaryChannels, outputs: channels,
                        side: 2 * side, start: style.start, plan: &plan)
                    stage.auxiliary = Auxiliary(residual: residual, input: 0, source: nil, gradient: 0)
                    auxiliaryChannels = channels
                }
                stages.append(stage)
            }
            for number in 0..<configuration.blocks {
                let target = configuration.modelChannels * multiplier
                let block = try ResidualBlock(
                    name("enc", side, "block\(number)"), inputs: channels, outputs: target, side: side,
                    heads: configuration.attentionResolutions.contains(side) ? style.heads(target) : 0, style: style,
                    embedding: configuration.embeddingWidth, dropout: configuration.dropout > 0, number: stages.count,
                    plan: &plan)
                stages.append(Stage(block: block, input: 0, output: 0, pushes: true))
                channels = target
            }
        }
        return stages
    }

    /// The stack after the encoder: the first convolution's output, then that of every stage.
    private static func stack(_ stages: [Stage], _ configuration: UNetConfiguration) -> [Skip] {
        let sizes =
            [(configuration.firstChannels, configuration.resolution)] + stages.map { ($0.block.outputs, $0.block.side) }
        return sizes.map { channels, side in
            Skip(place: 0, channels: channels, side: side)
        }
    }

    private static func decoder(
        _ configuration: UNetConfiguration, skips: [Skip], stages: inout [Stage], plan: inout NetworkPlan
    ) throws(NetworkError) {
        let style = UNetStyle(architecture: configuration.architecture)
        var stack = Array(skips.indices)
        var channels = skips.last?.channels ?? configuration.firstChannels
        for (level, multiplier) in configuration.multipliers.enumerated().reversed() {
            let side = configuration.resolution >> level
            func append(
                _ layer: String, _ inputs: Int, _ outputs: Int, _ resampling: Resampling, _ attention: Bool,
                _ skip: Int?
            ) throws(NetworkError) {
                let block = try ResidualBlock(
                    name("dec", side, layer), inputs: inputs, outputs: outputs, side: side, resampling: resampling,
                    heads: attention ? style.heads(outputs) : 0, style: style,
                    embedding: configuration.embeddingWidth,
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
                    (style.attendsInEveryDecoderBlock || number == configuration.blocks)
                    && configuration.attentionResolutions.contains(side)
                try append("block\(number)", channels + skips[skip].channels, target, .none, attention, skip)
                channels = target
            }
        }
    }

    /// Decides where inputs and outputs lie. The stage before a concatenation and the one that the skip comes from write
    /// their parts of it, so that nothing is copied.
    private static func place(_ stages: inout [Stage], skips: inout [Skip], plan: inout NetworkPlan) {
        for i in stages.indices {
            guard let skip = stages[i].skip else { continue }
            let block = stages[i].block
            let pixels = block.side * block.side
            stages[i].input = plan.activation(block.inputs * pixels)
            stages[i].concatenatedGradient = plan.activation(block.inputs * pixels)
            skips[skip].place = stages[i].input + (block.inputs - skips[skip].channels) * pixels * laneCount
        }
        var current = skips[0].place
        for i in stages.indices {
            let block = stages[i].block
            if stages[i].skip == nil { stages[i].input = current }
            if stages[i].pushes {
                // Entry 0 of the stack is the first convolution's.
                stages[i].output = skips[i + 1].place
            } else if i + 1 < stages.count, stages[i + 1].skip != nil {
                stages[i].output = stages[i + 1].input
            } else {
                stages[i].output = plan.activation(block.outputs * block.side * block.side)
            }
            current = stages[i].output
        }
    }

    private static func placeAuxiliaries(_ stages: inout [Stage], networkInput: Int, plan: inout NetworkPlan) {
        var input = networkInput
        var source: Int?
        for i in stages.indices {
            guard let residual = stages[i].auxiliary?.residual else { continue }
            let vectors = residual.inputs * residual.side * residual.side
            stages[i].auxiliary = Auxiliary(
                residual: residual, input: input, source: source, gradient: plan.activation(vectors))
            input = stages[i].output
            source = i
        }
    }
}
