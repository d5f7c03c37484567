import JobContract
import SweepModel

/// The tags and notes of trials, by trial ID.
package struct TrialRemarks: Sendable {
    /// The columns that lists may show of them.
    package static let columns: Set<String> = ["tags", "note"]

    fileprivate(set) var tags: [String: [String]] = [:]
    fileprivate(set) var notes: [String: String] = [:]
    /// Of the sweep whose trials they are.
    fileprivate(set) var sweepTags: [String] = []
    fileprivate(set) var sweepNote: String?

    package init() {}

    /// Whether the trial or its sweep has each of these tags, and one of their notes these words, in any case.
    package func has(_ wanted: [String], note words: String?, _ trial: String) -> Bool {
        if !Set(wanted).subtracting(sweepTags).isSubset(of: tags[trial] ?? []) { return false }
        guard let words else { return true }
        return [notes[trial], sweepNote].contains { $0?.lowercased().contains(words.lowercased()) == true }
    }

    /// What a column shows; null where there is nothing.
    package func value(_ column: String, of trial: String) -> JSONValue {
        let text = column == "tags" ? tags[trial]?.joined(separator: ", ") : notes[trial]
        return text.map(JSONValue.string) ?? .null
    }
}

extension CatalogueReader {
    /// All tags, sorted, and notes of trials, and those of a sweep: people write few of them.
    package func trialRemarks(of sweep: String? = nil) throws -> TrialRemarks {
        var remarks = TrialRemarks()
        if let sweep {
            (remarks.sweepTags, remarks.sweepNote) = (try tags(of: .sweep(sweep)), try note(about: .sweep(sweep)))
        }
        for row in try rows("SELECT name, tag FROM tags WHERE subject = 'trial' ORDER BY tag").rows {
            remarks.tags[row[0].text ?? "", default: []].append(row[1].text ?? "")
        }
        for row in try rows("SELECT name, text FROM notes WHERE subject = 'trial'").rows {
            remarks.notes[row[0].text ?? ""] = row[1].text
        }
        return remarks
    }
}

extension CatalogueReader {
    /// The sweeps whose last revisions list a trial, by name.
    package func sweeps(listing trial: TrialID) throws -> [String] {
        try rows("SELECT sweep FROM sweep_trials WHERE trial_id = ? ORDER BY sweep", [.text(trial.hex)]).rows.compactMap
        {
            $0[0].text
        }
    }
}
