import JobContract
import SweepModel

/// Applies profiles and `--set` to what a file says.
enum SweepOverrides {
    /// Relative paths in overrides start from `folder`.
    static func apply(
        _ overrides: [String], to content: inout SweepContent, file: String, folder: String
    ) throws(SweepFileError) {
        let (chosen, members) = try read(overrides)
        let ofFile = SweepReader(file: file, folder: content.folder, keys: content.keys)
        // What is wrong in a profile is told whether or not it was chosen.
        var values = 0
        for profile in content.profiles {
            var trial = content
            for member in try profile.tree.members("keys and values") {
                values += try set(member, in: &trial, by: ofFile)
                try GridAxis.check(values, at: member.origin)
            }
        }
        for (name, origin) in chosen {
            guard let profile = content.profiles.first(where: { $0.name == name }) else {
                let names = content.profiles.map(\.name)
                throw SweepFileError(
                    names.isEmpty
                        ? "the file has no profiles" : "no such profile" + NearestName.advice(for: name, among: names),
                    key: name, at: origin)
            }
            for member in try profile.tree.members("keys and values") { try set(member, in: &content, by: ofFile) }
        }
        let ofArguments = SweepReader(file: "--set", folder: folder, keys: content.keys)
        var faults = SweepFileError.Faults()
        for member in members {
            faults.collect { () throws(SweepFileError) in try set(member, in: &content, by: ofArguments) }
        }
        try faults.check()
    }

    /// The profiles that overrides choose, and the others.
    static func read(
        _ overrides: [String]
    ) throws(SweepFileError) -> (profiles: [(name: String, origin: TextOrigin)], others: [YAMLTree.Member]) {
        var chosen: [(name: String, origin: TextOrigin)] = []
        var members: [YAMLTree.Member] = []
        var faults = SweepFileError.Faults()
        for text in overrides {
            faults.collect { () throws(SweepFileError) in
                let member = try read(text)
                if member.key == "profile" {
                    for name in try member.value.texts("a profile's name") { chosen.append((name, member.origin)) }
                } else {
                    members.append(member)
                }
            }
        }
        try faults.check()
        return (chosen, members)
    }

    /// Reads `key=value`.
    private static func read(_ text: String) throws(SweepFileError) -> YAMLTree.Member {
        let origin = TextOrigin(file: "--set \(text)")
        guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
            throw SweepFileError("expected key=value", at: origin)
        }
        let key = String(text[..<sign]).trimmingSpace
        let value = String(text[text.index(after: sign)...])
        // Paths and names are taken as they are: a colon or a number sign in them means nothing.
        let isText = ["dataset.source", "name", "about", "profile"].contains(key)
        if isText, let first = value.trimmingSpace.first, !"[{\"'".contains(first) {
            return YAMLTree.Member(key: key, origin: origin, value: YAMLTree(text: value, origin: origin))
        }
        let tree = try YAMLTree(parsing: value, file: origin.file, withLines: false)
        return YAMLTree.Member(key: key, origin: origin, value: tree)
    }

    /// Sets one key, section or topic. Returns how many values its keys take.
    @discardableResult
    private static func set(
        _ member: YAMLTree.Member, in content: inout SweepContent, by reader: SweepReader
    ) throws(SweepFileError) -> Int {
        if reader.keys.sections.contains(member.key), let inner = member.value.mapping {
            var values = 0
            for item in inner {
                var flat = item
                flat.key = "\(member.key).\(item.key)"
                values += try set(flat, in: &content, by: reader)
            }
            return values
        }
        if try setTopic(member, in: &content, by: reader) { return 0 }
        let key = try reader.keys.find(
            member.key, at: member.origin,
            also: ["name", "about", "measures", "needs.memory", "needs.tags", "needs.gpus", "profile"])
        var axis = try key.readAxis(member.value, folder: reader.folder, mayRepeat: content.advancesWithOthers(key))
        axis.origin = member.origin
        try replace(axis, in: &content)
        return axis.values.count
    }

    /// Sets what is no key of a trial. Returns false for what is one.
    static func setTopic(
        _ member: YAMLTree.Member, in content: inout SweepContent, by reader: SweepReader
    ) throws(SweepFileError) -> Bool {
        if ["name", "about", "measures", "needs", "worker"].contains(member.key) {
            try reader.readTopic(member, into: &content)
            return true
        }
        for (section, read) in [("needs.", reader.readNeed), ("worker.", reader.readWorker)]
        where member.key.hasPrefix(section) {
            var inner = member
            inner.key.removeFirst(section.count)
            try read(inner, &content)
            return true
        }
        return false
    }

    /// Puts the axis where the key, or for a length any length, stood; a single value that no block varies is a setting. A
    /// source does not take the place of samples that trials draw, for it is their teachers'; samples take that of samples, where
    /// there are any.
    private static func replace(
        _ axis: GridAxis, in content: inout SweepContent
    ) throws(SweepFileError) {
        let same = axis.key.role == .length ? SpecKey.lengthKeys : [axis.key.name]
        let isSource = axis.key.name == "dataset.source"
        let isOfSamples = isSource && axis.isDrawn && content.blocks.contains { $0.drawsItsImages }
        let stays = content.blocks.map { isOfSamples ? !$0.drawsItsImages : isSource && $0.drawsItsImages }
        if !isOfSamples { for name in same { content.settings[name] = nil } }
        let isVaried = zip(content.blocks, stays).contains { block, stays in
            !stays && same.contains { block.axis($0) != nil }
        }
        if axis.values.count == 1 && !isVaried {
            content.settings[axis.key.name] = SweepSetting(
                value: axis.values[0], asked: axis.asked[0], origin: axis.origin)
            return
        }
        for index in content.blocks.indices where !stays[index] {
            var block = content.blocks[index]
            let places = same.compactMap { block.axis($0) }
            if places.count > 1 {
                throw SweepFileError(
                    "the grid varies several lengths; expected one to replace", key: axis.key.name, at: axis.origin)
            }
            if let place = places.first {
                let dimension = block.dimensions[place.dimension]
                if dimension.axes.count == 1 {
                    block.dimensions[place.dimension].axes = [axis]
                } else if axis.values.count == dimension.count {
                    block.dimensions[place.dimension].axes[place.place] = axis
                    try block.dimensions[place.dimension].checkPoints()
                } else if axis.values.count == 1 {
                    block.dimensions[place.dimension].axes.remove(at: place.place)
                    block.dimensions.append(GridDimension(axes: [axis], origin: axis.origin))
                } else {
                    throw SweepFileError(
                        "advances together with other axes: expected \(dimension.count) values, or one",
                        key: axis.key.name, at: axis.origin)
                }
            } else {
                block.dimensions.append(GridDimension(axes: [axis], origin: axis.origin))
            }
            content.blocks[index] = block
        }
    }
}

extension SweepContent {
    /// Whether other axes advance beside the key's axis, in every block that has one. Of a length any length's axis counts.
    fileprivate func advancesWithOthers(_ key: SpecKey) -> Bool {
        let same = key.role == .length ? SpecKey.lengthKeys : [key.name]
        let widths = blocks.flatMap { block in
            same.compactMap { block.axis($0).map { block.dimensions[$0.dimension].axes.count } }
        }
        return !widths.isEmpty && widths.allSatisfy { $0 > 1 }
    }
}

extension GridAxis {
    /// Whether all its values are samples that trials draw.
    fileprivate var isDrawn: Bool { values.allSatisfy { $0.stringValue.flatMap { SamplesSource($0) } != nil } }
}

extension GridBlock {
    /// Whether trials draw the images of all its points.
    fileprivate var drawsItsImages: Bool {
        axis("dataset.source").map { dimensions[$0.dimension].axes[$0.place].isDrawn } ?? false
    }
}

extension YAMLTree {
    /// A scalar that is text, whatever it looks like.
    init(text: String, origin: TextOrigin) {
        content = .scalar(text, quoted: true)
        self.origin = origin
    }
}
