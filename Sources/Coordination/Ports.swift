import Scheduling
import SweepModel

/// Where the coordination loop's inputs come from, one at a time and in order.
package protocol Inbox: AnyObject {
    /// The next input, or `timeout` once `deadline` has passed; nil waits for ever.
    func next(before deadline: Instant?) -> CoordinatorInput
    /// The next input if it is there already, else nil; never waits.
    func nextWaiting() -> CoordinatorInput?
}

/// Time that passes only while the coordinator's machine is awake.
package protocol AwakeClock: AnyObject {
    func now() -> Instant
}

/// Someone who watches a run. Called on the coordination loop's thread: quick, or it delays the run.
package protocol CoordinationObserver: AnyObject {
    /// Where the run stands; called when it may have changed, at most five times a second, and once at the end.
    func update(_ snapshot: FleetSnapshot)
    func notice(_ notice: Notice)
    /// Seconds after which it wants to look again though nothing happened; nil: never.
    var longestPause: Double? { get }
}
