import JobContract
import SweepModel

/// The keys of one block's points: what is constant, what varies, and what is left to its default.
struct BlockResolver {
    let block: GridBlock
    private var constants: [String: JSONValue]
    /// The source as the file has it, where it is no axis.
    private let askedSource: JSONValue?
    /// More points than this are refused.
    static let mostPoints = 10_000_000

    init(_ block: GridBlock, settings: [String: SweepSetting]) {
        self.block = block
        let varied = block.keys
        let hasLength = SpecKey.lengthKeys.contains { varied.contains($0) }
        var constants: [String: JSONValue] = [:]
        for key in SpecKey.all where !varied.contains(key.name) {
            if key.role == .length && hasLength { continue }
            if let value = settings[key.name]?.value ?? key.fallback { constants[key.name] = value }
        }
        self.constants = constants
        askedSource = settings["dataset.source"]?.asked
    }

    /// The smallest space in which all of `keys` are known.
    func space(of keys: some Sequence<String>) throws(SweepFileError) -> PointSpace {
        let dimensions = Set(keys.compactMap { block.axis($0)?.dimension }).sorted()
        return try space(dimensions)
    }

    func space(_ dimensions: [Int]) throws(SweepFileError) -> PointSpace {
        guard let space = PointSpace(dimensions, of: block, most: Self.mostPoints) else {
            throw SweepFileError(
                "the grid has more than \(Self.mostPoints) points: expected fewer", key: "grid", at: block.origin)
        }
        return space
    }

    /// The values of keys at a place of a space that knows them; defaults that depend on the source are filled in.
    func values(at place: Int, of space: PointSpace) -> [String: JSONValue] {
        var values = constants
        for (dimension, index) in space.coordinates(of: place) {
            for axis in block.dimensions[dimension].axes { values[axis.key.name] = axis.values[index] }
        }
        if values["dataset.resolution"] == nil && block.axis("dataset.resolution") == nil,
            let source = values["dataset.source"]?.stringValue
        {
            values["dataset.resolution"] = ImageGenerator.names.contains(source) ? 16 : 32
        }
        return values
    }

    /// For who looks at a few keys of many points: the others may be missing.
    func only(_ keys: some Sequence<String>) -> BlockResolver {
        let kept = Set(keys).union(["dataset.source"])
        var resolver = self
        resolver.constants = constants.filter { kept.contains($0.key) }
        return resolver
    }

    /// As `values`, but with the source as it was asked for rather than as a path from the root.
    func asked(at place: Int, of space: PointSpace) -> [String: JSONValue] {
        var values = values(at: place, of: space)
        if let source = askedSource { values["dataset.source"] = source }
        for (dimension, index) in space.coordinates(of: place) {
            for axis in block.dimensions[dimension].axes where axis.key.name == "dataset.source" {
                values["dataset.source"] = axis.asked[index]
            }
        }
        return values
    }

    /// Spec keys that no axis touches, and those of one dimension's values: the parts a training's spec is made of.
    var constantSpec: [String: JSONValue] {
        constants.filter { SpecKey.named($0.key)?.role == .spec }
    }

    func specs(of dimension: Int) -> [[String: JSONValue]] {
        records(of: dimension) { $0.key.role == .spec ? $0.values : nil }
    }

    func asked(of dimension: Int) -> [[String: JSONValue]] {
        records(of: dimension) { $0.asked }
    }

    private func records(of dimension: Int, _ values: (GridAxis) -> [JSONValue]?) -> [[String: JSONValue]] {
        let axes = block.dimensions[dimension].axes.compactMap { axis in values(axis).map { (axis.key.name, $0) } }
        return (0..<block.dimensions[dimension].count).map { index in
            Dictionary(uniqueKeysWithValues: axes.map { ($0.0, $0.1[index]) })
        }
    }
}
