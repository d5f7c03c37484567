/// How a run ended.
package enum CoordinationOutcome: Hashable, Sendable {
    /// Every wanted trial has its results.
    case succeeded
    /// Everything was tried; so many wanted trials have failed, now or earlier.
    case someFailed(Int)
    case noUsableHost(reason: String)
    /// The catalogue refused a commit. Nothing of that event was acknowledged; resuming repeats it.
    case catalogueFailed(reason: String)
    /// Stopped on request; hosts go on with what they hold, and `resume` collects it.
    case interrupted
    case cancelled

    /// The program's exit code.
    package var exitCode: Int32 {
        switch self {
        case .succeeded: 0
        case .someFailed: 1
        case .noUsableHost: 4
        case .catalogueFailed: 5
        case .interrupted: 6
        case .cancelled: 130
        }
    }
}
