/// The published U-Nets (networks named as by Karras et al. 2022).
package enum UNetArchitecture: String, Sendable, Hashable, CaseIterable {
    /// DDPM++ of Song et al. 2021.
    case ddpmpp
    /// NCSN++ of Song et al. 2021.
    case ncsnpp
    /// ADM of Dhariwal & Nichol 2021.
    case adm
}

/// In what the architectures differ.
struct UNetStyle {
    let architecture: UNetArchitecture

    private var isADM: Bool { architecture == .adm }

    var filter: ResamplingFilter { architecture == .ncsnpp ? .tent : .box }
    /// What a block's sum is multiplied with, squared.
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
    /// Waves of the noise embedding for M model channels.
    func waveCount(_ modelChannels: Int) -> Int { architecture == .ncsnpp ? 2 * modelChannels : modelChannels }

    /// Whether the embedding scales and shifts what is normalised, instead of being added before.
    var modulates: Bool { isADM }
    /// Whether the skip of a block that resamples has a convolution though its channels stay.
    var convolvesResampledSkips: Bool { !isADM }
    var hasAuxiliaryResiduals: Bool { architecture == .ncsnpp }
    /// Whether all blocks of the decoder have attention where its resolution is listed, or the last alone.
    var attendsInEveryDecoderBlock: Bool { isADM }

    /// Heads of attention over so many channels; 0: there is none.
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
