import JobContract
import SweepModel

/// The keys of one block's points: what is constant, what varies, and what is left to its default.
struct BlockResolver {
    let block: GridBlock
    private let keys: KeyTable
    private var constants: [String: JSONValue]
    /// Keys left to a default that depends on what varies, each after its chooser.
    private var open: [SpecKey]
    /// The source as the file has it, where it is no axis.
    private let askedSource: JSONValue?
    /// Defaults of teachers' images, by the source.
    private let shapes: [String: [String: JSONValue]]
    /// More points than this are refused.
    static let mostPoints = 10_000_000

    init(
        _ block: GridBlock, settings: [String: SweepSetting], keys: KeyTable,
        shapes: [String: [String: JSONValue]] = [:]
    ) {
        self.block = block
        self.keys = keys
        self.shapes = shapes
        let varied = block.keys
        let hasLength = SpecKey.lengthKeys.contains { varied.contains($0) }
        var constants: [String: JSONValue] = [:]
        var open: [SpecKey] = []
        for key in keys.all where !varied.contains(key.name) {
            if key.role == .length && hasLength { continue }
            if let value = settings[key.name]?.value {
                constants[key.name] = value
            } else if let chooser = key.chooser {
                if let choice = constants[chooser]?.stringValue {
                    constants[key.name] = shapes[choice]?[key.name] ?? key.fallback(for: choice)
                } else {
                    open.append(key)
                }
            } else {
                constants[key.name] = key.fallback
            }
        }
        self.constants = constants
        self.open = open
        askedSource = settings["dataset.source"]?.asked
    }

    /// The smallest space in which all of `keys` are known.
    func space(of keys: some Sequence<String>) throws(SweepFileError) -> PointSpace {
        let dimensions = Set(withChoosers(keys).compactMap { block.axis($0)?.dimension }).sorted()
        return try space(dimensions)
    }

    /// `keys` and those that their defaults depend on.
    private func withChoosers(_ keys: some Sequence<String>) -> Set<String> {
        var all = Set(keys)
        for key in open.reversed() where all.contains(key.name) {
            if let chooser = key.chooser { all.insert(chooser) }
        }
        return all
    }

    func space(_ dimensions: [Int]) throws(SweepFileError) -> PointSpace {
        guard let space = PointSpace(dimensions, of: block, most: Self.mostPoints) else {
            throw SweepFileError(
                "the grid has more than \(Self.mostPoints) points: expected fewer", key: "grid", at: block.origin)
        }
        return space
    }

    /// The values of keys at a place of a space that knows them; defaults that depend on others are filled in.
    func values(at place: Int, of space: PointSpace) -> [String: JSONValue] {
        var values = constants
        for (dimension, index) in space.coordinates(of: place) {
            for axis in block.dimensions[dimension].axes { values[axis.key.name] = axis.values[index] }
        }
        for key in open {
            guard let chooser = key.chooser, let choice = values[chooser]?.stringValue else { continue }
            values[key.name] = shapes[choice]?[key.name] ?? key.fallback(for: choice)
        }
        return values
    }

    /// What is wrong with the shape of images that a teacher draws: it is that of the teacher's own.
    func shapeFault(_ values: [String: JSONValue]) -> (key: String, message: String)? {
        guard let shape = values["dataset.source"]?.stringValue.flatMap({ shapes[$0] }) else { return nil }
        for (key, value) in shape.sorted(by: { $0.key < $1.key }) where values[key] != value {
            return (
                key,
                "the teacher draws images of \(value.flowYAML): expected that, got \(values[key]?.flowYAML ?? "nothing")"
            )
        }
        return nil
    }

    /// The same resolver, quicker for who asks for `keys` alone at many points: its values may lack the others.
    func only(_ keys: some Sequence<String>) -> BlockResolver {
        let kept = withChoosers(keys)
        var resolver = self
        resolver.constants = constants.filter { kept.contains($0.key) }
        resolver.open = open.filter { kept.contains($0.name) }
        return resolver
    }

    /// The values as `values` gives them, but with the source as the file wrote it rather than as a path from the root.
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

    /// The part of a spec that nothing varies. `specs(of:)` gives the part that one dimension's values decide, `defaults()`
    /// the defaults that depend on some dimensions.
    var constantSpec: [String: JSONValue] { written(constants) }

    func specs(of dimension: Int) -> [[String: JSONValue]] {
        records(of: dimension, \.values).map(written)
    }

    /// The smallest space that determines the defaults, and their specs by its places.
    func defaults() throws(SweepFileError) -> (space: PointSpace, specs: [[String: JSONValue]]) {
        let names = Set(open.map(\.name))
        let space = try space(of: names)
        let resolver = only(names)
        return (
            space,
            (0..<space.count).map { written(resolver.values(at: $0, of: space).filter { names.contains($0.key) }) }
        )
    }

    private func written(_ values: [String: JSONValue]) -> [String: JSONValue] {
        values.filter { keys.named($0.key)?.isWritten($0.value) == true }
    }

    func asked(of dimension: Int) -> [[String: JSONValue]] {
        records(of: dimension, \.asked)
    }

    private func records(of dimension: Int, _ values: (GridAxis) -> [JSONValue]) -> [[String: JSONValue]] {
        let axes = block.dimensions[dimension].axes.map { ($0.key.name, values($0)) }
        return (0..<block.dimensions[dimension].count).map { index in
            Dictionary(uniqueKeysWithValues: axes.map { ($0.0, $0.1[index]) })
        }
    }
}
