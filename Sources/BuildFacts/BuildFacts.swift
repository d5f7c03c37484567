/// What the programs were built from.
package enum BuildFacts {
    /// The beginning of the commit's hash, with "-dirty" when files differed from it; nil outside of a repository.
    package static var commit: String? { recorded.isEmpty ? nil : recorded }
}
