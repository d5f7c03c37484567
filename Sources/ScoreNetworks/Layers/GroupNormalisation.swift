import Tensors

/// Group normalisation with min(32, C / 4) groups and ε = 1e-6, and the SiLU that follows most of them.
struct GroupNormalisation {
    let channels: Int
    let groups: Int
    let silu: Bool
    private let gamma: Int
    private let beta: Int
    private let statistics: Int

    init(_ name: String, channels: Int, silu: Bool, plan: inout NetworkPlan) throws(NetworkError) {
        let groups = min(32, channels / 4)
        guard groups >= 1, channels % groups == 0 else {
            throw NetworkError(
                name,
                "\(channels) channels do not divide into \(groups) groups; they must be a multiple of 4, "
                    + "from 128 on of 32")
        }
        self.channels = channels
        self.groups = groups
        self.silu = silu
        gamma = plan.parameter("\(name).weight", [channels], .constant(1))
        beta = plan.parameter("\(name).bias", [channels], .constant(0))
        statistics = plan.activation(groups * 2)
    }

    func forward<S>(_ w: Workspace<S>, _ x: UnsafePointer<S>, pixels: Int, out: UnsafeMutablePointer<S>) {
        S.kernels.groupNorm(
            x, channels, groups, pixels, w.parameters + gamma, w.parameters + beta, 1e-6, silu ? 1 : 0,
            w.activations + statistics, out)
    }

    /// Overwrites `dy`; writes dx, or adds to it. `sums`, where given, gets the sums of this dx over pixels.
    func backward<S>(
        _ w: Workspace<S>, x: UnsafePointer<S>, dy: UnsafeMutablePointer<S>, pixels: Int, accumulate: Bool,
        dx: UnsafeMutablePointer<S>, sums: UnsafeMutablePointer<S>? = nil
    ) {
        S.kernels.groupNormBackward(
            x, channels, groups, pixels, w.parameters + gamma, w.parameters + beta, w.activations + statistics,
            silu ? 1 : 0, dy, accumulate ? 1 : 0, dx, w.gradients + gamma, w.gradients + beta, sums)
    }
}
