/// What the programs were built from.
package enum BuildFacts {
    package static let version = "0.1.0"

    /// The beginning of the commit's hash, with "-dirty" when files differed from it; nil outside of a repository.
    package static var commit: String? { recorded.commit.isEmpty ? nil : recorded.commit }

    /// What `--version` says: `0.1.0 (4a25ff637ee7 of 2026-03-01)`, the date being the commit's.
    package static var summary: String {
        commit.map { "\(version) (\($0) of \(recorded.date))" } ?? version
    }
}
