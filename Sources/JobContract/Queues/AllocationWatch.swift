/// Judges from what can be seen of an allocation whether it is over. What a queue lists is a hint: jobs that run are
/// missing in listings after a restart of the queue, and jobs that are gone stand in stale ones. The allocation's own files
/// decide: a pilot says that it began, goes on saying that it lives, and says that it ends.
///
/// All times are seconds of one clock of whoever watches, that of no other machine.
package struct AllocationWatch: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        /// The pilot has not begun, as far as is known.
        case waiting
        case running
        case over
    }

    private enum Listing: Hashable {
        case unknown
        case listed(QueueEntry.State)
        /// Not among the account's jobs, since then, as that many listings said one after the other.
        case missing(since: Double, times: Int)
    }

    private var listing = Listing.unknown
    private var hasBegun = false
    private var hasEnded = false
    private var beats = 0
    private var beatAt: Double
    private let since: Double

    /// Seconds of silence after which a pilot that the queue does not list is gone. It beats ten times as often.
    package static let silenceSeconds = 60.0
    package static let beatSeconds = 5.0
    /// Listings without the allocation that are needed to take it for gone, and the seconds they must span.
    private static let missingTimes = 3
    private static let missingSeconds = 30.0
    /// Seconds that a job which the queue calls over has for its last word.
    private static let lastWordSeconds = 15.0

    /// - Parameter now: when its submission was confirmed, or when an earlier one was found.
    package init(at now: Double) {
        since = now
        beatAt = now
    }

    /// Takes a listing that the queue answered.
    /// - Parameter entry: the allocation's line; nil: it has none.
    package mutating func isListed(_ entry: QueueEntry?, at now: Double) {
        if let entry {
            if entry.state != .over || listing != .listed(.over) { overSince = entry.state == .over ? now : nil }
            listing = .listed(entry.state)
        } else if case .missing(let since, let times) = listing {
            listing = .missing(since: since, times: times + 1)
        } else {
            listing = .missing(since: now, times: 1)
        }
    }
    private var overSince: Double?

    /// Takes what the allocation's files say.
    /// - Parameter beats: how often the pilot said that it lives.
    package mutating func isSeen(hasBegun: Bool, beats: Int, hasEnded: Bool, at now: Double) {
        self.hasEnded = self.hasEnded || hasEnded
        if beats != self.beats || hasBegun != self.hasBegun { beatAt = now }
        self.beats = beats
        self.hasBegun = self.hasBegun || hasBegun
    }

    package func verdict(at now: Double) -> Verdict {
        if hasEnded { return .over }
        let isGone =
            switch listing {
            case .unknown, .listed(.waiting), .listed(.running): false
            case .listed(.over): overSince.map { now - $0 >= Self.lastWordSeconds } ?? false
            case .missing(let since, let times):
                times >= Self.missingTimes && now - since >= Self.missingSeconds
            }
        guard isGone else { return hasBegun ? .running : .waiting }
        guard now - beatAt >= Self.silenceSeconds else { return hasBegun ? .running : .waiting }
        return .over
    }
}
