import Diffusion

/// A bias-free blind denoiser (Mohan et al. 2020; Kadkhodaie et al. 2024) and its sizes: it sees no noise level and
/// estimates the noise of images in [0, 1].
package struct BlindConfiguration: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// A U-Net that halves the resolution `blocks` times.
        case unet(blocks: Int)
        /// BF-CNN: `layers` convolutions in a row. `linearFirstLayer` leaves the first ReLU out. With a `receptiveField`,
        /// only as many inner layers as it takes are 3×3; the others are 1×1.
        case cnn(layers: Int, linearFirstLayer: Bool, receptiveField: Int?)
    }

    package var kind: Kind
    /// K: channels at full resolution, the "scale".
    package var kernels: Int
    /// Height and width of images.
    package var resolution: Int
    package var imageChannels: Int

    package init(kind: Kind, kernels: Int = 64, resolution: Int, imageChannels: Int = 1) {
        self.kind = kind
        self.kernels = kernels
        self.resolution = resolution
        self.imageChannels = imageChannels
    }

    package var imageShape: ImageShape {
        ImageShape(channels: imageChannels, height: resolution, width: resolution)
    }

    /// Throws where a setting is out of its range.
    func check() throws(NetworkError) {
        guard (1...4096).contains(kernels) else {
            throw NetworkError("scale", "\(kernels) kernels; there must be 1 to 4096")
        }
        guard (1...1024).contains(imageChannels), (1...1024).contains(resolution) else {
            throw NetworkError(
                "images", "\(imageChannels) channels of \(resolution)x\(resolution); each must be 1 to 1024")
        }
        switch kind {
        case .unet(let blocks):
            guard (1...8).contains(blocks) else {
                throw NetworkError("blocks", "\(blocks) halvings; there must be 1 to 8")
            }
            guard resolution % (1 << blocks) == 0 else {
                throw NetworkError(
                    "encoder.\(blocks)", "images of \(resolution)x\(resolution) cannot be halved \(blocks) times")
            }
        case .cnn(let layers, _, let receptiveField):
            guard (2...256).contains(layers) else {
                throw NetworkError("layers", "\(layers); there must be 2 to 256")
            }
            if let receptiveField, receptiveField < 5 || receptiveField > 2 * layers + 1 {
                throw NetworkError(
                    "receptive field", "\(receptiveField) pixels; \(layers) layers can have 5 to \(2 * layers + 1)")
            }
        }
    }

    /// Whether inner layer number `layer` of a BF-CNN is 3×3.
    static func isWide(_ layer: Int, layers: Int, receptiveField: Int?) -> Bool {
        guard let receptiveField else { return true }
        let every = Double(layers - 1) / (Double(receptiveField - 1) / 2 - 1)
        return Double(layer).truncatingRemainder(dividingBy: every) == 0
    }
}
