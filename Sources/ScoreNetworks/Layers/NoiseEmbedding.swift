import Tensors

/// The embedding of the noise level: sines and cosines of c_noise·f_j, augmentation labels added, then two linear layers
/// with SiLU.
struct NoiseEmbedding {
    /// Where the frequencies come from, and in which order sines and cosines stand.
    enum Waves {
        /// f_j = 10000^(−j / (n/2 − 1)), sines first.
        case sinesFirst
        /// f_j = 10000^(−j / (n/2)), cosines first.
        case cosinesFirst
        /// 2π·f_j with f_j ~ 16·N(0, 1), drawn once and carried by checkpoints; sines first.
        case drawn
    }

    /// n, the number of sines and cosines together.
    let channels: Int
    let width: Int
    let labels: Int
    private let waveKind: Waves
    private let augment: Convolution?
    private let layer0: Convolution
    private let layer1: Convolution
    private let frequencies: [Double]
    private let drawnFrequencies: Int?

    private let labelLanes: Int
    private let waves: Int
    private let before0: Int
    private let after0: Int
    private let before1: Int
    private let after1: Int

    init(channels: Int, width: Int, labels: Int, style: UNetStyle, plan: inout NetworkPlan) {
        self.channels = channels
        self.labels = labels
        self.width = width
        waveKind = style.waves
        augment =
            labels > 0
            ? Convolution(
                "model.map_augment", inputs: labels, outputs: channels, kernel: 1, linear: true, bias: false,
                start: style.labelStart, pixels: 1, plan: &plan) : nil
        layer0 = Convolution(
            "model.map_layer0", inputs: channels, outputs: width, kernel: 1, linear: true, start: style.start,
            pixels: 1, plan: &plan)
        layer1 = Convolution(
            "model.map_layer1", inputs: width, outputs: width, kernel: 1, linear: true, start: style.start, pixels: 1,
            plan: &plan)
        let half = channels / 2
        switch style.waves {
        case .drawn:
            frequencies = []
            drawnFrequencies = plan.untrained("model.map_noise.freqs", [half], .normal(deviation: 16))
        case .sinesFirst, .cosinesFirst:
            let last = style.waves == .sinesFirst ? half - 1 : half
            // The published frequencies are float32.
            frequencies = (0..<half).map { Double(Float(Elementary.pow(10000, -Double($0) / Double(last)))) }
            drawnFrequencies = nil
        }
        labelLanes = plan.activation(labels)
        waves = plan.activation(channels)
        before0 = plan.activation(width)
        after0 = plan.activation(width)
        before1 = plan.activation(width)
        after1 = plan.activation(width)
        plan.temporary(0, width)
        plan.temporary(1, width)
    }

    func pack<S>(_ w: Workspace<S>) {
        for layer in [augment, layer0, layer1].compactMap({ $0 }) { layer.pack(w) }
    }

    /// The embedding in lanes, for values of c_noise of up to as many groups as pass. `augmentation` holds
    /// [images][labels], or is nil.
    func forward<S>(_ w: Workspace<S>, noise: [Double], augmentation: [S]?) -> UnsafeMutablePointer<S> {
        let a = w.activations
        for first in stride(from: 0, to: noise.count, by: laneCount) {
            let place = a + first / laneCount * w.machine.groupStep
            let images = first..<min(first + laneCount, noise.count)
            w.machine.write(waveLanes(w, noise[images]), to: place + waves)
            if augment != nil, let augmentation {
                let own = Array(augmentation[images.lowerBound * labels..<images.upperBound * labels])
                w.kernels.toLanes(own, images.count, labels, place + labelLanes)
            }
        }
        if let augment, augmentation != nil {
            augment.forward(w, a + labelLanes, side: 1, bias: w.zeros, add: a + waves, out: a + waves)
        }
        layer0.forward(w, a + waves, side: 1, out: a + before0)
        w.kernels.silu(a + before0, width, a + after0)
        layer1.forward(w, a + after0, side: 1, out: a + before1)
        w.kernels.silu(a + before1, width, a + after1)
        return a + after1
    }

    /// Sines and cosines of a group, [channels][16].
    private func waveLanes<S>(_ w: Workspace<S>, _ noise: ArraySlice<Double>) -> [S] {
        let half = channels / 2
        let sines = waveKind == .cosinesFirst ? half : 0
        // Sines are rounded, not angles: the error of an angle in float32 would dominate that of the gradients.
        let frequencies =
            drawnFrequencies.map { w.machine.read(w.untrained + $0, half).map { 2 * Double.pi * Double($0) } }
            ?? self.frequencies
        var lanes = [S](repeating: 0, count: channels * laneCount)
        for (j, frequency) in frequencies.enumerated() {
            for lane in 0..<laneCount {
                let angle = (lane < noise.count ? noise[noise.startIndex + lane] : 0) * frequency
                lanes[(sines + j) * laneCount + lane] = S(Elementary.sin(angle))
                lanes[(half - sines + j) * laneCount + lane] = S(Elementary.cos(angle))
            }
        }
        return lanes
    }

    /// Adds the parameters' gradients from `dy`, the gradient by the embedding.
    func backward<S>(_ w: Workspace<S>, dy: UnsafePointer<S>, augmented: Bool) {
        let a = w.activations
        let (t0, t1) = (w.temporaries[0], w.temporaries[1])
        w.kernels.siluBackward(a + before1, dy, width, t0)
        layer1.parameterGradient(w, x: a + after0, dy: t0, side: 1)
        layer1.inputGradient(w, t0, side: 1, out: t1)
        w.kernels.siluBackward(a + before0, t1, width, t0)
        layer0.parameterGradient(w, x: a + waves, dy: t0, side: 1)
        if let augment, augmented {
            layer0.inputGradient(w, t0, side: 1, out: t1)
            augment.parameterGradient(w, x: a + labelLanes, dy: t1, side: 1)
        }
    }
}
