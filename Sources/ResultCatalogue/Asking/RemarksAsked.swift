import JobContract

/// The tags and notes of trials, by trial ID.
package struct TrialRemarks: Sendable {
    /// The columns that lists may show of them.
    package static let columns: Set<String> = ["tags", "note"]

    fileprivate(set) var tags: [String: [String]] = [:]
    fileprivate(set) var notes: [String: String] = [:]

    package init() {}

    /// Whether the trial has all of these tags, and these words in its note, in any case.
    package func has(_ wanted: [String], note words: String?, _ trial: String) -> Bool {
        if !wanted.isEmpty, !Set(wanted).isSubset(of: tags[trial] ?? []) { return false }
        guard let words else { return true }
        return notes[trial]?.lowercased().contains(words.lowercased()) == true
    }

    /// What a column shows; null where there is nothing.
    package func value(_ column: String, of trial: String) -> JSONValue {
        let text = column == "tags" ? tags[trial]?.joined(separator: ", ") : notes[trial]
        return text.map(JSONValue.string) ?? .null
    }
}

extension CatalogueReader {
    /// All tags, sorted, and notes of trials: people write few of them.
    package func trialRemarks() throws -> TrialRemarks {
        var remarks = TrialRemarks()
        for row in try rows("SELECT name, tag FROM tags WHERE subject = 'trial' ORDER BY tag").rows {
            remarks.tags[row[0].text ?? "", default: []].append(row[1].text ?? "")
        }
        for row in try rows("SELECT name, text FROM notes WHERE subject = 'trial'").rows {
            remarks.notes[row[0].text ?? ""] = row[1].text
        }
        return remarks
    }
}
