import Diffusion
import Tensors

/// The places of a linear network: one layer over all pixels.
struct LinearLayout {
    let shape: ImageShape
    private(set) var plan = NetworkPlan()
    let layer: Convolution
    let input: Int
    let output: Int

    init(_ shape: ImageShape) throws(NetworkError) {
        guard shape.count <= 1 << 16 else {
            throw NetworkError("linear", "\(shape.count) pixel values; at most \(1 << 16) are possible")
        }
        self.shape = shape
        layer = Convolution(
            "linear", inputs: shape.count, outputs: shape.count, kernel: 1, linear: true, start: .zero, pixels: 1,
            plan: &plan)
        input = plan.activation(shape.count)
        output = plan.activation(shape.count)
        plan.gradient(shape.count)
    }
}

/// F(x) = W·x + b, which does not read the noise level: each level has a network of its own.
final class LinearNetwork<S: LaneScalar>: NetworkCore {
    private let layout: LinearLayout
    let workspace: Workspace<S>
    var plan: NetworkPlan { layout.plan }
    var hasBatchStatistics: Bool { false }

    init(_ shape: ImageShape, for use: NetworkUse, on machine: any LaneMachine<S>) throws(NetworkError) {
        layout = try LinearLayout(shape)
        try layout.plan.check(S.self, for: use)
        workspace = Workspace(layout.plan, for: use, on: machine)
    }

    private init(twinOf other: LinearNetwork) {
        layout = other.layout
        workspace = other.workspace.twin()
    }

    func twin() -> LinearNetwork { LinearNetwork(twinOf: self) }
    func parametersChanged() { layout.layer.pack(workspace) }
    func pass(groups: Int) { workspace.machine.pass(groups: groups) }
    func input(_ group: Int) -> UnsafeMutablePointer<S> { place(workspace.activations + layout.input, group) }
    func output(_ group: Int) -> UnsafeMutablePointer<S> { place(workspace.activations + layout.output, group) }
    func outputGradient(_ group: Int) -> UnsafeMutablePointer<S> { place(workspace.gradientBuffers[0], group) }
    func inputGradient(_ group: Int) -> UnsafeMutablePointer<S> { place(workspace.gradientBuffers[1], group) }

    private func place(_ first: UnsafeMutablePointer<S>, _ group: Int) -> UnsafeMutablePointer<S> {
        first + group * workspace.machine.groupStep
    }

    func forward(images: Int, noise: [Double], labels: [S]?, dropout: Dropout?, training: Bool) {
        layout.layer.forward(workspace, input(0), side: 1, out: output(0))
    }

    func backward(images: Int, augmented: Bool, dropout: Dropout?, inputGradient wanted: Bool) {
        layout.layer.parameterGradient(workspace, x: input(0), dy: outputGradient(0), side: 1, sums: outputGradient(0))
        if wanted { layout.layer.inputGradient(workspace, outputGradient(0), side: 1, out: inputGradient(0)) }
    }
}
