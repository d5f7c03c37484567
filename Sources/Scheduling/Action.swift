import JobContract
import SweepModel

/// What the scheduler wants done. All `record`s of one event are one transaction, durable before anything else is
/// done: an intent before its start, a result before its acknowledgement.
package enum Action: Hashable, Sendable {
    case record(CatalogueChange)
    case start(Assignment)
    case cancel(AttemptNumber, on: HostName)
    case revoke(AttemptNumber, on: HostName)
    case acknowledge(AttemptNumber, offset: Int, on: HostName)
    case release(AttemptNumber, on: HostName)
    /// Ask the queue for an allocation for this seat.
    case call(HostName)
    /// End this seat's allocation, which nobody needs.
    case dismiss(HostName)
    /// Something people want to hear of.
    case notice(Notice)
}

/// An attempt given to a host: everything of its start order that scheduling decides.
package struct Assignment: Hashable, Sendable {
    package let attempt: AttemptNumber
    package let host: HostName
    package let job: JobID
    package let training: TrainingID
    package let threads: Int
    /// GPUs that the attempt has.
    package let gpus: Int
    /// Of what waits on a host the assignment with the smallest begins first; nil: before all that have one.
    package let turn: Double?
    package let purpose: Purpose

    package enum Purpose: Hashable, Sendable {
        case work(JobTask)
        /// To find out whether the training's worker runs on the host and is the right one: it describes itself.
        case probe
    }

    package var task: JobTask? { if case .work(let task) = purpose { task } else { nil } }
}

package enum Notice: Hashable, Sendable, CustomStringConvertible {
    case hostConnected(HostName)
    case hostLost(HostName, HostFailure)
    case hostUnusable(HostName, reason: String)
    /// It is tried again in so many seconds.
    case hostAwaited(HostName, seconds: Double)
    /// A file of its store is damaged; in words.
    case storeDamaged(HostName, String)
    /// The queue did not take an allocation, in its words; it is asked again after so many seconds.
    case queueRefused(HostName, words: String, seconds: Double)
    /// An allocation ended before it was of use. Words: what was last said of it.
    case allocationWasted(HostName, words: String)
    /// A GPU of the host gets no jobs any more.
    case gpuFailed(HostName, FailedGPU)
    /// Others may have the jobs of these attempts now.
    case leasesExpired(HostName, [AttemptNumber])
    case attemptFailed(AttemptNumber, HostName, reason: String)
    case trialFailed(TrialID, reason: String)
    /// A measure of the trial, or a comparison with others.
    case measureFailed(TrialID, MeasureRequest, reason: String)

    package var description: String {
        switch self {
        case .hostConnected(let host): "\(host): connected"
        case .hostLost(let host, let failure): "\(host): \(failure.words(beside: host))"
        case .hostUnusable(let host, let reason):
            "\(host): not used any more: \(HostFailure.words(reason, beside: host))"
        case .hostAwaited(let host, let seconds): "\(host): tried again in \(Int(seconds.rounded())) s"
        case .storeDamaged(let host, let words): "\(host): \(words)"
        case .queueRefused(let host, let words, let seconds):
            "\(host): the queue takes no allocation: \(words); asked again in \(Int(seconds.rounded())) s"
        case .allocationWasted(let host, let words): "\(host): an allocation ended before it was of use: \(words)"
        case .gpuFailed(let host, let gpu): "\(host): GPU \(gpu.id) gets no jobs any more: \(gpu.reason)"
        case .leasesExpired(let host, let attempts):
            "\(host): silent for too long; \(attempts.count) attempts of its jobs may start elsewhere"
        case .attemptFailed(let attempt, let host, let reason):
            "attempt \(attempt) on \(host): \(HostFailure.words(reason, beside: host))"
        case .trialFailed(let trial, let reason): "trial \(trial.short) failed: \(reason)"
        case .measureFailed(let trial, let request, let reason):
            "\(request.measure) of trial \(trial.short)\(request.isComparison ? " and others" : "") failed: \(reason)"
        }
    }
}

/// Why there is nothing left to schedule.
package enum Ending: Hashable, Sendable {
    /// Every wanted trial is succeeded, failed or cancelled.
    case settled
    case noUsableHost(reason: String)
    case interrupted
    case cancelled
    /// What is wanted has changed: a scheduler made of what the catalogue then holds is to go on.
    case replan
}
