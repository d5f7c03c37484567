import Foundation
import ScoreNetworks
import Tensors
import Testing

/// Files with values of the published networks in float64, stored as float32.
enum ReferenceFiles {
    static func load(_ name: String) throws -> SafetensorsFile {
        let url = try #require(
            Bundle.module.url(forResource: name, withExtension: "safetensors", subdirectory: "Reference"))
        return try SafetensorsFile(bytes: [UInt8](try Data(contentsOf: url)), name: "\(name).safetensors")
    }

    /// The network that a file describes.
    static func configuration(_ file: SafetensorsFile) throws -> UNetConfiguration {
        struct Config: Decodable {
            var model_channels, resolution, image_channels, num_blocks: Int
            var channel_mult, attn_resolutions: [Int]
            var augment_dim: Int?
        }
        let text = try #require(file.metadata["config"])
        let config = try JSONDecoder().decode(Config.self, from: Data(text.utf8))
        return UNetConfiguration(
            modelChannels: config.model_channels, resolution: config.resolution, imageChannels: config.image_channels,
            multipliers: config.channel_mult, blocks: config.num_blocks,
            attentionResolutions: config.attn_resolutions, augmentLabels: config.augment_dim ?? 0)
    }

    static func doubles(_ file: SafetensorsFile, _ name: String) throws -> [Double] {
        try file.tensor(name, as: Double.self).values
    }
}

/// The largest difference over the largest magnitude of `expected`.
func relativeError(_ actual: [Double], _ expected: [Double]) -> Double {
    guard actual.count == expected.count else { return .infinity }
    let largest = expected.map { abs($0) }.max() ?? 0
    let difference = zip(actual, expected).map { abs($0 - $1) }.max() ?? 0
    guard difference.isFinite else { return .infinity }
    return largest > 0 ? difference / largest : difference
}
