/// What is known of the networks of one architecture of Eigensweep's own: the keys that make them with their defaults, the rules
/// between these, and how large and costly they are. Sweeps, forecasts, costs and docs/keys.md go by it alone.
///
/// A family has a file in this folder and a line in `all`. What another worker has is described in the same form, as far as
/// its `describe` tells (`KeyDeclaration`).
package struct Architecture: Sendable {
    /// What is wrong with the values of keys, and the key that is to blame.
    package typealias Fault = (key: String, message: String)

    package let name: String
    /// The keys that it reads and not every architecture does, with the defaults they have for it.
    package let keys: [KeyDeclaration]
    /// Those of `keys` that joined after the first release.
    var later: Set<String> = []
    /// Defaults of keys that all read, where they are others for it.
    package var defaults: [String: JSONValue] = [:]
    /// Whether its networks see no noise level.
    package var isBlind = false
    /// What is wrong with sizes; nil when the network can be built.
    var rules: @Sendable (ArchitectureValues) -> Fault? = { _ in nil }
    let size: @Sendable (ArchitectureValues) -> NetworkSize
    /// Nil where nobody has measured it.
    var memory: MemoryCost?
    /// A number that grows with the time which an image of so many pixels takes in training.
    var cost: @Sendable (_ scale: Double, _ pixels: Double) -> Double = usualCost

    /// All architectures of Eigensweep's own worker, in the documentation's order.
    package static let all: [Architecture] = residualUNets + [biasFreeUNet, bfCNN, linear]

    package static let names = all.map(\.name)
    package static func named(_ name: String) -> Architecture? { byName[name] }
    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// That of a spec; nil: another worker's, or none.
    package static func of(_ spec: [String: JSONValue]) -> Architecture? {
        spec["model.architecture"]?.stringValue.flatMap(named)
    }

    /// The keys of this section that some architectures read, each once, as the first of them has it, with the others'
    /// defaults by their names where these differ.
    package static func keys(of section: String) -> [SharedKey] {
        var shared: [SharedKey] = []
        for architecture in all {
            for key in architecture.keys where key.key.hasPrefix(section + ".") {
                guard let known = shared.firstIndex(where: { $0.declaration.key == key.key }) else {
                    shared.append(
                        SharedKey(
                            declaration: key, readers: [architecture.name],
                            isLater: architecture.later.contains(key.key)))
                    continue
                }
                shared[known].readers.append(architecture.name)
                if key.fallback != shared[known].declaration.fallback {
                    shared[known].otherDefaults[architecture.name] = key.fallback
                }
            }
        }
        return shared
    }

    package struct SharedKey: Sendable {
        package var declaration: KeyDeclaration
        package var readers: [String]
        package var isLater: Bool
        package var otherDefaults: [String: JSONValue] = [:]
    }

    /// Defaults of a key that all read, by the architectures that have others.
    package static func defaults(of key: String) -> [String: JSONValue] {
        Dictionary(uniqueKeysWithValues: all.compactMap { one in one.defaults[key].map { (one.name, $0) } })
    }

    /// What is wrong with the network of these values; nil when it can be built.
    package func fault(_ values: [String: JSONValue]) -> Fault? { rules(ArchitectureValues(values, of: self)) }

    /// Roughly how large the network of a training's spec is.
    package func size(of spec: [String: JSONValue]) -> NetworkSize { size(ArchitectureValues(spec, of: self)) }

    /// Small networks spend their time in overhead and large ones in their square.
    @Sendable private static func usualCost(scale: Double, pixels: Double) -> Double { pixels * scale * (scale + 16) }

    /// The cost of an image in training, for ordering and shares only; nil: a spec that does not say. Networks of other
    /// workers, whose specs have the usual scale, count by their pixels.
    package static func cost(of name: String?, scale: Double?, resolution: Double?) -> Double {
        let side = resolution ?? 16
        return (name.flatMap(named)?.cost ?? usualCost)(scale ?? 16, side * side)
    }

    /// Why an edge cannot be halved so often.
    static func halvings(_ count: Int, of resolution: Int) -> String? {
        resolution.isMultiple(of: 1 << count)
            ? nil
            : "resolution \(resolution) cannot be halved \(count) times: expected a multiple of \(1 << count)"
    }
}

/// How large a network is. For predictions only.
package struct NetworkSize: Sendable {
    package var parameters = 0.0
    /// Values of the activations of one grey image, kept for the way back.
    package var places = 0.0
}

/// Bytes that a training takes: of an activation, its gradient and what is kept beside them, of the 16 images that go
/// together; of a parameter, its gradient, average, moments and packed copies; and what else a worker takes. Fitted to peaks
/// that were measured, which they meet within a quarter.
struct MemoryCost: Sendable {
    var place: Double
    var parameter: Double
    var rest = 0.0
}

/// Values of keys as an architecture reads them: its defaults stand where there are none.
struct ArchitectureValues {
    private let values: [String: JSONValue]
    private let fallbacks: [String: JSONValue]

    init(_ values: [String: JSONValue], of architecture: Architecture) {
        self.values = values
        let own = architecture.keys.map { ($0.key, $0.fallback) }
        fallbacks = Dictionary(own, uniquingKeysWith: { first, _ in first })
            .merging(["dataset.resolution": 16, "dataset.channels": 1]) { own, _ in own }
    }

    private func value(_ key: String) -> JSONValue? { values[key] ?? fallbacks[key] }
    func integer(_ key: String) -> Int { value(key)?.integerValue ?? 0 }
    func number(_ key: String) -> Double { value(key)?.doubleValue ?? 0 }
    func integers(_ key: String) -> [Int] { value(key)?.arrayValue?.compactMap(\.integerValue) ?? [] }
    func numbers(_ key: String) -> [Double] { value(key)?.arrayValue?.compactMap(\.doubleValue) ?? [] }
}

/// Keys that several families read.
extension KeyDeclaration {
    static let scale = KeyDeclaration(
        "model.scale", .integer, 16, least: 4, most: 1024, step: 2,
        "channels: M, which the multipliers multiply; of blind networks K, at full resolution")
    static let blocks = KeyDeclaration(
        "model.blocks", .integer, 4, least: 1, most: 64,
        "residual blocks a level; of the bias-free-unet, whose levels are one block each, how often it halves the "
            + "resolution, at most 8")
}

extension Architecture {
    /// Defaults of networks that estimate the noise without its level.
    static let blindDefaults: [String: JSONValue] = [
        "training.ema_half_life_images": 0, "training.preconditioning": "blind",
    ]
}
