import JobContract
import SweepModel

/// One key that varies, with its values as written and as the spec holds them.
struct GridAxis: Sendable {
    var key: SpecKey
    var axis: Axis
    var origin: TextOrigin
    /// The values as asked, before rounding.
    var asked: [JSONValue]
    var values: [JSONValue]

    /// All axes of a file together have no more values.
    private static let mostValues = 2_000_000

    /// Refuses so many values that a file of few lines would take gigabytes.
    static func check(_ values: Int, at origin: TextOrigin) throws(SweepFileError) {
        guard values <= mostValues else {
            throw SweepFileError("the axes have more than \(mostValues) values in all: expected fewer", at: origin)
        }
    }
}

/// Axes that advance together; most have one.
struct GridDimension: Sendable {
    var axes: [GridAxis]
    var origin: TextOrigin

    var count: Int { axes.first?.values.count ?? 0 }

    /// Refuses equal places: a value may come again, but not beside the same values of all other axes.
    func checkPoints() throws(SweepFileError) {
        var known: [[JSONValue]: Int] = [:]
        for index in 0..<count {
            if let earlier = known.updateValue(index, forKey: axes.map { $0.asked[index] }) {
                let point = axes.map { "\($0.key.name)=\($0.asked[index].flowYAML)" }.joined(separator: ", ")
                throw SweepFileError(
                    "places \(earlier + 1) and \(index + 1) of the axes are the same: \(point)",
                    key: axes.first?.key.name,
                    at: axes.first?.origin ?? origin)
            }
        }
    }
}

struct GridExclusion: Sendable {
    var condition: WhereExpression
    var origin: TextOrigin
}

/// One block of a grid: the product of its dimensions, the first varying slowest, less what is excluded.
struct GridBlock: Sendable {
    var dimensions: [GridDimension] = []
    var exclusions: [GridExclusion] = []
    var origin: TextOrigin

    func axis(_ key: String) -> (dimension: Int, place: Int)? {
        for (dimension, content) in dimensions.enumerated() {
            if let place = content.axes.firstIndex(where: { $0.key.name == key }) { return (dimension, place) }
        }
        return nil
    }

    /// Values of all its axes.
    var valueCount: Int { dimensions.reduce(0) { $0 + $1.axes.count * $1.count } }

    var keys: Set<String> { Set(dimensions.flatMap { $0.axes.map(\.key.name) }) }
}

extension SpecKey {
    /// Reads an axis: a list, one of `Axis.forms`, or one value. With `mayRepeat`, where other axes advance beside it, a
    /// value may stand in a list again.
    func readAxis(_ tree: YAMLTree, folder: String, mayRepeat: Bool = false) throws(SweepFileError) -> GridAxis {
        let axis = try axisShape(tree, mayRepeat: mayRepeat)
        let asked: [JSONValue]
        do {
            asked = try axis.values()
        } catch {
            throw tree.failure(error.description, key: name)
        }
        if case .list = axis {
            let values = asked.map { resolved($0, folder: folder) }
            return GridAxis(key: self, axis: axis, origin: tree.origin, asked: asked.map(shown), values: values)
        }
        var values: [JSONValue] = []
        for value in asked {
            let rounded: JSONValue =
                isInteger ? .integer(Int64((value.doubleValue ?? 0).rounded(.toNearestOrAwayFromZero))) : value
            guard let admitted = admit(rounded) else {
                throw tree.failure("the axis reaches \(rounded.flowYAML): expected \(expected)", key: name)
            }
            values.append(admitted)
        }
        return GridAxis(key: self, axis: axis, origin: tree.origin, asked: asked, values: values)
    }

    private func axisShape(_ tree: YAMLTree, mayRepeat: Bool) throws(SweepFileError) -> Axis {
        if case .mapping(let members) = tree.content, let computed = try Axis(members: members, key: name) {
            guard isNumber else { throw tree.failure("expected a list of values, each \(expected)", key: name) }
            return computed
        }
        guard let items = tree.list, !isOneList(items) else { return .list([try read(tree)]) }
        guard !items.isEmpty else {
            throw tree.failure("the axis is empty: expected at least one value, each \(expected)", key: name)
        }
        var values: [JSONValue] = []
        var known: Set<JSONValue> = []
        for item in items {
            let value = try read(item)
            guard known.insert(value).inserted || mayRepeat else {
                throw item.failure("\(value.flowYAML) stands twice", key: name)
            }
            values.append(value)
        }
        return .list(values)
    }

    /// Where values are lists themselves, a list without lists in it is one value.
    private func isOneList(_ items: [YAMLTree]) -> Bool {
        isList && items.allSatisfy { $0.list == nil }
    }
}

extension Axis {
    /// Reads one of `forms`; nil for any other mapping.
    init?(members: [YAMLTree.Member], key: String) throws(SweepFileError) {
        guard members.count == 1, let member = members.first else { return nil }
        let tree = member.value
        switch member.key {
        case "range":
            guard let items = tree.list, (2...3).contains(items.count) else {
                throw tree.failure("expected {range: [from, to]} or {range: [from, to, step]}", key: key)
            }
            let step = items.count == 3 ? try items[2].number("step") : 1
            self = .range(from: try items[0].number("from"), to: try items[1].number("to"), step: step)
        case "linear":
            let bounds = try Bounds(tree, shape: "{linear: {from: …, to: …, count: …}}", key: key)
            guard let count = bounds.count, bounds.factor == nil else {
                throw tree.failure("expected {linear: {from: …, to: …, count: …}}", key: key)
            }
            self = .linear(from: bounds.from, to: bounds.to, count: count)
        case "geometric":
            let shape = "{geometric: {from: …, to: …, count: …}} or {geometric: {from: …, to: …, factor: …}}"
            let bounds = try Bounds(tree, shape: shape, key: key)
            switch (bounds.count, bounds.factor) {
            case (let count?, nil): self = .geometric(from: bounds.from, to: bounds.to, count: count)
            case (nil, let factor?): self = .multiplied(from: bounds.from, to: bounds.to, factor: factor)
            case (nil, nil), (_?, _?): throw tree.failure("expected \(shape)", key: key)
            }
        default:
            guard let nearest = NearestName.nearest(to: member.key, among: Axis.formNames) else {
                return nil
            }
            throw SweepFileError("no such axis: \(member.key); did you mean \(nearest)?", key: key, at: member.origin)
        }
    }

    /// Reads what `description` prints: a list or a computed axis.
    package init(parsing text: String) throws(SweepFileError) {
        let tree = try YAMLTree(parsing: text, file: text, withLines: false)
        if let members = tree.mapping, let axis = try Axis(members: members, key: "axis") {
            self = axis
        } else if let items = tree.list {
            self = .list(items.map { $0.value.canonical })
        } else {
            let shapes = ["a list"] + Self.formNames.map { "{\($0): …}" }
            let all = shapes.dropLast().joined(separator: ", ") + " or " + (shapes.last ?? "")
            throw tree.failure("expected \(all), got \(tree.kind)")
        }
    }

    private struct Bounds {
        var from: Double
        var to: Double
        var count: Int?
        var factor: Double?

        init(_ tree: YAMLTree, shape: String, key: String) throws(SweepFileError) {
            guard let members = tree.mapping else { throw tree.failure("expected \(shape)", key: key) }
            var ends: [String: Double] = [:]
            for member in members {
                switch member.key {
                case "from", "to": ends[member.key] = try member.value.number(member.key)
                case "count": count = try member.value.integer("count", in: 1...Axis.longest)
                case "factor": factor = try member.value.number("factor")
                default:
                    let advice = NearestName.advice(for: member.key, among: ["from", "to", "count", "factor"])
                    throw SweepFileError("no such part of an axis: \(member.key)\(advice)", key: key, at: member.origin)
                }
            }
            guard let from = ends["from"], let to = ends["to"] else {
                throw tree.failure("expected \(shape)", key: key)
            }
            self.from = from
            self.to = to
        }
    }
}

extension GridBlock {
    /// Reads one block of `grid:`.
    init(_ tree: YAMLTree, folder: String, keys table: KeyTable) throws(SweepFileError) {
        origin = tree.origin
        var faults = SweepFileError.Faults()
        for member in try tree.members("axes by key") {
            faults.collect { () throws(SweepFileError) in try read(member, folder: folder, keys: table) }
        }
        try faults.check()
    }

    private mutating func read(
        _ member: YAMLTree.Member, folder: String, keys table: KeyTable
    ) throws(SweepFileError) {
        switch member.key {
        case "zip": try readZip(member.value, folder: folder, keys: table)
        case "exclude": try readExclusions(member.value, keys: table)
        default:
            let key = try table.find(member.key, at: member.origin, also: ["zip", "exclude"])
            try append(GridDimension(axes: [try key.readAxis(member.value, folder: folder)], origin: member.origin))
        }
    }

    private mutating func readZip(_ tree: YAMLTree, folder: String, keys table: KeyTable) throws(SweepFileError) {
        // One mapping alone is a list of one.
        for block in tree.list ?? [tree] {
            var axes: [GridAxis] = []
            for member in try block.members("axes that advance together") {
                let key = try table.find(member.key, at: member.origin)
                let axis = try key.readAxis(member.value, folder: folder, mayRepeat: true)
                if let first = axes.first, first.values.count != axis.values.count {
                    throw SweepFileError(
                        "has \(axis.values.count) values, but advances together with \(first.key.name), which has "
                            + "\(first.values.count)", key: key.name, at: member.origin)
                }
                axes.append(axis)
                try GridAxis.check(axes.count * axis.values.count, at: member.origin)
            }
            guard !axes.isEmpty else { throw block.failure("expected axes that advance together, got none") }
            let dimension = GridDimension(axes: axes, origin: block.origin)
            try dimension.checkPoints()
            try append(dimension)
        }
    }

    mutating func append(_ dimension: GridDimension) throws(SweepFileError) {
        try GridAxis.check(valueCount + dimension.axes.count * dimension.count, at: dimension.origin)
        for axis in dimension.axes where keys.contains(axis.key.name) {
            throw SweepFileError("two axes of one block vary this key", key: axis.key.name, at: axis.origin)
        }
        dimensions.append(dimension)
    }

    private mutating func readExclusions(_ tree: YAMLTree, keys table: KeyTable) throws(SweepFileError) {
        var faults = SweepFileError.Faults()
        for item in tree.list ?? [tree] {
            faults.collect { () throws(SweepFileError) in try readExclusion(item, keys: table) }
        }
        try faults.check()
    }

    private mutating func readExclusion(_ item: YAMLTree, keys table: KeyTable) throws(SweepFileError) {
        let text = try item.text("an expression such as \"dataset.size > 256 and model.scale < 8\"")
        let condition: WhereExpression
        do {
            condition = try WhereExpression(text)
        } catch {
            throw item.failure(error.description, key: "exclude")
        }
        for name in condition.keys.sorted() {
            let key = try table.find(name, at: item.origin)
            guard key.name == name, table.named(name) != nil else {
                let ours = key == OtherNames.halvingEpochs ? OtherNames.halvingImages : key.name
                throw item.failure("expressions call \(name) \(ours)", key: "exclude")
            }
        }
        exclusions.append(GridExclusion(condition: condition, origin: item.origin))
    }
}
