import Tensors

/// How a parameter starts (networks as published by Song et al. and Karras et al.).
enum Initialisation: Equatable {
    /// U(±bound).
    case uniform(bound: Double)
    /// N(0, deviation²).
    case normal(deviation: Double)
    case constant(Double)
}

/// How the weights and biases of a convolution or linear layer start.
enum LayerStart: Equatable {
    /// Weights U(±gain·√(6 / (fan_in + fan_out))), biases 0.
    case xavier(gain: Double)
    /// Weights and biases U(±1/√fan_in).
    case fanIn
    /// Weights N(0, 2/fan_in) (He et al. 2015), biases 0.
    case he
    case zero

    func weight(fanIn: Int, fanOut: Int) -> Initialisation {
        switch self {
        case .xavier(let gain): .uniform(bound: gain * (6 / Double(fanIn + fanOut)).squareRoot())
        case .fanIn: .uniform(bound: 1 / Double(fanIn).squareRoot())
        case .he: .normal(deviation: (2 / Double(fanIn)).squareRoot())
        case .zero: .constant(0)
        }
    }

    func bias(fanIn: Int) -> Initialisation {
        switch self {
        case .xavier, .he, .zero: .constant(0)
        case .fanIn: .uniform(bound: 1 / Double(fanIn).squareRoot())
        }
    }
}

/// A tensor of the network, and its place among all parameters or among all untrained values.
struct TensorSpec {
    var name: String
    var shape: [Int]
    var offset: Int
    var initialisation: Initialisation

    var count: Int { shape.reduce(1, *) }
}

/// The needs of all layers, collected while a network is laid out: parameters by name, and places in memory. Activations
/// count in scalars, 16 to a pixel.
struct NetworkPlan {
    private(set) var parameters: [TensorSpec] = []
    /// The resampling filters that checkpoints carry, by name.
    private(set) var filters: [(name: String, filter: ResamplingFilter)] = []
    /// Values that checkpoints carry beside parameters and filters, and that no gradient changes.
    private(set) var untrained: [TensorSpec] = []
    private(set) var untrainedCount = 0
    /// Scalars of all parameters, without padding.
    private(set) var parameterCount = 0
    private(set) var packedCount = 0
    private(set) var statisticsCount = 0
    private(set) var sumsCount = 0
    private(set) var activationCount = 0
    private(set) var maskCount = 0
    /// The largest sizes that layers need of the buffers that they share.
    private(set) var temporary = [0, 0, 0]
    private(set) var gradient = 0
    private(set) var scratch = 0
    private(set) var widest = 0
    /// Multiply-adds of one forward pass for one image.
    private(set) var multiplyAdds = 0

    /// The network's memory in scalars.
    func scalars(for use: NetworkUse) -> Int {
        let always =
            parameterCount + packedCount + statisticsCount + activationCount + temporary.reduce(0, +) + 4 * widest
            * laneCount + scratch
        return switch use {
        case .inference: always
        case .inputGradients: always + 2 * gradient
        case .training: always + 5 * parameterCount + 2 * gradient
        }
    }

    mutating func parameter(_ name: String, _ shape: [Int], _ initialisation: Initialisation) -> Int {
        let spec = TensorSpec(name: name, shape: shape, offset: parameterCount, initialisation: initialisation)
        parameters.append(spec)
        parameterCount += spec.count
        return spec.offset
    }

    mutating func filter(_ name: String, _ filter: ResamplingFilter) { filters.append((name, filter)) }

    mutating func untrained(_ name: String, _ shape: [Int], _ initialisation: Initialisation) -> Int {
        let spec = TensorSpec(name: name, shape: shape, offset: untrainedCount, initialisation: initialisation)
        untrained.append(spec)
        untrainedCount += spec.count
        return spec.offset
    }

    mutating func packed(_ count: Int) -> Int {
        defer { packedCount += (count + laneCount - 1) / laneCount * laneCount }
        return packedCount
    }

    /// Plans room for what a layer sums over pixels in `count` lanes, and returns its place: see `Workspace.sums(at:)`.
    mutating func sums(_ count: Int) -> Int {
        defer { sumsCount += (count + laneCount - 1) / laneCount * laneCount }
        return sumsCount
    }

    /// Plans room for `count` statistics of a normalisation over the batch, and returns its place.
    mutating func statistics(_ count: Int) -> Int {
        defer { statisticsCount += (count + laneCount - 1) / laneCount * laneCount }
        return statisticsCount
    }

    /// Plans room for `vectors` × 16 scalars, and returns its place.
    mutating func activation(_ vectors: Int) -> Int {
        defer { activationCount += vectors * laneCount }
        return activationCount
    }

    mutating func mask(_ vectors: Int) -> Int {
        defer { maskCount += vectors }
        return maskCount
    }

    /// Asks that the shared buffer `index` hold `vectors` vectors.
    mutating func temporary(_ index: Int, _ vectors: Int) {
        temporary[index] = max(temporary[index], vectors * laneCount)
    }

    /// Asks that the gradient by an activation of `vectors` vectors fit.
    mutating func gradient(_ vectors: Int) { gradient = max(gradient, vectors * laneCount) }

    mutating func scratch(_ count: Int) { scratch = max(scratch, count) }

    mutating func channels(_ count: Int) { widest = max(widest, count) }

    mutating func work(_ multiplyAdds: Int) { self.multiplyAdds += multiplyAdds }
}
