import Diffusion
import Tensors

/// A bias-free blind network: the noise that it sees in an image. In training its normalisation takes the statistics of
/// the whole batch, so that all groups go through each layer together.
final class BlindNetwork<S: LaneScalar>: NetworkCore {
    private let layout: BlindLayout
    let workspace: Workspace<S>
    var plan: NetworkPlan { layout.plan }
    var hasBatchStatistics: Bool { true }

    private var activations: LaneBuffer<S>
    /// Gradients by what stands at the same place in `activations`.
    private var gradients: LaneBuffer<S>
    private var wasTraining = false

    init(_ configuration: BlindConfiguration, training: Bool) throws(NetworkError) {
        layout = try BlindLayout(configuration)
        try layout.plan.check(S.self, training: training)
        workspace = Workspace(layout.plan, training: training, activations: false)
        activations = LaneBuffer(count: layout.plan.activationCount)
        gradients = LaneBuffer(count: training ? layout.plan.activationCount : 0)
    }

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
        if workspace.training { gradients = LaneBuffer(count: count) }
    }

    func input(_ group: Int) -> UnsafeMutablePointer<S> { place(layout.input, group) }
    func output(_ group: Int) -> UnsafeMutablePointer<S> { place(layout.output, group) }
    func outputGradient(_ group: Int) -> UnsafeMutablePointer<S> { gradient(layout.output, group) }
    func inputGradient(_ group: Int) -> UnsafeMutablePointer<S> { gradient(layout.input, group) }

    func forward(images: Int, noise: [Double], labels: [S]?, dropout: Dropout?, training: Bool) {
        wasTraining = training
        let w = workspace
        let groups = 0..<(images + laneCount - 1) / laneCount
        for step in layout.steps {
            if case .scaling(let layer) = step.layer {
                let x = BatchScaling.Groups(images: images, places: groups.map { place(step.input, $0) })
                layer.forward(w, from: x, to: groups.map { place(step.output, $0) }, training: training)
                continue
            }
            for group in groups {
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
        let w = workspace
        let groups = 0..<(images + laneCount - 1) / laneCount
        for (number, step) in layout.steps.enumerated().reversed() {
            if case .scaling(let layer) = step.layer {
                let x = BatchScaling.Groups(images: images, places: groups.map { place(step.input, $0) })
                layer.backward(
                    w, x: x, y: groups.map { place(step.output, $0) }, dy: groups.map { gradient(step.output, $0) },
                    dx: groups.map { gradient(step.input, $0) }, training: wasTraining)
                continue
            }
            for group in groups {
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
