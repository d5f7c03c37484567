/// How a run ended.
package enum CoordinationOutcome: Hashable, Sendable {
    /// Every wanted trial has its results.
    case succeeded
    /// Everything was tried; so many wanted trials and comparisons have failed, now or earlier.
    case someFailed(Int)
    case noUsableHost(reason: String)
    /// The catalogue refused a commit. Nothing of that event was acknowledged; resuming repeats it.
    case catalogueFailed(reason: String)
    /// Stopped on request; hosts go on with what they hold, and `resume` collects it.
    case interrupted
    case cancelled
    /// What is wanted has changed: hosts go on with what they hold, and a coordinator made of what the catalogue now
    /// holds is to take over.
    case replan

    /// The program's exit code.
    package var exitCode: Int32 {
        switch self {
        case .succeeded: 0
        case .someFailed: 1
        case .noUsableHost: 4
        case .catalogueFailed: 5
        case .interrupted, .replan: 6
        case .cancelled: 130
        }
    }
}
