import SweepModel

/// What a scheduler that ended with `replan` leaves to the one that takes over on the same clock: of the hosts only,
/// for the rest is in the catalogue.
package struct Handover: Hashable, Sendable {
    package struct Host: Hashable, Sendable {
        /// Nil for a host that answered.
        var silentSince: Instant?
        var failure: HostFailure?
        /// Seconds of silence counted before.
        var leaseSilence: Double
        var facts: HostFacts?
        var standing: HostState.Standing
        var strikes: Int
    }

    /// Leave a host out and it begins anew, as when a person says that it can be used again.
    package var hosts: [HostName: Host] = [:]

    package init() {}
}

extension Scheduler {
    /// What is known of the hosts that another scheduler could not find in the catalogue.
    package func handover(at now: Instant) -> Handover {
        var handover = Handover()
        for (name, host) in hosts where host.isListed {
            var silentSince: Instant?
            var failure: HostFailure?
            if case .silent(let since, let known) = host.link { (silentSince, failure) = (since, known) }
            var standing = drained[name] == nil ? host.standing : .usable
            if case .probing = standing { standing = .usable }
            handover.hosts[name] = Handover.Host(
                silentSince: silentSince, failure: failure, leaseSilence: host.leaseSilence, facts: host.facts,
                standing: standing, strikes: host.strikes)
        }
        return handover
    }

    mutating func take(_ handover: Handover, at now: Instant) {
        for (name, known) in handover.hosts {
            guard hosts[name] != nil else { continue }
            hosts[name]?.link = .silent(since: known.silentSince ?? now, known.failure)
            hosts[name]?.leaseSilence = known.leaseSilence
            hosts[name]?.facts = known.facts
            hosts[name]?.standing = known.standing
            hosts[name]?.strikes = known.strikes
        }
    }
}
