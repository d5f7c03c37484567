import JobContract
import Quantities
import SweepModel

/// Finds the teachers that a block's sources name, and puts their IDs in the names' place.
struct TeacherSearch {
    let sweep: String
    let settings: [String: SweepSetting]
    /// The trials of the blocks before.
    let collector: TrialCollector
    let book: (any TeacherBook)?
    /// Resolution and channels of a teacher's images, by the source's text.
    private var shapes: [String: [String: JSONValue]] = [:]

    private static let key = "dataset.source"

    init(sweep: String, settings: [String: SweepSetting], collector: TrialCollector, book: (any TeacherBook)?) {
        self.sweep = sweep
        self.settings = settings
        self.collector = collector
        self.book = book
    }

    /// The keys of the block's points, with its teachers found.
    consuming func resolver(_ block: GridBlock, keys: KeyTable) throws(SweepFileError) -> BlockResolver {
        let settings = try resolvedSettings()
        let block = try resolved(block)
        return BlockResolver(block, settings: settings, keys: keys, shapes: shapes)
    }

    /// The settings with the source's teacher found.
    private mutating func resolvedSettings() throws(SweepFileError) -> [String: SweepSetting] {
        guard var source = settings[Self.key] else { return settings }
        source.value = try resolve(source.value, at: source.origin)
        var resolved = settings
        resolved[Self.key] = source
        return resolved
    }

    /// The block with its sources' teachers found.
    private mutating func resolved(_ block: GridBlock) throws(SweepFileError) -> GridBlock {
        guard let place = block.axis(Self.key) else { return block }
        var block = block
        let axis = block.dimensions[place.dimension].axes[place.place]
        for (index, value) in axis.values.enumerated() {
            let found = try resolve(value, at: axis.origin)
            block.dimensions[place.dimension].axes[place.place].values[index] = found
        }
        return block
    }

    private mutating func resolve(_ value: JSONValue, at origin: TextOrigin) throws(SweepFileError) -> JSONValue {
        guard let text = value.stringValue, var samples = SamplesSource(text), samples.version == nil else {
            return value
        }
        func failure(_ words: String) -> SweepFileError { SweepFileError(words, key: Self.key, at: origin) }
        let teacher: Teacher
        do {
            teacher = try find(samples.trial)
        } catch {
            throw failure(explanation(of: error))
        }
        guard teacher.training["training.noise"] != "fixed", teacher.training["dataset.split"] != "unknown" else {
            throw failure(
                "trial \(teacher.trial.short) is of one noise level, or was trained elsewhere on images that nobody names: "
                    + "expected a network that can be sampled from")
        }
        (samples.trial, samples.version) = (teacher.trial.hex, MeasureEntry.samples.version)
        for name in ["dataset.resolution", "dataset.channels"] {
            shapes[samples.text, default: [:]][name] = teacher.training[name]
        }
        return .string(samples.text)
    }

    /// A trial of an earlier block by a beginning of its ID or, after this sweep's name, by its place; else one of the
    /// catalogue.
    private func find(_ name: String) throws -> Teacher {
        if let words = place(name) { return try trial(at: words, called: name) }
        let here = collector.list.trials.filter { $0.id.hex.hasPrefix(name) }
        if here.count == 1 { return teacher(here[0]) }
        guard here.isEmpty else { throw NoTeacher("\"\(name)\" may be any of several trials" + list(here)) }
        guard let book else {
            throw NoTeacher(
                "no earlier block of this file has a trial called \"\(name)\", and there is no catalogue here")
        }
        return try book.teacher(name)
    }

    /// What follows `@SWEEP:` of this sweep, or `@:`. Without any of it the blocks before must have one trial.
    private func place(_ name: String) -> Substring? {
        guard name.hasPrefix("@") else { return nil }
        let head = name.dropFirst().prefix { $0 != ":" }
        return head.isEmpty || head == sweep ? name.dropFirst(head.count + 2) : nil
    }

    private func trial(at words: Substring, called name: String) throws -> Teacher {
        var conditions: [(key: String, value: JSONValue)] = []
        for pair in words.split(separator: ",") where !pair.allSatisfy(\.isWhitespace) {
            let parts = pair.split(separator: "=", maxSplits: 1).map { String($0).trimmingSpace }
            guard parts.count == 2 else {
                throw NoTeacher("\"\(name)\": expected '@SWEEP: KEY=VALUE, KEY=VALUE'")
            }
            conditions.append((parts[0], JSONText.read(parts[1]) ?? .string(parts[1])))
        }
        let trials = collector.list.trials
        let found = trials.filter { trial in
            conditions.allSatisfy { key, value in self.value(key, of: trial)?.canonical == value.canonical }
        }
        guard !found.isEmpty else {
            throw NoTeacher(
                "no earlier block of this file has a trial\(conditions.isEmpty ? "" : " at\(words)")"
                    + (trials.isEmpty ? ": expected a block before this one that makes it" : list(trials)))
        }
        guard found.count == 1 else { throw NoTeacher("\"\(name)\" may be any of several trials" + list(found)) }
        return teacher(found[0])
    }

    private func value(_ key: String, of trial: Trial) -> JSONValue? {
        trial.asked[key] ?? collector.trainings[trial.training]?[key] ?? settings[key]?.asked
    }

    private func teacher(_ trial: Trial) -> Teacher {
        guard let training = collector.trainings[trial.training] else {
            preconditionFailure("trial \(trial.id) of no training")
        }
        return Teacher(
            trial: trial.id, steps: trial.steps, training: training, dataset: collector.datasets[trial.training])
    }

    private func list(_ trials: [Trial]) -> String {
        let shown = trials.prefix(11).map { trial in
            let asked = trial.asked.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.flowYAML)" }
            return "\n  \(trial.id.hex.prefix(16))  \(asked.joined(separator: ", "))"
        }
        return ":" + shown.joined() + (trials.count > shown.count ? "\n  and others" : "")
    }
}

/// Why a teacher was not found.
private struct NoTeacher: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
