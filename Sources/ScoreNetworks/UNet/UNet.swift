import Diffusion
import Tensors

/// A published U-Net, forward and backward.
final class UNet<S: LaneScalar>: NetworkCore {
    let configuration: UNetConfiguration
    let layout: UNetLayout
    let workspace: Workspace<S>
    var plan: NetworkPlan { layout.plan }
    var hasBatchStatistics: Bool { false }

    private var embeddingPlace: UnsafeMutablePointer<S>?
    private var inputGradientPlace: UnsafeMutablePointer<S>

    init(
        _ configuration: UNetConfiguration, for use: NetworkUse, on machine: any LaneMachine<S>
    ) throws(NetworkError) {
        self.configuration = configuration
        layout = try UNetLayout(configuration)
        try layout.plan.check(S.self, for: use)
        workspace = Workspace(layout.plan, for: use, on: machine)
        inputGradientPlace = workspace.gradientBuffers[0]
    }

    private init(twinOf other: UNet) {
        configuration = other.configuration
        layout = other.layout
        workspace = other.workspace.twin()
        inputGradientPlace = workspace.gradientBuffers[0]
    }

    func twin() -> UNet { UNet(twinOf: self) }
    func pass(groups: Int) { workspace.machine.pass(groups: groups) }
    func input(_ group: Int) -> UnsafeMutablePointer<S> { place(layout.input, group) }
    func output(_ group: Int) -> UnsafeMutablePointer<S> { place(layout.output, group) }
    func outputGradient(_ group: Int) -> UnsafeMutablePointer<S> { place(layout.outputGradient, group) }
    func inputGradient(_ group: Int) -> UnsafeMutablePointer<S> {
        inputGradientPlace + group * workspace.machine.groupStep
    }

    private func place(_ offset: Int, _ group: Int) -> UnsafeMutablePointer<S> {
        workspace.activations + offset + group * workspace.machine.groupStep
    }

    func parametersChanged() {
        layout.embedding.pack(workspace)
        layout.first.pack(workspace)
        for stage in layout.stages {
            stage.block.pack(workspace)
            stage.auxiliary?.residual.pack(workspace)
        }
        layout.outputNorm.pack(workspace)
        layout.outputConvolution.pack(workspace)
    }

    func forward(images: Int, noise: [Double], labels: [S]?, dropout: Dropout?, training: Bool) {
        let w = workspace
        let a = w.activations
        let side = configuration.resolution
        let embedding = layout.embedding.forward(w, noise: noise, augmentation: labels)
        layout.first.forward(w, a + layout.input, side: side, out: a + layout.skips[0].place)
        for stage in layout.stages {
            stage.block.forward(
                w, a + stage.input, embedding: embedding, dropout: dropout, out: a + stage.output)
            if let auxiliary = stage.auxiliary {
                auxiliary.residual.forward(
                    w, a + auxiliary.input, scale: skipScale, addingTo: a + stage.output)
            }
        }
        layout.outputNorm.forward(w, a + last, pixels: side * side, out: a + layout.lastActive)
        layout.outputConvolution.forward(w, a + layout.lastActive, side: side, out: a + layout.output)
        embeddingPlace = embedding
    }

    func backward(images: Int, augmented: Bool, dropout: Dropout?, inputGradient wanted: Bool) {
        guard let embedding = embeddingPlace else { return }
        let w = workspace
        let a = w.activations
        let side = configuration.resolution
        let dy = outputGradient(0)
        let dEmbedding = a + layout.embeddingGradient
        w.machine.clear(dEmbedding, configuration.embeddingWidth * laneCount)

        layout.outputConvolution.parameterGradient(w, x: a + layout.lastActive, dy: dy, side: side)
        layout.outputConvolution.inputGradient(w, dy, side: side, out: w.temporaries[0])
        var gradient = w.gradientBuffers[0]
        layout.outputNorm.backward(
            w, x: a + last, dy: w.temporaries[0], pixels: side * side, dx: gradient)

        // The gradients by the entries of the stack of skips; entry i is the input of the encoder's stage i.
        var skipGradients: [UnsafeMutablePointer<S>?] = layout.skips.map { _ in nil }
        // The gradient by the auxiliary path's input, and the stage whose output that was; nil for the network's input.
        var auxiliaryGradient: (source: Int?, Int, Int)?
        for (i, stage) in layout.stages.enumerated().reversed() {
            if let auxiliary = stage.auxiliary {
                if let (source, place, vectors) = auxiliaryGradient, source == i {
                    add(a + place, vectors, to: gradient)
                }
                auxiliary.residual.backward(w, dy: gradient, scale: skipScale, dx: a + auxiliary.gradient)
                let residual = auxiliary.residual
                auxiliaryGradient = (
                    auxiliary.source, auxiliary.gradient, residual.inputs * residual.side * residual.side
                )
            }
            let target = stage.concatenatedGradient.map { a + $0 } ?? w.otherGradient(than: gradient)
            gradient = stage.block.backward(
                w, x: a + stage.input, embedding: embedding, dropout: dropout, dy: gradient,
                add: skipGradients.indices.contains(i) ? skipGradients[i] : nil, dx: target,
                embeddingGradient: dEmbedding)
            if let skip = stage.skip {
                skipGradients[skip] = gradient + (layout.skips[skip].place - stage.input)
            }
        }
        layout.first.parameterGradient(w, x: a + layout.input, dy: gradient, side: side)
        if w.use == .training { layout.embedding.backward(w, dy: dEmbedding, augmented: augmented) }
        guard wanted else { return }
        let target = w.otherGradient(than: gradient)
        layout.first.inputGradient(w, gradient, side: side, out: target)
        if let (_, place, vectors) = auxiliaryGradient { add(a + place, vectors, to: target) }
        inputGradientPlace = target
    }

    private var skipScale: S { S(layout.style.squaredSkipScale).squareRoot() }
    private var last: Int { layout.stages.last?.output ?? layout.skips[0].place }
    private func add(_ x: UnsafeMutablePointer<S>?, _ vectors: Int, to y: UnsafeMutablePointer<S>) {
        if let x { workspace.kernels.add(x, vectors, y) }
    }
}
