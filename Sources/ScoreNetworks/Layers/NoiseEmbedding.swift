import Tensors

/// The embedding of the noise level: sines, then cosines, of c_noise·f_j with f_j = 10000^(−j/(M/2 − 1)), augmentation
/// labels added, then two linear layers with SiLU.
struct NoiseEmbedding {
    let channels: Int
    let width: Int
    let labels: Int
    private let augment: Convolution?
    private let layer0: Convolution
    private let layer1: Convolution
    private let frequencies: [Double]

    private let labelLanes: Int
    private let waves: Int
    private let before0: Int
    private let after0: Int
    private let before1: Int
    private let after1: Int

    init(channels: Int, labels: Int, plan: inout NetworkPlan) {
        self.channels = channels
        self.labels = labels
        let width = 4 * channels
        self.width = width
        augment =
            labels > 0
            ? Convolution(
                "model.map_augment", inputs: labels, outputs: channels, kernel: 1, linear: true, bias: false, pixels: 1,
                plan: &plan) : nil
        layer0 = Convolution(
            "model.map_layer0", inputs: channels, outputs: width, kernel: 1, linear: true, pixels: 1, plan: &plan)
        layer1 = Convolution(
            "model.map_layer1", inputs: width, outputs: width, kernel: 1, linear: true, pixels: 1, plan: &plan)
        let half = channels / 2
        // The published frequencies are float32.
        frequencies = (0..<half).map { Double(Float(Elementary.pow(10000, -Double($0) / Double(half - 1)))) }
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

    /// The embedding in lanes, for up to 16 values of c_noise; `augmentation` holds labels, [images][labels], or nothing.
    func forward<S>(_ w: Workspace<S>, noise: [Double], augmentation: [S]?) -> UnsafeMutablePointer<S> {
        let a = w.activations
        let half = channels / 2
        for (j, frequency) in frequencies.enumerated() {
            for lane in 0..<laneCount {
                // In float64, then rounded: the angles' errors would dominate otherwise.
                let angle = (lane < noise.count ? noise[lane] : 0) * frequency
                a[waves + j * laneCount + lane] = S(Elementary.sin(angle))
                a[waves + (half + j) * laneCount + lane] = S(Elementary.cos(angle))
            }
        }
        if let augment, let augmentation {
            S.kernels.toLanes(augmentation, noise.count, labels, a + labelLanes)
            augment.forward(w, a + labelLanes, side: 1, bias: w.zeros, add: a + waves, out: a + waves)
        }
        layer0.forward(w, a + waves, side: 1, out: a + before0)
        S.kernels.silu(a + before0, width, a + after0)
        layer1.forward(w, a + after0, side: 1, out: a + before1)
        S.kernels.silu(a + before1, width, a + after1)
        return a + after1
    }

    /// Adds the parameters' gradients from `dy`, the gradient by the embedding.
    func backward<S>(_ w: Workspace<S>, dy: UnsafePointer<S>, augmented: Bool) {
        let a = w.activations
        let (t0, t1) = (w.temporaries[0], w.temporaries[1])
        S.kernels.siluBackward(a + before1, dy, width, t0)
        layer1.parameterGradient(w, x: a + after0, dy: t0, side: 1)
        layer1.inputGradient(w, t0, side: 1, out: t1)
        S.kernels.siluBackward(a + before0, t1, width, t0)
        layer0.parameterGradient(w, x: a + waves, dy: t0, side: 1)
        if let augment, augmented {
            layer0.inputGradient(w, t0, side: 1, out: t1)
            augment.parameterGradient(w, x: a + labelLanes, dy: t1, side: 1)
        }
    }
}
