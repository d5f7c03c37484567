import Foundation
import JobContract
import ResultCatalogue
import ResultQueries
import SweepFiles
import SweepModel

/// Finds the trial that a person means: by the beginning of its ID, or of its training's where that has one trial; or by its
/// place in a sweep, as `@SWEEP: dataset.size=256, model.scale=8` or as it is shown.
struct TrialNaming {
    let reader: CatalogueReader
    let names: PointNames
    static let help = "The trial: any unique beginning of its ID, or '@SWEEP: dataset.size=256, seed=0'."

    init(_ reader: CatalogueReader) {
        self.reader = reader
        names = PointNames(reader)
    }

    /// Throws `CommandFailure` where there is none, naming the nearest, or more than one, listing them.
    func trial(_ text: String) throws -> TrialID { try one(of: try trials(text), text) }

    /// The trials that the text may mean; never none. All of a training's are meant by its ID.
    func trials(_ text: String) throws -> [TrialID] {
        if text.hasPrefix("@") { return try trials(at: Place(text, of: reader.sweepNames())) }
        guard try !isSweep(text) else {
            throw CommandFailure(
                .usage,
                "\"\(text)\" is a sweep, and a trial is asked for; "
                    + "`eigensweep trials \(ShellWord.quoted(text))\(CatalogueOptions.option(for: reader.path))` lists its trials"
            )
        }
        let isHex = !text.isEmpty && text.utf8.count <= 64 && text.allSatisfy(\.isHexDigit)
        guard isHex else {
            throw CommandFailure(
                .usage,
                "no trial is called \"\(text)\"; expected the first digits of its ID, as `eigensweep trials SWEEP` lists them, "
                    + "or its place, such as '@SWEEP: dataset.size=256, seed=0'")
        }
        var found = try reader.trials(startingWith: text, limit: Self.most)
        if found.isEmpty { found = try reader.trials(ofTrainingsStartingWith: text, limit: Self.most) }
        guard found.isEmpty else { return found }
        throw CommandFailure(
            .usage,
            "no trial of \(reader.path), and no training, has an ID that begins with \"\(text)\""
                + list(try reader.trials(around: text), title: "; the next are"))
    }

    /// Whether a sweep has this name, and no trial can be meant.
    private func isSweep(_ text: String) throws -> Bool {
        guard try reader.sweepNames().contains(text) else { return false }
        return try !text.allSatisfy(\.isHexDigit) || reader.trials(startingWith: text, limit: 1).isEmpty
    }

    /// As many are listed.
    private static let most = 12

    private func one(of found: [TrialID], _ text: String) throws -> TrialID {
        guard found.count > 1 else { return found[0] }
        throw CommandFailure(.usage, "\"\(text)\" may be any of several trials" + list(found, title: ":"))
    }

    private func list(_ trials: [TrialID], title: String, of sweep: String? = nil) -> String {
        guard !trials.isEmpty else { return "" }
        let shown = trials.prefix(Self.most - 1).map { "\n  \($0.hex.prefix(16))  \(names.point($0, in: sweep))" }
        return title + shown.joined() + (trials.count > shown.count ? "\n  and others" : "")
    }

    // MARK: Places

    /// A sweep and values of its axes, as a person wrote them.
    private struct Place {
        let text: String
        var sweep: String
        /// All that stands behind the sweep.
        var words: String
        /// None where the words are no pairs of key and value.
        var values: [(key: String, text: String)]
        var fault: CommandFailure {
            CommandFailure(.usage, "\"\(text)\": expected '@SWEEP: KEY=VALUE, KEY=VALUE'")
        }

        /// A sweep's name may have a ":" itself: it is the longest of those known that the text begins with.
        init(_ text: String, of sweeps: [String]) throws {
            let said = text.dropFirst()
            let known = sweeps.filter { said.hasPrefix($0 + ":") }.max { $0.count < $1.count }
            let parts =
                known.map { [said.prefix($0.count), said.dropFirst($0.count + 1)] }
                ?? said.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let pairs = (parts.count == 2 ? parts[1] : "").split(separator: ",").map {
                $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                    $0.trimmingCharacters(in: .whitespaces)
                }
            }
            self.text = text
            sweep = String(parts[0])
            words = parts.count == 2 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
            let arePairs = pairs.allSatisfy { $0.count == 2 && !$0[0].isEmpty && !$0[1].isEmpty }
            values = arePairs ? pairs.map { ($0[0], $0[1]) } : []
            guard !words.isEmpty else { throw fault }
        }
    }

    private func trials(at place: Place) throws -> [TrialID] {
        let sweep = try reader.sweepName(place.sweep)
        let shown = try trials(shownAs: place.words, of: sweep)
        guard shown.isEmpty else { return shown }
        guard !place.values.isEmpty else { throw place.fault }
        let conditions = try conditions(place, sweep)
        let found = try asked(conditions, of: sweep)
        guard found.matching.isEmpty else { return found.matching }
        throw CommandFailure(
            .usage,
            "sweep \(sweep) has no trial at \(place.values.map { "\($0.key)=\($0.text)" }.joined(separator: ", "))"
                + list(found.nearest, title: "; the nearest are", of: sweep))
    }

    /// The trials that tables show so: `N=256 scale=8 65.5k images`.
    private func trials(shownAs words: String, of sweep: String) throws -> [TrialID] {
        guard !words.contains(","), words.contains(" ") else { return [] }
        let axes = try names.axes(of: sweep)
        var found: [TrialID] = []
        try reader.scanAsked(of: sweep) { row in
            if let trial = TrialID(hex: row.text(0)), axes.text(JSONText.object(row.text(1)) ?? [:]) == words {
                found.append(trial)
            }
            return found.count < Self.most
        }
        return found
    }

    private func conditions(_ place: Place, _ sweep: String) throws -> [(key: String, value: JSONValue)] {
        let axes = try names.axes(of: sweep)
        let keys = try TrialKeys(reader, sweep: sweep, at: 0..<1, keys: []).names
        return try place.values.map { label, text in
            guard let key = axes.key(of: label) ?? (keys.contains(label) ? label : nil) else {
                throw CommandFailure(
                    .usage,
                    "sweep \(sweep) has no key \"\(label)\""
                        + NearestName.advice(for: label, among: axes.keys.isEmpty ? keys : axes.keys))
            }
            return (key, JSONText.read(text) ?? .string(text))
        }
    }

    /// The trials of these values, and those that asked for the nearest. Keys that a trial's file did not ask of each trial
    /// are looked up in its settings.
    private func asked(_ conditions: [(key: String, value: JSONValue)], of sweep: String) throws -> (
        matching: [TrialID], nearest: [TrialID]
    ) {
        var matching: [TrialID] = []
        var nearest: [(distance: Double, trial: TrialID)] = []
        var unasked: Set<String> = []
        try reader.scanAsked(of: sweep) { row in
            let asked = JSONText.object(row.text(1)) ?? [:]
            let distance = conditions.reduce(0) { sum, condition in
                guard let value = asked[condition.key] else {
                    unasked.insert(condition.key)
                    return sum
                }
                return sum + Self.distance(condition.value, value)
            }
            guard let trial = TrialID(hex: row.text(0)) else { return true }
            if distance == 0 { matching.append(trial) }
            if nearest.count < 3 || distance < nearest[2].distance {
                nearest.append((distance, trial))
                nearest.sort { $0.distance < $1.distance }
                nearest.removeLast(max(0, nearest.count - 3))
            }
            return matching.count < Self.most || !unasked.isEmpty
        }
        let settings = conditions.filter { unasked.contains($0.key) }
        guard !settings.isEmpty, !matching.isEmpty else { return (matching, nearest.map(\.trial)) }
        let filter = WhereExpression.all(settings.map { .compare(key: $0.key, .equal, $0.value) })
        let held = Set(try TrialSelection(reader).trials(of: sweep, where: filter))
        return (matching.filter(held.contains), nearest.map(\.trial))
    }

    /// 0 for equal values, at most 1 for others; numbers by their ratio.
    private static func distance(_ wanted: JSONValue, _ found: JSONValue) -> Double {
        if wanted == found || PointAxes.plain(wanted) == PointAxes.plain(found) { return 0 }
        guard let a = wanted.doubleValue, let b = found.doubleValue, a > 0, b > 0 else { return 1 }
        return min(1, 0.01 + max(a / b, b / a) / 1000)
    }
}
