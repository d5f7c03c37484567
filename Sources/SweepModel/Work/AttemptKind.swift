/// What an attempt is at. The raw values are what catalogues hold, what queries of them name, and what a job's name is a
/// digest of: they never change.
package enum AttemptKind: String, Hashable, Sendable, Codable, CaseIterable {
    /// A training, to the last of its milestones.
    case train
    /// The measures of one trial.
    case measure
    /// The comparisons of several trials.
    case compare
    /// No job: it finds out whether its host can run the worker at all, which only has to describe itself.
    case probe
    /// No job: `adopt` records a network that was trained elsewhere as the result of one.
    case adopt
}
