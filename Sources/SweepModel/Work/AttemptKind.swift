/// The kind of work of an attempt. Catalogues store the raw values, queries of them name these, and a job's name is a
/// digest with one of them: they never change.
package enum AttemptKind: String, Hashable, Sendable, Codable, CaseIterable {
    /// A training, to the last of its milestones.
    case train
    /// The measures of one trial.
    case measure
    /// The comparisons of several trials.
    case compare
    /// No job: it finds out whether its host can run the worker at all, which only has to describe itself.
    case probe
    /// No job: `adopt` records a network that was trained elsewhere as the result of such an attempt.
    case adopt
}
