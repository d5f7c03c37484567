/// A worker's `build`: free text, in which ours write `VERSION+DIGEST.gCOMMIT`.
struct WorkerBuild: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    /// The beginning of the commit's hash, with "-dirty" where files differed from the commit; nil where none is named.
    var commit: String? {
        guard let match = text.firstMatch(of: /\.g([0-9a-f]{7,40}(-dirty)?)$/) else { return nil }
        return String(match.1)
    }

    /// The short form for captions: the commit, or else the beginning of the text.
    var short: String { commit.map { "commit \($0)" } ?? "build \(text.prefix(24))" }
}
