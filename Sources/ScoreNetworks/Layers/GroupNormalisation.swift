import Tensors

/// Group normalisation with min(32, C / 4) groups, and the SiLU that follows most of them. A modulated one also scales and
/// shifts every channel of every image: y = norm(x)·(1 + scale) + shift.
struct GroupNormalisation {
    let channels: Int
    let groups: Int
    let epsilon: Double
    let silu: Bool
    private let gamma: Int
    private let beta: Int
    private let lanes: Int
    private let sumsPlace: Int
    private let statistics: Int
    private let modulated: Int?

    init(
        _ name: String, channels: Int, epsilon: Double, silu: Bool, modulated isModulated: Bool = false,
        plan: inout NetworkPlan
    ) throws(NetworkError) {
        let groups = min(32, channels / 4)
        guard groups >= 1, channels % groups == 0 else {
            throw NetworkError(
                name,
                "\(channels) channels do not divide into \(groups) groups; they must be a multiple of 4, "
                    + "from 128 on of 32")
        }
        self.channels = channels
        self.groups = groups
        self.epsilon = epsilon
        self.silu = silu
        gamma = plan.parameter("\(name).weight", [channels], .constant(1))
        beta = plan.parameter("\(name).bias", [channels], .constant(0))
        lanes = plan.packed(2 * channels * laneCount)
        sumsPlace = plan.sums(2 * channels * laneCount)
        statistics = plan.activation(groups * 2)
        modulated = isModulated ? plan.activation(2 * channels) : nil
    }

    /// Brings weight and bias into every lane.
    func pack<S>(_ w: Workspace<S>) {
        w.kernels.broadcast(w.parameters + gamma, channels, w.packed + lanes)
        w.kernels.broadcast(w.parameters + beta, channels, betaLanes(w.packed + lanes))
    }

    /// `modulation` holds the scales, then the shifts, [2·channels][16], of a modulated normalisation.
    func forward<S>(
        _ w: Workspace<S>, _ x: UnsafePointer<S>, pixels: Int, modulation: UnsafePointer<S>? = nil,
        out: UnsafeMutablePointer<S>
    ) {
        let slope = slopes(w)
        if let modulation, modulated != nil {
            let own = w.packed + lanes
            w.kernels.modulate(own, betaLanes(own), modulation, channels, slope, betaLanes(slope))
        }
        w.kernels.groupNorm(
            x, channels, groups, pixels, slope, betaLanes(slope), S(epsilon), silu ? 1 : 0,
            w.activations + statistics, out)
    }

    /// Overwrites `dy` and makes dx the sum of the gradient by x, keep·dx and `add`. `sums`, where given, gets the sums over
    /// pixels of the gradient by x. A modulated normalisation writes the gradient by `modulation` to `modulationGradient`.
    func backward<S>(
        _ w: Workspace<S>, x: UnsafePointer<S>, dy: UnsafeMutablePointer<S>, pixels: Int, keep: S = 0,
        add: UnsafePointer<S>? = nil, dx: UnsafeMutablePointer<S>, sums: UnsafeMutablePointer<S>? = nil,
        modulation: UnsafePointer<S>? = nil,
        modulationGradient: UnsafeMutablePointer<S>? = nil
    ) {
        let slope = slopes(w)
        let gammaLanes = w.normSums(at: sumsPlace)
        let betaLanes = gammaLanes + channels * laneCount
        w.kernels.groupNormBackward(
            x, channels, groups, pixels, slope, self.betaLanes(slope), w.activations + statistics, silu ? 1 : 0, dy,
            keep, add, dx, gammaLanes, betaLanes, sums)
        if let modulation, let modulationGradient, modulated != nil {
            let own = w.packed + lanes
            w.kernels.modulateBackward(
                own, self.betaLanes(own), modulation, channels, gammaLanes, betaLanes, modulationGradient)
        }
        guard w.use == .training else { return }
        w.kernels.reduceLanes(gammaLanes, channels, 1, w.gradients + gamma)
        w.kernels.reduceLanes(betaLanes, channels, 1, w.gradients + beta)
    }

    /// Where the normalisation's weights stand in every lane; its biases follow.
    private func slopes<S>(_ w: Workspace<S>) -> UnsafeMutablePointer<S> {
        modulated.map { w.activations + $0 } ?? w.packed + lanes
    }

    private func betaLanes<S>(_ gamma: UnsafeMutablePointer<S>) -> UnsafeMutablePointer<S> {
        gamma + channels * laneCount
    }
}
