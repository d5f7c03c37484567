/// The published U-Nets (networks named as by Karras et al. 2022).
package enum UNetArchitecture: String, Sendable, Hashable, CaseIterable, Decodable {
    /// DDPM++ of Song et al. 2021.
    case ddpmpp
    /// NCSN++ of Song et al. 2021.
    case ncsnpp
    /// ADM of Dhariwal & Nichol 2021.
    case adm
}

/// The differences between the architectures.
struct UNetStyle {
    let architecture: UNetArchitecture

    var isADM: Bool {
        switch architecture {
        case .adm: true
        case .ddpmpp, .ncsnpp: false
        }
    }
    private var isNCSN: Bool {
        switch architecture {
        case .ncsnpp: true
        case .ddpmpp, .adm: false
        }
    }

    var filter: ResamplingFilter { isNCSN ? .tent : .box }
    /// The square of the factor of a block's sum.
    var squaredSkipScale: Double { isADM ? 1 : 0.5 }
    /// ε of group normalisations.
    var epsilon: Double { isADM ? 1e-5 : 1e-6 }
    var waves: NoiseEmbedding.Waves {
        switch architecture {
        case .ddpmpp: .sinesFirst
        case .ncsnpp: .drawn
        case .adm: .cosinesFirst
        }
    }
    /// The number of sines and cosines of the noise embedding.
    func waveCount(_ modelChannels: Int) -> Int { isNCSN ? 2 * modelChannels : modelChannels }

    /// Whether the embedding scales and shifts the normalised values, instead of being added before the normalisation.
    var modulates: Bool { isADM }
    /// Whether the skip of a resampling block has a convolution also where the number of channels stays.
    var convolvesResampledSkips: Bool { !isADM }
    var hasAuxiliaryResiduals: Bool { isNCSN }
    /// Whether attention at a listed resolution is in all blocks of the decoder, or in the last alone.
    var attendsInEveryDecoderBlock: Bool { isADM }

    /// The number of attention heads over `channels`; 0, so no attention, for fewer than adm's 64 a head.
    func heads(_ channels: Int) -> Int { isADM ? channels / 64 : 1 }

    var start: LayerStart { isADM ? .fanIn : .xavier(gain: 1) }
    /// How the layer that makes queries, keys and values starts.
    var mixingStart: LayerStart { isADM ? .fanIn : .xavier(gain: 0.2.squareRoot()) }
    /// How the last layer of a residual path starts, and that of the network.
    var closingStart: LayerStart { isADM ? .zero : .xavier(gain: 1e-5) }
    var labelStart: LayerStart { isADM ? .zero : .xavier(gain: 1) }

    /// Names of the layers after the last block, for images of `side` pixels a row.
    func outputNames(side: Int) -> (norm: String, convolution: String) {
        isADM
            ? ("model.out_norm", "model.out_conv")
            : ("model.dec.\(side)x\(side)_aux_norm", "model.dec.\(side)x\(side)_aux_conv")
    }
}
