import Diffusion

/// A published U-Net and its sizes (parametrised as by Karras et al. 2022).
package struct UNetConfiguration: Sendable, Hashable {
    package var architecture: UNetArchitecture
    /// M, the "scale": channels of the first convolution and of the noise embedding.
    package var modelChannels: Int
    /// Height and width of images.
    package var resolution: Int
    package var imageChannels: Int
    /// Channels of each level in units of `modelChannels`.
    package var multipliers: [Int]
    /// Residual blocks per level of the encoder; the decoder has one more.
    package var blocks: Int
    /// Resolutions whose blocks have attention.
    package var attentionResolutions: [Int]
    /// Share of activations dropped in training.
    package var dropout: Double
    /// Number of augmentation labels: 9, or 0 without augmentation.
    package var augmentLabels: Int

    package init(
        architecture: UNetArchitecture = .ddpmpp, modelChannels: Int, resolution: Int, imageChannels: Int,
        multipliers: [Int] = [2, 2, 2], blocks: Int = 4,
        attentionResolutions: [Int] = [16], dropout: Double = 0, augmentLabels: Int = 0
    ) {
        self.architecture = architecture
        self.modelChannels = modelChannels
        self.resolution = resolution
        self.imageChannels = imageChannels
        self.multipliers = multipliers
        self.blocks = blocks
        self.attentionResolutions = attentionResolutions
        self.dropout = dropout
        self.augmentLabels = augmentLabels
    }

    /// E = 4M, the width of the noise embedding.
    package var embeddingWidth: Int { 4 * modelChannels }

    /// Channels of the first convolution's output.
    var firstChannels: Int {
        UNetStyle(architecture: architecture).isADM ? modelChannels * (multipliers.first ?? 1) : modelChannels
    }

    package var imageShape: ImageShape {
        ImageShape(channels: imageChannels, height: resolution, width: resolution)
    }
}
