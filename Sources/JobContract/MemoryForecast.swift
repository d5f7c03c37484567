/// Roughly the memory that a training takes on one thread. For predictions only.
package enum MemoryForecast {
    /// Bytes of an activation, its gradient and what is kept beside them, of the 16 images that go together; bytes of a
    /// parameter, its gradient, average, moments and packed copies; and what else a worker takes. Fitted to peaks that
    /// were measured, which they meet within a quarter.
    private static let costs: [String: (place: Double, parameter: Double, rest: Double)] = [
        "ddpmpp": (540, 20, 0), "ncsnpp": (540, 20, 0), "adm": (540, 20, 0),
        "bf-cnn": (140, 60, 15e6), "bias-free-unet": (140, 60, 15e6),
    ]

    /// The keys of a spec that decide it.
    package static let keys = [
        "model.architecture", "model.scale", "model.blocks", "model.multipliers", "model.layers", "dataset.resolution",
    ]

    /// Nil for networks whose size does not tell.
    package static func training(of spec: [String: JSONValue]) -> Int? {
        guard let cost = costs[spec["model.architecture"]?.stringValue ?? ""] else { return nil }
        let network = NetworkForecast(spec)
        let bytes = cost.place * network.places + cost.parameter * network.parameters + cost.rest
        // A spec from elsewhere may hold any number.
        return Int(min(max(bytes, 0), 1e15))
    }
}
