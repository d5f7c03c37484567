/// Roughly the memory that a training takes on one thread. For predictions only.
package enum MemoryForecast {
    /// Bytes of an activation, its gradient and what is kept beside them, of the 16 images that go together: fitted to the
    /// peaks of README.md, which it meets within a quarter.
    private static let bytesPerPlace = 540.0

    /// Of the U-Nets of the EDM family; nil for other networks.
    package static func training(of spec: [String: JSONValue]) -> Int? {
        guard ["ddpmpp", "ncsnpp", "adm"].contains(spec["model.architecture"]?.stringValue ?? "") else { return nil }
        let side = spec["dataset.resolution"]?.doubleValue ?? 16
        let scale = spec["model.scale"]?.doubleValue ?? 16
        let layers = 2 * (spec["model.blocks"]?.doubleValue ?? 4) + 2
        let multipliers = spec["model.multipliers"]?.arrayValue?.compactMap(\.doubleValue) ?? [2, 2, 2]
        var (places, pixels) = (0.0, side * side)
        for multiplier in multipliers {
            places += multiplier * scale * pixels * layers
            pixels /= 4
        }
        let bytes = bytesPerPlace * places + 5 * Double(OutputForecast.weights(of: spec))
        return Int(min(max(bytes, 0), 1e15))
    }
}
