import Tensors

/// The layers of a blind network in order, with the places of what they read and write in a group's memory.
struct BlindLayout {
    enum Layer {
        case convolution(Convolution, side: Int)
        /// The bias-free normalisation and its ReLU.
        case scaling(BatchScaling)
        case relu(vectors: Int)
        /// Means over 2×2 pixels of images of `side` pixels a row.
        case pool(channels: Int, side: Int)
        case upsampling(TransposedConvolution)
        /// Takes an output of the encoder along.
        case copy(vectors: Int)
    }

    struct Step {
        var layer: Layer
        var input: Int
        var output: Int
        /// Those of the layer, in the flat vector.
        var parameters: Range<Int>
    }

    private(set) var plan = NetworkPlan()
    private(set) var steps: [Step] = []
    let input: Int
    private(set) var output: Int

    init(_ configuration: BlindConfiguration) throws(NetworkError) {
        try configuration.check()
        let side = configuration.resolution
        input = plan.activation(configuration.imageChannels * side * side)
        output = input
        switch configuration.kind {
        case .unet(let blocks): addUNet(configuration, blocks: blocks)
        case .cnn(let layers, let linearFirst, let field):
            addCNN(configuration, layers: layers, linearFirst: linearFirst, receptiveField: field)
        }
        output = steps.last?.output ?? input
    }

    private mutating func addCNN(
        _ configuration: BlindConfiguration, layers: Int, linearFirst: Bool, receptiveField: Int?
    ) {
        let (side, channels) = (configuration.resolution, configuration.kernels)
        var place = convolve(
            "conv_layers.0", from: input, inputs: configuration.imageChannels, outputs: channels, side: side)
        if !linearFirst { place = rectify(place, channels: channels, side: side) }
        for layer in 1..<layers - 1 {
            let isWide = BlindConfiguration.isWide(layer, layers: layers, receptiveField: receptiveField)
            place = convolve(
                "conv_layers.\(layer)", from: place, inputs: channels, outputs: channels, side: side,
                kernel: isWide ? 3 : 1)
            place = scale("BN_layers.\(layer - 1)", place, channels: channels, side: side)
        }
        _ = convolve(
            "conv_layers.\(layers - 1)", from: place, inputs: channels, outputs: configuration.imageChannels,
            side: side)
    }

    private mutating func addUNet(_ configuration: BlindConfiguration, blocks: Int) {
        let first = configuration.kernels
        var place = convolve(
            "encoder.0.0", from: input, inputs: configuration.imageChannels, outputs: first,
            side: configuration.resolution)
        place = rectify(place, channels: first, side: configuration.resolution)
        place = convolve("encoder.0.2", from: place, inputs: first, outputs: first, side: configuration.resolution)
        place = scale("encoder.0.3", place, channels: first, side: configuration.resolution)
        var skips = [place]
        for level in 1...blocks {
            let (inputs, outputs) = (first << (level - 1), first << level)
            let side = configuration.resolution >> level
            place = append(.pool(channels: inputs, side: 2 * side), from: place, vectors: inputs * side * side)
            let name = level == blocks ? "mid_block" : "encoder.\(level)"
            place = addPair(name, from: place, inputs: inputs, outputs: outputs, side: side)
            if level < blocks { skips.append(place) }
        }
        for level in (0..<blocks).reversed() {
            let (below, channels) = (first << (level + 1), first << level)
            let side = configuration.resolution >> level
            let vectors = channels * side * side
            let before = plan.parameterCount
            let upsampling = TransposedConvolution(
                "upsample.\(level)", inputs: below, outputs: channels, side: side / 2, plan: &plan)
            // Upsampled channels first, those of the encoder after them.
            let joined = plan.activation(2 * vectors)
            steps.append(
                Step(
                    layer: .upsampling(upsampling), input: place, output: joined,
                    parameters: before..<plan.parameterCount))
            steps.append(
                Step(
                    layer: .copy(vectors: vectors), input: skips[level], output: joined + vectors * laneCount,
                    parameters: 0..<0))
            if level > 0 {
                place = addPair(
                    "decoder.\(level)", from: joined, inputs: 2 * channels, outputs: channels, side: side)
            } else {
                place = convolve(
                    "decoder.0.0", from: joined, inputs: 2 * channels, outputs: channels, side: side)
                place = scale("decoder.0.1", place, channels: channels, side: side)
                _ = convolve(
                    "decoder.0.3", from: place, inputs: channels, outputs: configuration.imageChannels, side: side)
            }
        }
    }

    /// Two convolutions, each followed by its normalisation.
    private mutating func addPair(_ name: String, from: Int, inputs: Int, outputs: Int, side: Int) -> Int {
        var place = convolve("\(name).0", from: from, inputs: inputs, outputs: outputs, side: side)
        place = scale("\(name).1", place, channels: outputs, side: side)
        place = convolve("\(name).3", from: place, inputs: outputs, outputs: outputs, side: side)
        return scale("\(name).4", place, channels: outputs, side: side)
    }

    private mutating func convolve(
        _ name: String, from: Int, inputs: Int, outputs: Int, side: Int, kernel: Int = 3
    ) -> Int {
        let before = plan.parameterCount
        let layer = Convolution(
            name, inputs: inputs, outputs: outputs, kernel: kernel, bias: false, start: .he, pixels: side * side,
            plan: &plan)
        return append(
            .convolution(layer, side: side), from: from, vectors: outputs * side * side,
            parameters: before..<plan.parameterCount)
    }

    private mutating func scale(_ name: String, _ from: Int, channels: Int, side: Int) -> Int {
        let layer = BatchScaling(name, channels: channels, pixels: side * side, plan: &plan)
        return append(.scaling(layer), from: from, vectors: channels * side * side)
    }

    private mutating func rectify(_ from: Int, channels: Int, side: Int) -> Int {
        append(.relu(vectors: channels * side * side), from: from, vectors: channels * side * side)
    }

    private mutating func append(
        _ layer: Layer, from input: Int, vectors: Int, parameters: Range<Int> = 0..<0
    ) -> Int {
        let output = plan.activation(vectors)
        steps.append(Step(layer: layer, input: input, output: output, parameters: parameters))
        return output
    }
}
