import JobContract
import SweepModel

/// A host as scheduling goes on.
struct HostState {
    enum Link: Hashable {
        case connected
        /// Not answering since then; the failure, once one was reported.
        case silent(since: Instant, HostFailure?)
    }

    enum Standing: Hashable, Sendable {
        case usable
        case resting(until: Instant)
        /// Gets no more jobs in this run.
        case unusable(reason: String)
    }

    let spec: HostSpec
    /// Whether the hosts file names it; otherwise it is only remembered for attempts it may hold.
    let isListed: Bool
    var link: Link
    var standing: Standing = .usable
    var facts: HostFacts?
    /// Attempts it may hold.
    var attempts: Set<AttemptNumber> = []
    /// Refusals and host faults since the last success.
    var strikes = 0
    /// Jobs that failed quickly since the last success.
    var quickFailures: Set<Int> = []
    /// Drained for them: what else fails quickly there is not held against the jobs.
    var isSuspect = false
    /// Whether the silence has already cost it its leases.
    var leasesExpired = false

    var isConnected: Bool { link == .connected }
    var isUnusable: Bool { if case .unusable = standing { true } else { false } }

    var slots: Int {
        if let slots = spec.slots { return max(1, slots) }
        return max(1, (facts?.cores ?? 1) / max(1, spec.threads))
    }
    /// Bytes; nil while unknown.
    var memory: Int? { spec.memory ?? facts?.memory }

    /// Whether the host could ever run the job. Memory it has not told of counts as enough.
    func suits(_ needs: JobNeeds) -> Bool {
        guard needs.tags.isSubset(of: spec.tags) else { return false }
        guard let wanted = needs.memory, let memory else { return true }
        return wanted <= memory
    }
}
