import Coordination
import Foundation
import RemoteHosts
import Scheduling
import SweepModel

/// Shows a run here, and to whoever watches it from elsewhere.
final class RunObserver: CoordinationObserver, @unchecked Sendable {
    /// Guarded by `lock`: notices come from other threads too.
    private let view: LiveView
    private let lock = NSLock()
    private let broadcast: RunBroadcast?
    private let begun = Date()
    /// Told of the first host that answers. Set before the run begins.
    var started: StartReport?
    /// Whether a trial failed in this run.
    private(set) var hasFailed = false
    /// Why each host was lost last. Guarded by `lock`.
    private var losses: [HostName: String] = [:]
    /// Called with every trial that fails. Set before the run begins.
    var failed: (() -> Void)?

    init(view: LiveView, broadcast: RunBroadcast?) {
        self.view = view
        self.broadcast = broadcast
    }

    /// What is being done about hosts. Set before the run begins.
    func follow(_ stages: HostStages) { lock.withLock { view.stages = stages } }

    var longestPause: Double? { view.longestPause }

    func update(_ snapshot: FleetSnapshot) {
        var snapshot = snapshot
        // A run planned anew counts from its own beginning.
        snapshot.elapsedSeconds = max(snapshot.elapsedSeconds, Date().timeIntervalSince(begun))
        let progress = lock.withLock { view.update(snapshot) }
        broadcast?.publish(snapshot, progress)
    }

    func notice(_ notice: Notice) {
        switch notice {
        case .hostConnected: started?.hostAnswered()
        case .trialFailed, .measureFailed:
            hasFailed = true
            failed?()
        default: break
        }
        if case .hostAwaited(_, let seconds) = notice {
            let time = Date(timeIntervalSinceNow: seconds).formatted(.iso8601.time(includingFractionalSeconds: false))
            return say("\(notice), at \(time)Z")
        }
        say(lock.withLock { words(on: notice) })
        // What was said of it is in the log by then, which is shown.
        switch notice {
        case .hostLost(let host, let failure) where failure.isTransient: started?.hostFailed(host, isFinal: false)
        case .hostUnusable(let host, _): started?.hostFailed(host, isFinal: true)
        default: break
        }
    }

    /// What people are told: trials by their places. Called with the lock held.
    private func words(on notice: Notice) -> String {
        switch notice {
        case .hostLost(let host, let failure):
            losses[host] = failure.words(beside: host)
            return notice.description
        // The reason was said the moment before.
        case .hostUnusable(let host, let reason) where losses[host] == HostFailure.words(reason, beside: host):
            return "\(host): not used any more"
        default: return wordsOnTrials(of: notice)
        }
    }

    private func wordsOnTrials(of notice: Notice) -> String {
        switch notice {
        // All that a worker said was told with its attempt.
        case .trialFailed(let trial, let reason): "\(view.name(trial)) failed: \(LiveFrame.firstLine(reason))"
        case .measureFailed(let trial, let request, let reason):
            "\(request.measure) of \(view.name(trial))\(request.isComparison ? " and others" : "") failed: "
                + LiveFrame.firstLine(reason)
        case .attemptFailed(let attempt, let host, let reason):
            "attempt \(attempt) on \(host)" + (view.name(ofAttempt: attempt).map { ", at \($0)" } ?? "")
                + ": \(reason)"
        default: notice.description
        }
    }

    func say(_ notice: String) {
        lock.withLock { view.say(notice) }
        broadcast?.publish(notice: notice)
    }

    /// Lets the catalogue be closed, whoever still holds this observer.
    func letGo() { lock.withLock { view.letGo() } }

    /// Draws where the run ended.
    func close() { lock.withLock { view.close() } }
}
