import JobContract
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
        var seat: SeatState?
    }

    /// Leave a host out and it begins anew, as when a person says that it can be used again.
    package var hosts: [HostName: Host] = [:]
    /// The work recorded until then, by which turns are counted; nil: what the catalogue holds of it.
    var workRecorded: Double?

    package init() {}
}

extension Scheduler {
    /// What is known of the hosts that another scheduler could not find in the catalogue.
    package func handover(at now: Instant) -> Handover {
        var handover = Handover()
        handover.workRecorded = workBefore + workRecorded
        for (name, host) in hosts where host.isListed {
            var standing = drained[name] == nil ? host.standing : .usable
            if case .probing = standing { standing = .usable }
            handover.hosts[name] = Handover.Host(
                silentSince: host.silence?.since, failure: host.silence?.failure,
                leaseSilence: host.silence?.before ?? 0, facts: host.facts,
                standing: standing, strikes: host.strikes, seat: host.seat)
        }
        return handover
    }

    mutating func restore(_ handover: Handover, at now: Instant) {
        for (name, known) in handover.hosts {
            // It may have left the hosts file.
            guard let host = hosts[name] else { continue }
            hosts[known: name].link = .silent(
                HostState.Silence(
                    since: known.silentSince ?? now, failure: known.failure, before: known.leaseSilence,
                    recorded: host.silence?.recorded ?? 0))
            hosts[known: name].facts = known.facts
            hosts[known: name].standing = known.standing
            hosts[known: name].strikes = known.strikes
            // Which allocation the seat has its queue will tell again, and the allocation's agent how long it stays.
            if hosts[known: name].seat != nil, let seat = known.seat { hosts[known: name].seat?.wasted = seat.wasted }
        }
    }
}
