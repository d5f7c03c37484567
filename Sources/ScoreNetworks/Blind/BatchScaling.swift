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
    private let mix: Int

    /// Where the layers of each group are.
    struct Groups<S> {
        var images: Int
        var places: [UnsafeMutablePointer<S>]
    }

    init(_ name: String, channels: Int, pixels: Int, plan: inout NetworkPlan) {
        self.channels = channels
        self.pixels = pixels
        gamma = plan.parameter("\(name).gammas", [1, channels, 1, 1], .normal(deviation: 2.0 / 576))
        running = plan.untrained("\(name).running_sd", [1, channels, 1, 1], .constant(1))
        means = plan.packed(channels)
        deviations = plan.packed(channels)
        mix = plan.packed(3 * channels * laneCount)
        plan.channels(channels)
    }

    /// In training, also moves the running deviations a tenth of the way.
    func forward<S>(
        _ w: Workspace<S>, from x: Groups<S>, to y: [UnsafeMutablePointer<S>], training: Bool
    ) {
        let (means, deviations, running) = (w.packed + means, w.packed + deviations, w.untrained + running)
        if training {
            let mean = moments(w, x) { S.kernels.channelSums($0, channels, pixels, w.sums) }
            for c in 0..<channels { means[c] = S(mean[c]) }
            S.kernels.broadcast(means, channels, w.normSums)
            let variance = moments(w, x) {
                S.kernels.channelSquares($0, channels, pixels, w.normSums, w.sums)
            }
            for c in 0..<channels {
                deviations[c] = S((variance[c] + 1e-5).squareRoot())
                running[c] = S(0.9 * Double(running[c]) + 0.1 * Double(deviations[c]))
            }
        } else {
            deviations.update(from: running, count: channels)
        }
        let factors = w.packed + mix
        for c in 0..<channels { w.sums[c] = w.parameters[gamma + c] / deviations[c] }
        S.kernels.broadcast(w.sums, channels, factors)
        for (x, y) in zip(x.places, y) { S.kernels.scaleReLU(x, channels, pixels, factors, y) }
    }

    /// `dy`, the gradients by y, become those by x, in `dx`.
    func backward<S>(
        _ w: Workspace<S>, x: Groups<S>, y: [UnsafeMutablePointer<S>], dy: [UnsafeMutablePointer<S>],
        dx: [UnsafeMutablePointer<S>], training: Bool
    ) {
        for (y, dy) in zip(y, dy) { S.kernels.reluBackward(y, dy, channels * pixels, dy) }
        let gradients = Groups(images: x.images, places: dy)
        var group = 0
        let products = moments(w, gradients) {
            S.kernels.channelProducts(x.places[group], $0, channels, pixels, w.sums)
            group += 1
        }
        let count = Double(x.images * pixels)
        var mixture = [S](repeating: 0, count: 3 * channels)
        for c in 0..<channels {
            let deviation = Double(w.packed[deviations + c])
            let slope = Double(w.parameters[gamma + c]) / deviation
            w.gradients[gamma + c] += S(products[c] * count / deviation)
            mixture[c] = S(slope)
            guard training else { continue }
            // products is the mean of dy·x.
            let linear = -slope * products[c] / (deviation * deviation)
            mixture[channels + c] = S(linear)
            mixture[2 * channels + c] = S(-linear * Double(w.packed[means + c]))
        }
        S.kernels.broadcast(mixture, 3 * channels, w.packed + mix)
        for ((x, dy), dx) in zip(zip(x.places, dy), dx) {
            S.kernels.channelMix(dy, x, channels, pixels, w.packed + mix, dx)
        }
    }

    /// Means over the batch of what `sums` leaves in `w.sums` for a group, in the order of images; lanes without an image
    /// do not count.
    private func moments<S>(
        _ w: Workspace<S>, _ groups: Groups<S>, _ sums: (UnsafeMutablePointer<S>) -> Void
    ) -> [Double] {
        var totals = [Double](repeating: 0, count: channels)
        for (group, place) in groups.places.enumerated() {
            sums(place)
            let lanes = min(laneCount, groups.images - group * laneCount)
            for c in 0..<channels {
                for lane in 0..<lanes { totals[c] += Double(w.sums[c * laneCount + lane]) }
            }
        }
        let count = Double(groups.images * pixels)
        return totals.map { $0 / count }
    }
}
