import Diffusion
import JobContract

/// What measures must know of the training of another worker's network. All else in its spec is that worker's affair, which
/// refuses what it does not know.
struct ForeignSpec {
    var shape: ImageShape
    var flips: Bool
    var seed: UInt64
    /// Whether the spec says which images the network was trained on.
    var areImagesKnown: Bool

    /// Throws JobFailure `unsupported` naming a key that is missing or out of range.
    init(_ spec: [String: JSONValue]) throws {
        var keys = SpecReader(spec)
        let size = try keys.integer("dataset.resolution")
        shape = ImageShape(channels: try keys.integer("dataset.channels"), height: size, width: size)
        flips = try keys.flag("dataset.flip")
        seed = UInt64(try keys.integer("seed"))
        areImagesKnown = try keys.text("dataset.split") != "unknown"
    }
}
