import JobContract
import SweepModel

/// Where a run stands, for people to look at.
package struct FleetSnapshot: Hashable, Sendable, Codable {
    package struct Running: Hashable, Sendable, Codable {
        package var attempt: AttemptNumber
        package var kind: AttemptKind
        package var training: TrainingID
        package var trials: [TrialID]
        package var progress: WorkerEvent.Progress?
        /// Since the attempt was known to run.
        package var seconds: Double
    }

    package struct Host: Hashable, Sendable, Codable {
        package enum Status: Hashable, Sendable, Codable {
            case connecting
            case connected
            case unreachable(String)
            case unusable(String)
            /// A seat of a queue without an allocation.
            case vacant
            /// A seat whose allocation waits in the queue, with the queue's words.
            case queued(String)
        }
        package var name: HostName
        package var status: Status
        package var slots: Int
        package var running: [Running]
        package var backlog: Int
        /// Until the next try to reach it; nil where none is waited for.
        package var nextTrySeconds: Double?
        /// Those that jobs may have; nil where the hosts file asks for none.
        package var gpus: [GPUFacts]?
        /// The allocation by which a queue has lent the host; nil: it is the user's own, or not connected.
        package var loan: NodeLoan?
    }

    /// Wanted trials by state, those settled earlier included.
    package var trials: [TrialState: Int]
    package var total: Int
    package var hosts: [Host]
    /// Training work by `Training.cost`: done since the start, and wanted at the start.
    package var workDone: Double
    package var workWanted: Double
    /// Measure jobs that are not done.
    package var measuresLeft: Int
    package var elapsedSeconds: Double
    /// Time left at the rate so far; nil while nothing is known.
    package var secondsLeft: Double?
    /// Images per second of all running trainings, as they report.
    package var imagesPerSecond: Double
}
