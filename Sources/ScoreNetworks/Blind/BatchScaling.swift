import Tensors

/// The bias-free normalisation, with the ReLU after it: y = max(γ·x/sd, 0), where sd is the channel's standard deviation
/// over the batch in training, √(variance + 1e-5), and its running mean otherwise. The mean is not subtracted.
struct BatchScaling {
    let channels: Int
    let pixels: Int
    private let gamma: Int
    private let running: Int
    private let means: Int
    private let deviations: Int
    private let factors: Int

    /// The layer's inputs in all groups of a batch, and the threads that work on them. Means and deviations of the inputs
    /// are in the first workspace.
    struct Groups<S: LaneScalar> {
        var images: Int
        var places: [UnsafeMutablePointer<S>]
        var team: ThreadTeam
        /// One workspace for each thread.
        var workspaces: [Workspace<S>]
    }

    init(_ name: String, channels: Int, pixels: Int, plan: inout NetworkPlan) {
        self.channels = channels
        self.pixels = pixels
        gamma = plan.parameter("\(name).gammas", [1, channels, 1, 1], .normal(deviation: 2.0 / 576))
        running = plan.untrained("\(name).running_sd", [1, channels, 1, 1], .constant(1))
        means = plan.statistics(channels)
        deviations = plan.statistics(channels)
        factors = plan.statistics(channels * laneCount)
        plan.scratch(3 * channels * laneCount)
        plan.channels(channels)
    }

    /// Finds the deviations that x is divided by. In training it also moves the running deviations a tenth of the way
    /// towards them.
    func measure<S>(_ x: Groups<S>, training: Bool) {
        let w = x.workspaces[0]
        let (means, deviations, running) = (w.statistics + means, w.statistics + deviations, w.untrained + running)
        if training {
            let mean = moments(x) { S.kernels.channelSums(x.places[$1], channels, pixels, $0.sums) }
            for c in 0..<channels { means[c] = S(mean[c]) }
            S.kernels.broadcast(means, channels, w.normSums)
            let variance = moments(x) {
                S.kernels.channelSquares(x.places[$1], channels, pixels, w.normSums, $0.sums)
            }
            for c in 0..<channels {
                deviations[c] = S((variance[c] + 1e-5).squareRoot())
                running[c] = S(0.9 * Double(running[c]) + 0.1 * Double(deviations[c]))
            }
        } else {
            deviations.update(from: running, count: channels)
        }
        for c in 0..<channels { w.sums[c] = w.parameters[gamma + c] / deviations[c] }
        S.kernels.broadcast(w.sums, channels, w.statistics + factors)
    }

    /// Writes y of a group. `first` is the first workspace, into which `measure` has put the deviations.
    func forward<S>(_ first: Workspace<S>, _ x: UnsafePointer<S>, to y: UnsafeMutablePointer<S>) {
        S.kernels.scaleReLU(x, channels, pixels, first.statistics + factors, y)
    }

    /// Turns `gradients` by y into those by x.
    func backward<S>(_ x: Groups<S>, gradients: [UnsafeMutablePointer<S>], training: Bool) {
        let w = x.workspaces[0]
        let products = moments(x) {
            S.kernels.scaleReLUBackward(
                x.places[$1], channels, pixels, w.statistics + factors, gradients[$1], $0.sums)
        }
        let count = Double(x.images * pixels)
        var mixture = [S](repeating: 0, count: 3 * channels)
        for c in 0..<channels {
            let deviation = Double(w.statistics[deviations + c])
            let slope = Double(w.parameters[gamma + c]) / deviation
            if w.use == .training { w.gradients[gamma + c] += S(products[c] * count / deviation) }
            mixture[c] = S(slope)
            guard training else { continue }
            // `products` holds the means of dy·x.
            let linear = -slope * products[c] / (deviation * deviation)
            mixture[channels + c] = S(linear)
            mixture[2 * channels + c] = S(-linear * Double(w.statistics[means + c]))
        }
        let mix = w.scratch
        S.kernels.broadcast(mixture, 3 * channels, mix)
        x.team.share(gradients.count) {
            S.kernels.channelMix(gradients[$1], x.places[$1], channels, pixels, mix, gradients[$1])
        }
    }

    /// The channels' means over the batch. `sums` puts a group's sums over pixels into the thread's `Workspace.sums`; they
    /// are added in the order of images, without the lanes that hold no image.
    private func moments<S>(_ groups: Groups<S>, _ sums: (Workspace<S>, _ group: Int) -> Void) -> [Double] {
        var totals = [Double](repeating: 0, count: channels)
        groups.team.inOrder(groups.places.count) { thread, group in
            sums(groups.workspaces[thread], group)
        } then: { thread, group in
            let found = groups.workspaces[thread].sums
            let lanes = min(laneCount, groups.images - group * laneCount)
            for c in 0..<channels {
                for lane in 0..<lanes { totals[c] += Double(found[c * laneCount + lane]) }
            }
        }
        let count = Double(groups.images * pixels)
        return totals.map { $0 / count }
    }
}
