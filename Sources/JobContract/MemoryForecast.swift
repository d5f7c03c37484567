/// Roughly the memory that a training takes on one thread. For predictions only.
package enum MemoryForecast {
    /// The keys of a spec that decide it.
    package static let keys =
        ["model.architecture", "dataset.resolution"] + Architecture.keys(of: "model").map(\.declaration.key)

    /// Nil for networks whose size does not tell, or that nobody here knows.
    package static func training(of spec: [String: JSONValue]) -> Int? {
        guard let architecture = Architecture.of(spec), let cost = architecture.memory else { return nil }
        let network = architecture.size(of: spec)
        let bytes = cost.place * network.places + cost.parameter * network.parameters + cost.rest
        // A spec from elsewhere may hold any number.
        return Int(min(max(bytes, 0), 1e15))
    }
}
