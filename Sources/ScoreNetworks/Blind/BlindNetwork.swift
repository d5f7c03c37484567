import Diffusion
import Tensors

/// A bias-free blind network, which estimates the noise in an image. In training its normalisation takes the statistics
/// of the whole batch, so that all groups pass each layer together; the threads of a team share them.
final class BlindNetwork<S: LaneScalar>: NetworkCore {
    private let layout: BlindLayout
    private let team: ThreadTeam
    /// One workspace for each of the team's threads; all have the first one's parameters.
    private let workspaces: [Workspace<S>]
    var workspace: Workspace<S> { workspaces[0] }
    var plan: NetworkPlan { layout.plan }
    var hasBatchStatistics: Bool { true }

    /// Outputs and gradients of the groups that pass the layers together. Where the machine lets no two groups pass, those
    /// of one follow those of another.
    private var activations: UnsafeMutablePointer<S>
    private var buffer: LaneBuffer<S>?
    private var wasTraining = false

    init(
        _ configuration: BlindConfiguration, for use: NetworkUse, on machine: any LaneMachine<S>, team: ThreadTeam
    ) throws(NetworkError) {
        layout = try BlindLayout(configuration, for: use)
        try layout.plan.check(S.self, for: use)
        let team = use == .training ? team : ThreadTeam(1)
        self.team = team
        let isHost = machine.mostGroups == 1
        let first = Workspace<S>(layout.plan, for: use, on: machine, activations: !isHost)
        workspaces = [first] + (1..<team.count).map { _ in first.twin(activations: false) }
        activations = first.activations
        if isHost { pass(groups: 1) }
    }

    private init(twinOf other: BlindNetwork) {
        layout = other.layout
        team = ThreadTeam(1)
        workspaces = [other.workspace.twin(activations: false)]
        activations = workspaces[0].activations
        pass(groups: 1)
    }

    func twin() -> BlindNetwork { BlindNetwork(twinOf: self) }

    func parametersChanged() {
        for stage in layout.stages {
            if case .joined(_, let upsampling, _) = stage.source { upsampling.pack(workspace) }
            stage.convolution.pack(workspace)
        }
    }

    func pass(groups: Int) {
        workspace.machine.pass(groups: groups)
        let count = groups * layout.plan.activationCount
        guard passesOneByOne, buffer.map({ $0.count < count }) ?? true else { return }
        // The old memory is given back before the new one is taken.
        buffer = nil
        let larger = LaneBuffer<S>(count: count)
        (buffer, activations) = (larger, larger.base)
    }

    /// Whether a kernel is called for every group, or once for all.
    private var passesOneByOne: Bool { workspace.machine.mostGroups == 1 }
    private func calls(_ images: Int) -> Int { passesOneByOne ? groupCount(images) : 1 }

    func input(_ group: Int) -> UnsafeMutablePointer<S> { place(layout.input, group) }
    func output(_ group: Int) -> UnsafeMutablePointer<S> { place(layout.output.output, group) }
    func outputGradient(_ group: Int) -> UnsafeMutablePointer<S> { place(layout.output.gradient, group) }
    func inputGradient(_ group: Int) -> UnsafeMutablePointer<S> { place(layout.inputGradient, group) }

    func forward(images: Int, noise: [Double], labels: [S]?, dropout: Dropout?, training: Bool) {
        wasTraining = training
        let groups = calls(images)
        for stage in layout.stages {
            team.share(groups) { thread, group in
                let w = workspaces[thread]
                let x = makeInput(of: stage, group, w)
                stage.convolution.forward(
                    w, x, side: stage.side, bias: w.zeros, out: place(stage.output, group))
            }
            if case .scaling(let layer) = stage.activation {
                layer.measure(outputs(of: stage, images: images), training: training)
            }
        }
    }

    func backward(images: Int, augmented: Bool, dropout: Dropout?, inputGradient wanted: Bool) {
        let groups = calls(images)
        for stage in layout.stages.reversed() {
            switch stage.activation {
            case .none: break
            case .relu:
                team.share(groups) { _, group in
                    let gradient = place(stage.gradient, group)
                    workspace.kernels.reluBackward(place(stage.output, group), gradient, stage.vectors, gradient)
                }
            case .scaling(let layer):
                layer.backward(
                    outputs(of: stage, images: images), gradients: (0..<groups).map { place(stage.gradient, $0) },
                    training: wasTraining)
            }
            team.inOrder(groups) { thread, group in
                goBack(through: stage, group, workspaces[thread], inputGradient: wanted)
            } then: { thread, _ in
                if thread > 0 { workspace.takeGradients(stage.parameters, of: workspaces[thread]) }
            }
        }
    }

    /// The input of a stage's convolution, made of other stages' outputs in the thread's temporaries.
    private func makeInput(of stage: BlindStage, _ group: Int, _ w: Workspace<S>) -> UnsafeMutablePointer<S> {
        let t = w.temporaries
        switch stage.source {
        case .image: return input(group)
        case .stage(let number): activate(number, group, to: t[0])
        case .pooled(let number):
            activate(number, group, to: t[1])
            let side = 2 * stage.side
            workspace.kernels.gather2x2(t[1], stage.convolution.inputs, side, side, 0.25, t[0])
        case .joined(let below, let upsampling, let skip):
            activate(below, group, to: t[2])
            upsampling.forward(w, t[2], out: t[0])
            activate(skip, group, to: t[0] + layout.stages[skip].vectors * laneCount)
        }
        return t[0]
    }

    /// Writes the active output of stage `number`, which other stages read.
    private func activate(_ number: Int, _ group: Int, to y: UnsafeMutablePointer<S>) {
        let stage = layout.stages[number]
        let x = place(stage.output, group)
        switch stage.activation {
        case .none: workspace.machine.copy(x, stage.vectors * laneCount, to: y)
        case .relu: workspace.kernels.relu(x, stage.vectors, y)
        case .scaling(let layer): layer.forward(workspace, x, to: y)
        }
    }

    /// Finds, from the gradient by a stage's output, the gradients by its parameters and by the outputs it was made of.
    private func goBack(through stage: BlindStage, _ group: Int, _ w: Workspace<S>, inputGradient wanted: Bool) {
        let t = w.temporaries
        let (layer, side) = (stage.convolution, stage.side)
        let dy = place(stage.gradient, group)
        if w.use == .training {
            layer.parameterGradient(w, x: makeInput(of: stage, group, w), dy: dy, side: side)
        }
        func gradient(_ number: Int) -> UnsafeMutablePointer<S> { place(layout.stages[number].gradient, group) }
        switch stage.source {
        case .image: if wanted { layer.inputGradient(w, dy, side: side, out: inputGradient(group)) }
        case .stage(let number): layer.inputGradient(w, dy, side: side, out: gradient(number))
        case .pooled(let number):
            layer.inputGradient(w, dy, side: side, out: t[0])
            // The decoder has left the gradient by its part of this output in the same place.
            workspace.kernels.spread2x2(t[0], layer.inputs, 2 * side, 2 * side, 0.25, 1, gradient(number))
        case .joined(let below, let upsampling, let skip):
            layer.inputGradient(w, dy, side: side, out: t[0])
            let vectors = layout.stages[skip].vectors
            workspace.machine.copy(t[0] + vectors * laneCount, vectors * laneCount, to: gradient(skip))
            if w.use == .training { activate(below, group, to: t[2]) }
            upsampling.backward(w, x: t[2], dy: t[0], dx: gradient(below))
        }
    }

    private func groupCount(_ images: Int) -> Int { (images + laneCount - 1) / laneCount }

    private func outputs(of stage: BlindStage, images: Int) -> BatchScaling.Groups<S> {
        BatchScaling.Groups(
            images: images, places: (0..<calls(images)).map { place(stage.output, $0) }, team: team,
            workspaces: workspaces)
    }

    private func place(_ offset: Int, _ group: Int) -> UnsafeMutablePointer<S> {
        activations + group * (passesOneByOne ? layout.plan.activationCount : workspace.machine.groupStep) + offset
    }
}
