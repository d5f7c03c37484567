/// The stages of a blind network in order, with their places in a group's memory.
struct BlindLayout {
    private(set) var plan = NetworkPlan()
    private(set) var stages: [BlindStage] = []
    private(set) var input = 0
    private(set) var inputGradient = 0
    var output: BlindStage { stages[newest] }

    private var newest: Int { stages.count - 1 }

    init(_ configuration: BlindConfiguration, for use: NetworkUse) throws(NetworkError) {
        try configuration.check()
        switch configuration.kind {
        case .unet(let blocks): addUNet(configuration, blocks: blocks)
        case .cnn(let layers, let linearFirst, let field):
            addCNN(configuration, layers: layers, linearFirst: linearFirst, receptiveField: field)
        }
        place(image: configuration.imageShape.count, for: use)
        for stage in stages { addTemporaries(of: stage) }
    }

    private mutating func addCNN(
        _ configuration: BlindConfiguration, layers: Int, linearFirst: Bool, receptiveField: Int?
    ) {
        let (side, channels) = (configuration.resolution, configuration.kernels)
        convolve("conv_layers.0", .image, inputs: configuration.imageChannels, outputs: channels, side: side)
        if !linearFirst { rectify() }
        for layer in 1..<layers - 1 {
            let isWide = BlindConfiguration.isWide(layer, layers: layers, receptiveField: receptiveField)
            convolve(
                "conv_layers.\(layer)", .stage(newest), inputs: channels, outputs: channels, side: side,
                kernel: isWide ? 3 : 1)
            scale("BN_layers.\(layer - 1)")
        }
        convolve(
            "conv_layers.\(layers - 1)", .stage(newest), inputs: channels, outputs: configuration.imageChannels,
            side: side)
    }

    private mutating func addUNet(_ configuration: BlindConfiguration, blocks: Int) {
        let (first, images) = (configuration.kernels, configuration.imageChannels)
        convolve("encoder.0.0", .image, inputs: images, outputs: first, side: configuration.resolution)
        rectify()
        convolve("encoder.0.2", .stage(newest), inputs: first, outputs: first, side: configuration.resolution)
        scale("encoder.0.3")
        var skips: [Int] = []
        for level in 1...blocks {
            skips.append(newest)
            addPair(
                level == blocks ? "mid_block" : "encoder.\(level)", .pooled(newest), inputs: first << (level - 1),
                outputs: first << level, side: configuration.resolution >> level)
        }
        for level in (0..<blocks).reversed() {
            let (below, channels) = (first << (level + 1), first << level)
            let side = configuration.resolution >> level
            let parameters = plan.parameterCount
            let upsampling = TransposedConvolution(
                "upsample.\(level)", inputs: below, outputs: channels, side: side / 2, plan: &plan)
            let joined = BlindStage.Source.joined(below: newest, upsampling, skip: skips[level])
            if level > 0 {
                addPair(
                    "decoder.\(level)", joined, inputs: 2 * channels, outputs: channels, side: side,
                    parametersFrom: parameters)
            } else {
                convolve(
                    "decoder.0.0", joined, inputs: 2 * channels, outputs: channels, side: side,
                    parametersFrom: parameters)
                scale("decoder.0.1")
                convolve("decoder.0.3", .stage(newest), inputs: channels, outputs: images, side: side)
            }
        }
    }

    /// Two convolutions, each followed by its normalisation.
    private mutating func addPair(
        _ name: String, _ source: BlindStage.Source, inputs: Int, outputs: Int, side: Int, parametersFrom: Int? = nil
    ) {
        convolve(
            "\(name).0", source, inputs: inputs, outputs: outputs, side: side, parametersFrom: parametersFrom)
        scale("\(name).1")
        convolve("\(name).3", .stage(newest), inputs: outputs, outputs: outputs, side: side)
        scale("\(name).4")
    }

    /// `parametersFrom` is where the source's parameters begin, if it has any.
    private mutating func convolve(
        _ name: String, _ source: BlindStage.Source, inputs: Int, outputs: Int, side: Int, kernel: Int = 3,
        parametersFrom: Int? = nil
    ) {
        let before = parametersFrom ?? plan.parameterCount
        let layer = Convolution(
            name, inputs: inputs, outputs: outputs, kernel: kernel, bias: false, start: .he, pixels: side * side,
            plan: &plan)
        stages.append(
            BlindStage(source: source, convolution: layer, side: side, parameters: before..<plan.parameterCount))
    }

    private mutating func scale(_ name: String) {
        let stage = stages[newest]
        stages[newest].activation = .scaling(
            BatchScaling(
                name, channels: stage.convolution.outputs, pixels: stage.side * stage.side, plan: &plan))
    }

    private mutating func rectify() { stages[newest].activation = .relu }

    /// Decides where all outputs and gradients lie. Each stage has one moment in the forward pass, and two in the backward
    /// pass: the first for its activation, the second for its convolution and source.
    private mutating func place(image: Int, for use: NetworkUse) {
        let count = stages.count
        func back(_ stage: Int) -> Int { count + 2 * (count - 1 - stage) }
        let end = back(0) + 1
        var lastReaders = Array(stages.indices)
        for (reader, stage) in stages.enumerated() {
            for read in stage.source.stages { lastReaders[read] = reader }
        }
        let outputs = stages.indices.map { number in
            let last =
                switch use {
                case .inference: lastReaders[number]
                // Another backward pass may follow without a forward pass between.
                case .inputGradients: end
                case .training: back(number)
                }
            return ActivationNeed(
                vectors: stages[number].vectors, moments: number...(number == newest ? end : last))
        }
        let gradients = stages.indices.map { number in
            let first = number == newest ? back(number) : back(lastReaders[number]) + 1
            return ActivationNeed(vectors: stages[number].vectors, moments: first...back(number) + 1)
        }
        var needs = [ActivationNeed(vectors: image, moments: 0...(use.goesBack ? end : 0))] + outputs
        if use.goesBack { needs += [ActivationNeed(vectors: image, moments: end...end)] + gradients }
        let places = plan.activations(needs)
        input = places[0]
        if use.goesBack { inputGradient = places[count + 1] }
        for number in stages.indices {
            stages[number].output = places[1 + number]
            if use.goesBack { stages[number].gradient = places[count + 2 + number] }
        }
    }

    /// Temporary 0 takes the convolution's input, or the gradient by it; 1 and 2 take the parts that the input is made of.
    private mutating func addTemporaries(of stage: BlindStage) {
        switch stage.source {
        case .image: break
        case .stage: plan.temporary(0, stage.convolution.inputs * stage.side * stage.side)
        case .pooled(let number):
            plan.temporary(0, stage.convolution.inputs * stage.side * stage.side)
            plan.temporary(1, stages[number].vectors)
        case .joined(let below, _, _):
            plan.temporary(0, stage.convolution.inputs * stage.side * stage.side)
            plan.temporary(2, stages[below].vectors)
        }
    }
}
