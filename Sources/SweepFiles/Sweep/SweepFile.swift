import JobContract
import SweepModel

/// A sweep file read and checked, with its overrides applied: everything but what needs the worker's description and
/// the datasets.
package struct SweepFile: Sendable {
    package let name: String
    package let about: String
    /// The file as it stands, and the overrides as given: what a revision stores.
    package let text: String
    package let overrides: [String]
    package let needs: JobNeeds
    package let worker: WorkerCommand

    let content: SweepContent

    /// Reads a file. Relative paths in it start from its folder, those in overrides from `overridesFolder`.
    ///
    /// Overrides are `key=value`, the value as YAML: `dataset.size=64`, `model.scale=[4, 8]`, `dataset.source=FILE`,
    /// `profile=quick`. Profiles apply first, then the others in order; each replaces the key's value or axis.
    /// With the worker's description, what is wrong with measures and architectures is told beside all else; `expand` tells it
    /// in any case.
    package init(
        contentsOf path: String, overrides: [String] = [], overridesFolder: String = ".", keys: KeyTable = .ours,
        worker: WorkerDescription? = nil
    ) throws(SweepFileError) {
        try self.init(
            text: try TextFile.read(path), file: path, folder: TextFile.folder(of: path), overrides: overrides,
            overridesFolder: overridesFolder, keys: keys, worker: worker)
    }

    /// Reads text that came from `file`, a name for messages; relative paths in it start from `folder`.
    ///
    /// `standIns` are values of keys that neither the text nor the overrides give, `keys` those that there are with the
    /// file's worker (`SweepHead`).
    package init(
        text: String, file: String, folder: String = ".", overrides: [String] = [], overridesFolder: String = ".",
        standIns: [String: JSONValue] = [:], keys: KeyTable = .ours, worker: WorkerDescription? = nil
    ) throws(SweepFileError) {
        var content = SweepContent()
        content.keys = keys
        let reader = SweepReader(file: file, folder: folder, keys: keys)
        var faults = SweepFileError.Faults()
        faults.collect { () throws(SweepFileError) in try reader.read(text, into: &content) }
        faults.collect { () throws(SweepFileError) in
            try SweepOverrides.apply(overrides, to: &content, file: file, folder: overridesFolder)
        }
        if let worker {
            let read = content
            faults.collect { () throws(SweepFileError) in try read.checkArchitectures(of: worker) }
            faults.collect { () throws(SweepFileError) in
                try MeasureWish.resolve(read.measures, by: worker, keys: keys)
            }
        }
        try faults.check()
        content.fill(standIns, at: TextOrigin(file: file))
        guard let name = content.name else {
            throw SweepFileError("expected the sweep's name, got none", key: "name", at: TextOrigin(file: file))
        }
        try content.check(file: file)
        try content.convertHalvings()
        self.name = name
        self.about = content.about
        self.text = text
        self.overrides = overrides
        needs = content.needs
        self.worker = content.worker
        self.content = content
    }
}

/// A value of one key, and where it was given.
struct SweepSetting: Sendable {
    var value: JSONValue
    /// The value before a relative path was made absolute.
    var asked: JSONValue
    var origin: TextOrigin
}

/// A measure as asked for, before the worker's description fills in what is left out.
struct MeasureWish: Sendable {
    var name: String
    var parameters: [(name: String, value: YAMLTree)]
    var origin: TextOrigin
}

/// What a sweep file says, open to overrides.
struct SweepContent: Sendable {
    /// The keys that there are.
    var keys = KeyTable.ours
    var name: String?
    var about = ""
    var settings: [String: SweepSetting] = [:]
    var blocks: [GridBlock] = []
    /// Where the file's relative paths start.
    var folder = "."
    var measures: [MeasureWish] = []
    var needs = JobNeeds()
    var worker = WorkerCommand()
    var profiles: [(name: String, tree: YAMLTree)] = []
}

extension SweepContent {
    /// Throws for architectures that are neither the worker's nor those of the one beside it.
    func checkArchitectures(of worker: WorkerDescription) throws(SweepFileError) {
        let key = "model.architecture"
        let axes = blocks.flatMap(\.dimensions).flatMap(\.axes).filter { $0.key.name == key }
        let given = axes.flatMap { axis in axis.values.map { ($0, axis.origin) } }
        var faults = SweepFileError.Faults()
        for (value, origin) in (settings[key].map { [($0.value, $0.origin)] } ?? []) + given {
            faults.collect { () throws(SweepFileError) in
                let name = value.stringValue ?? ""
                if let fault = architectureFault(name, worker) { throw SweepFileError(fault, key: key, at: origin) }
            }
        }
        try faults.check()
    }

    /// Why there is no architecture of this name; nil where there is.
    func architectureFault(_ name: String, _ worker: WorkerDescription) -> String? {
        let known = worker.trainedArchitectures + keys.others.sorted()
        guard !known.contains(name) else { return nil }
        let both = (keys.other.map { " and \($0.name) have" }) ?? " has"
        return "the worker \(worker.name)\(both) no \(name)\(NearestName.advice(for: name, among: known))"
    }

    /// Throws for keys that do not go together, as far as that can be told without worker and data.
    func check(file: String) throws(SweepFileError) {
        for block in blocks {
            let lengths = SpecKey.lengthKeys.filter { settings[$0] != nil || block.axis($0) != nil }
            if lengths.isEmpty {
                throw SweepFileError(
                    "no length is given: expected one of \(SpecKey.lengthKeys.joined(separator: ", "))",
                    at: block.origin)
            }
            if lengths.count > 1 {
                throw SweepFileError(
                    "lengths are given by \(lengths.joined(separator: " and ")): expected one of them",
                    key: lengths[1], at: origin(of: lengths[1], in: block))
            }
            for required in ["dataset.source", "dataset.size"]
            where settings[required] == nil && block.axis(required) == nil {
                let key = try keys.find(required, at: block.origin)
                throw SweepFileError("is not given: expected \(key.expected)", key: required, at: block.origin)
            }
            for exclusion in block.exclusions {
                for key in exclusion.condition.keys.sorted()
                where SpecKey.lengthKeys.contains(key) && !lengths.contains(key) {
                    throw SweepFileError(
                        "the expression looks at \(key), but the length is given by \(lengths[0])", key: "exclude",
                        at: exclusion.origin)
                }
            }
        }
    }

    /// Gives these values to keys that are not given.
    mutating func fill(_ standIns: [String: JSONValue], at origin: TextOrigin) {
        for (key, value) in standIns {
            let same = SpecKey.lengthKeys.contains(key) ? SpecKey.lengthKeys : [key]
            let isGiven = same.contains { key in settings[key] != nil || blocks.contains { $0.axis(key) != nil } }
            if isGiven { continue }
            settings[key] = SweepSetting(value: value, asked: value, origin: origin)
        }
    }

    /// Where a key of a block was given.
    func origin(of key: String, in block: GridBlock) -> TextOrigin {
        if let place = block.axis(key) { return block.dimensions[place.dimension].axes[place.place].origin }
        return settings[key]?.origin ?? block.origin
    }
}
