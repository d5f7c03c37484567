import Diffusion
import JobContract
import Tensors

/// A network of one of the known architectures, with its memory and the threads that it computes on.
///
/// Not safe for use by several threads at a time.
package final class Network<S: LaneScalar> {
    package let configuration: NetworkConfiguration
    let core: any NetworkCore<S>
    /// The cores that may work at the same time on different groups, `core` the first; they share its parameters.
    let cores: [any NetworkCore<S>]
    let team: ThreadTeam
    var plan: NetworkPlan { core.plan }
    var workspace: Workspace<S> { core.workspace }

    /// Memory for gradients is set aside once for every thread. Parameters are 0 at first. Impossible sizes are a
    /// `NetworkError` that names the layer. A machine serves one network.
    package init(
        _ configuration: NetworkConfiguration, for use: NetworkUse, threads: Int = 1,
        on machine: any LaneMachine<S> = HostMachine<S>()
    ) throws(NetworkError) {
        self.configuration = configuration
        // A device is one thread's.
        team = ThreadTeam(machine.mostGroups == 1 ? threads : 1)
        let first = try configuration.sizes.core(of: S.self, for: use, on: machine, team: team)
        core = first
        // Where all images must pass each layer together, the threads share the work inside of one core.
        let others = use == .training && first.hasBatchStatistics ? 0 : team.count - 1
        cores = [first] + (0..<others).map { _ in first.twin() }
    }

    /// Must be called after every change of parameters, before the network is used.
    package func parametersChanged() { core.parametersChanged() }
}

extension NetworkPlan {
    /// Throws where a network would need more memory than any host has.
    func check<S: LaneScalar>(_ scalar: S.Type, for use: NetworkUse) throws(NetworkError) {
        let bytes = scalars(for: use) * MemoryLayout<S>.stride
        let most = 64 << 30
        guard bytes <= most else {
            throw NetworkError(
                "network", "needs \(bytes >> 30) GiB for a group of 16 images; \(most >> 30) are allowed")
        }
    }
}

/// An architecture and its sizes.
package struct NetworkConfiguration: Sendable, Hashable {
    let sizes: any NetworkSizes

    init(_ sizes: any NetworkSizes) { self.sizes = sizes }

    package static func == (a: NetworkConfiguration, b: NetworkConfiguration) -> Bool {
        AnyHashable(a.sizes) == AnyHashable(b.sizes)
    }
    package func hash(into hasher: inout Hasher) { sizes.hash(into: &hasher) }

    package var imageShape: ImageShape { sizes.imageShape }
    /// The architecture's name in checkpoints and sweep files.
    package var architecture: String { sizes.name }
    /// Whether it sees no noise level.
    package var isBlind: Bool { sizes.isBlind }
    /// Augmentation labels per image.
    package var augmentLabels: Int { sizes.augmentLabels }
    /// The share of activations that training drops.
    package var dropout: Double { sizes.dropout }
    var stored: [String] { sizes.stored }
    var keys: [String: JSONValue] { sizes.keys }

    /// The network as it computes outside of training.
    package var withoutDropout: NetworkConfiguration {
        var sizes = sizes
        sizes.dropout = 0
        return NetworkConfiguration(sizes)
    }

    /// The same network with half the channels, which may be impossible to build. Nil where there are no channels to halve.
    package var narrower: NetworkConfiguration? { sizes.narrower.map { NetworkConfiguration($0) } }

    func plan() throws(NetworkError) -> NetworkPlan { try sizes.plan() }

    /// Trainable parameters of the network; impossible sizes are a `NetworkError` that names the layer.
    package func parameterCount() throws(NetworkError) -> Int { try plan().parameterCount }

    /// Floating-point operations of one forward pass for one image: 2 for every multiply-add of convolutions, linear
    /// layers and attention. A training step takes three times as many.
    package func forwardOperations() throws(NetworkError) -> Int { 2 * (try plan().multiplyAdds) }

    /// Names and shapes of all trainable tensors, in the order of the flat parameter vector.
    package func parameterShapes() throws(NetworkError) -> [(name: String, shape: [Int])] {
        try plan().parameters.map { ($0.name, $0.shape) }
    }
}

/// Why a network cannot be built, with the layer or setting that is at fault.
package struct NetworkError: Error, Equatable, CustomStringConvertible {
    /// A layer ("enc.16x16_block0.norm0") or a setting ("multipliers").
    package var part: String
    package var problem: String

    package init(_ part: String, _ problem: String) {
        self.part = part
        self.problem = problem
    }

    package var description: String { "\(part): \(problem)" }
}
