import Diffusion
import Tensors

/// A bias-free blind network: the noise that it sees in an image. In training its normalisation takes the statistics of
/// the whole batch, so that all groups go through each layer together, shared between the threads of a team.
final class BlindNetwork<S: LaneScalar>: NetworkCore {
    private let layout: BlindLayout
    private let team: ThreadTeam
    /// One for each of the team's threads, with the parameters of the first.
    private let workspaces: [Workspace<S>]
    var workspace: Workspace<S> { workspaces[0] }
    var plan: NetworkPlan { layout.plan }
    var hasBatchStatistics: Bool { true }

    private var activations: LaneBuffer<S>
    /// Gradients by what stands at the same place in `activations`.
    private var gradients: LaneBuffer<S>
    private var wasTraining = false

    init(_ configuration: BlindConfiguration, for use: NetworkUse, team: ThreadTeam) throws(NetworkError) {
        layout = try BlindLayout(configuration)
        try layout.plan.check(S.self, for: use)
        let team = use == .training ? team : ThreadTeam(1)
        self.team = team
        let first = Workspace<S>(layout.plan, for: use, activations: false)
        let plan = layout.plan
        workspaces =
            [first]
            + (1..<team.count).map { _ in Workspace(plan, for: use, activations: false, lender: first) }
        activations = LaneBuffer(count: layout.plan.activationCount)
        gradients = LaneBuffer(count: use.goesBack ? layout.plan.activationCount : 0)
    }

    private init(twinOf other: BlindNetwork) {
        layout = other.layout
        team = ThreadTeam(1)
        let use = other.workspace.use
        workspaces = [Workspace(layout.plan, for: use, activations: false, lender: other.workspace)]
        activations = LaneBuffer(count: layout.plan.activationCount)
        gradients = LaneBuffer(count: use.goesBack ? layout.plan.activationCount : 0)
    }

    func twin() -> BlindNetwork { BlindNetwork(twinOf: self) }

    func parametersChanged() {
        for step in layout.steps {
            switch step.layer {
            case .convolution(let layer, _): layer.pack(workspace)
            case .upsampling(let layer): layer.pack(workspace)
            case .scaling, .relu, .pool, .copy: break
            }
        }
    }

    func reserve(groups: Int) {
        let count = groups * layout.plan.activationCount
        guard activations.count < count else { return }
        activations = LaneBuffer(count: count)
        if workspace.use.goesBack { gradients = LaneBuffer(count: count) }
    }

    func input(_ group: Int) -> UnsafeMutablePointer<S> { place(layout.input, group) }
    func output(_ group: Int) -> UnsafeMutablePointer<S> { place(layout.output, group) }
    func outputGradient(_ group: Int) -> UnsafeMutablePointer<S> { gradient(layout.output, group) }
    func inputGradient(_ group: Int) -> UnsafeMutablePointer<S> { gradient(layout.input, group) }

    func forward(images: Int, noise: [Double], labels: [S]?, dropout: Dropout?, training: Bool) {
        wasTraining = training
        let groups = 0..<(images + laneCount - 1) / laneCount
        for step in layout.steps {
            if case .scaling(let layer) = step.layer {
                let x = BatchScaling.Groups(
                    images: images, places: groups.map { place(step.input, $0) }, team: team, workspaces: workspaces)
                layer.forward(from: x, to: groups.map { place(step.output, $0) }, training: training)
                continue
            }
            team.share(groups.count) { thread, group in
                let w = workspaces[thread]
                let (x, y) = (place(step.input, group), place(step.output, group))
                switch step.layer {
                case .convolution(let layer, let side): layer.forward(w, x, side: side, bias: w.zeros, out: y)
                case .scaling: break
                case .relu(let vectors): S.kernels.relu(x, vectors, y)
                case .pool(let channels, let side): S.kernels.gather2x2(x, channels, side, side, 0.25, y)
                case .upsampling(let layer): layer.forward(w, x, out: y)
                case .copy(let vectors): y.update(from: x, count: vectors * laneCount)
                }
            }
        }
    }

    func backward(images: Int, augmented: Bool, dropout: Dropout?, inputGradient wanted: Bool) {
        let groups = 0..<(images + laneCount - 1) / laneCount
        for (number, step) in layout.steps.enumerated().reversed() {
            if case .scaling(let layer) = step.layer {
                let x = BatchScaling.Groups(
                    images: images, places: groups.map { place(step.input, $0) }, team: team, workspaces: workspaces)
                layer.backward(
                    x: x, y: groups.map { place(step.output, $0) }, dy: groups.map { gradient(step.output, $0) },
                    dx: groups.map { gradient(step.input, $0) }, training: wasTraining)
                continue
            }
            team.inOrder(groups.count) { thread, group in
                let w = workspaces[thread]
                let x = place(step.input, group)
                let (dx, dy) = (gradient(step.input, group), gradient(step.output, group))
                switch step.layer {
                case .convolution(let layer, let side):
                    layer.parameterGradient(w, x: x, dy: dy, side: side)
                    if number > 0 || wanted { layer.inputGradient(w, dy, side: side, out: dx) }
                case .scaling: break
                case .relu(let vectors): S.kernels.reluBackward(place(step.output, group), dy, vectors, dx)
                // The decoder has left the gradient of its copy there.
                case .pool(let channels, let side): S.kernels.spread2x2(dy, channels, side, side, 0.25, 1, dx)
                case .upsampling(let layer): layer.backward(w, x: x, dy: dy, dx: dx)
                case .copy(let vectors): dx.update(from: dy, count: vectors * laneCount)
                }
            } then: { thread, _ in
                if thread > 0 { workspace.takeGradients(step.parameters, of: workspaces[thread]) }
            }
        }
    }

    private func place(_ offset: Int, _ group: Int) -> UnsafeMutablePointer<S> {
        activations.base + group * layout.plan.activationCount + offset
    }

    private func gradient(_ offset: Int, _ group: Int) -> UnsafeMutablePointer<S> {
        gradients.base + group * layout.plan.activationCount + offset
    }
}
