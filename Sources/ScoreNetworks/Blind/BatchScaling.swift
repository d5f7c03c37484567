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
        plan.scratch(3 * channels * (laneCount + 1))
        plan.channels(channels)
    }

    /// Finds the deviations that x is divided by. In training it also moves the running deviations a tenth of the way
    /// towards them.
    func measure<S>(_ x: Groups<S>, training: Bool) {
        let w = x.workspaces[0]
        var deviations = w.machine.read(w.untrained + running, channels)
        if training {
            let mean = moments(x) { w, group in w.kernels.channelSums(x.places[group], channels, pixels, w.sums) }
            w.machine.write(mean.map { S($0) }, to: w.statistics + means)
            w.kernels.broadcast(w.statistics + means, channels, w.normSums)
            let meanLanes = w.normSums
            let variance = moments(x) { w, group in
                w.kernels.channelSquares(x.places[group], channels, pixels, meanLanes, w.sums)
            }
            let found = variance.map { S(($0 + 1e-5).squareRoot()) }
            w.machine.write(
                zip(deviations, found).map { S(0.9 * Double($0) + 0.1 * Double($1)) }, to: w.untrained + running)
            deviations = found
        }
        w.machine.write(deviations, to: w.statistics + self.deviations)
        let slopes = w.machine.read(w.parameters + gamma, channels)
        w.machine.write(zip(slopes, deviations).map { $0 / $1 }, to: w.sums)
        w.kernels.broadcast(w.sums, channels, w.statistics + factors)
    }

    /// Writes y of a group. `first` is the first workspace, into which `measure` has put the deviations.
    func forward<S>(_ first: Workspace<S>, _ x: UnsafePointer<S>, to y: UnsafeMutablePointer<S>) {
        first.kernels.scaleReLU(x, channels, pixels, first.statistics + factors, y)
    }

    /// Turns `gradients` by y into those by x.
    func backward<S>(_ x: Groups<S>, gradients: [UnsafeMutablePointer<S>], training: Bool) {
        let w = x.workspaces[0]
        let factorLanes = w.statistics + factors
        let products = moments(x) { w, group in
            w.kernels.scaleReLUBackward(x.places[group], channels, pixels, factorLanes, gradients[group], w.sums)
        }
        let count = Double(x.images * pixels)
        let deviations = w.machine.read(w.statistics + deviations, channels)
        let means = w.machine.read(w.statistics + means, channels)
        let gammas = w.machine.read(w.parameters + gamma, channels)
        var byGamma = w.use == .training ? w.machine.read(w.gradients + gamma, channels) : []
        var mixture = [S](repeating: 0, count: 3 * channels)
        for c in 0..<channels {
            let deviation = Double(deviations[c])
            let slope = Double(gammas[c]) / deviation
            if w.use == .training { byGamma[c] += S(products[c] * count / deviation) }
            mixture[c] = S(slope)
            guard training else { continue }
            // `products` holds the means of dy·x.
            let linear = -slope * products[c] / (deviation * deviation)
            mixture[channels + c] = S(linear)
            mixture[2 * channels + c] = S(-linear * Double(means[c]))
        }
        if w.use == .training { w.machine.write(byGamma, to: w.gradients + gamma) }
        let (values, mix) = (w.scratch + 3 * channels * laneCount, w.scratch)
        w.machine.write(mixture, to: values)
        w.kernels.broadcast(values, 3 * channels, mix)
        x.team.share(gradients.count) {
            w.kernels.channelMix(gradients[$1], x.places[$1], channels, pixels, mix, gradients[$1])
        }
    }

    /// The channels' means over the batch. `sums` puts a group's sums over pixels into the thread's `Workspace.sums`; they
    /// are added in the order of images, without the lanes that hold no image.
    private func moments<S>(_ groups: Groups<S>, _ sums: (Workspace<S>, _ group: Int) -> Void) -> [Double] {
        var totals = [Double](repeating: 0, count: channels)
        groups.team.inOrder(groups.places.count) { thread, group in
            sums(groups.workspaces[thread], group)
        } then: { thread, group in
            let w = groups.workspaces[thread]
            // One call was for one group, or for all.
            let own = groups.places.count > 1 ? group * laneCount..<(group + 1) * laneCount : 0..<groups.images
            for first in stride(from: own.lowerBound, to: min(own.upperBound, groups.images), by: laneCount) {
                let place = w.sums + (first - own.lowerBound) / laneCount * w.machine.groupStep
                let found = w.machine.read(place, channels * laneCount)
                for c in 0..<channels {
                    for lane in 0..<min(laneCount, groups.images - first) {
                        totals[c] += Double(found[c * laneCount + lane])
                    }
                }
            }
        }
        let count = Double(groups.images * pixels)
        return totals.map { $0 / count }
    }
}
