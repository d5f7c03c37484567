/// Judges whether an allocation is over. What a queue lists is a hint: after a restart of the queue its listings lack jobs
/// that run, and stale listings have jobs that are gone. The allocation's own files decide, in which its pilot says that it
/// has begun, that it lives, and that it ends.
///
/// All times are seconds of the watching machine's clock.
package struct AllocationWatch: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        /// The pilot has not begun, as far as is known.
        case waiting
        case running
        case over
    }

    private enum Listing: Hashable {
        case unknown
        /// The queue last listed a job that waits or runs.
        case alive
        /// The queue calls the job over, for the first time at this moment.
        case over(since: Double)
        /// So many listings in a row lacked the job, the first of them at this moment.
        case missing(since: Double, times: Int)
    }

    private var listing = Listing.unknown
    private var hasBegun = false
    private var hasEnded = false
    private var beats = 0
    private var beatAt: Double

    /// Seconds without a beat after which a pilot whose job the queue does not list is gone.
    package static let silenceSeconds = 60.0
    /// Seconds between a pilot's beats.
    package static let beatSeconds = 5.0
    /// Listings that must lack the job before it counts as gone, and the seconds that they must span.
    private static let missingTimes = 3
    private static let missingSeconds = 30.0
    /// Seconds that the pilot of a job which the queue calls over has for its last word.
    private static let lastWordSeconds = 15.0

    /// - Parameter now: when the queue confirmed the submission, or when an allocation of an earlier relay was found.
    package init(at now: Double) { beatAt = now }

    /// Records a listing that the queue gave.
    /// - Parameter entry: the allocation's line; nil: the listing has none.
    package mutating func record(_ entry: QueueEntry?, at now: Double) {
        switch (entry?.state, listing) {
        case (.over, .over): break
        case (.over, _): listing = .over(since: now)
        case (.waiting, _), (.running, _): listing = .alive
        case (nil, .missing(let since, let times)): listing = .missing(since: since, times: times + 1)
        case (nil, _): listing = .missing(since: now, times: 1)
        }
    }

    /// Records what the allocation's files say.
    /// - Parameter beats: how often the pilot has said that it lives.
    package mutating func record(hasBegun: Bool, beats: Int, hasEnded: Bool, at now: Double) {
        self.hasEnded = self.hasEnded || hasEnded
        if beats != self.beats || hasBegun != self.hasBegun { beatAt = now }
        self.beats = beats
        self.hasBegun = self.hasBegun || hasBegun
    }

    package func verdict(at now: Double) -> Verdict {
        if hasEnded { return .over }
        let isUnlisted =
            switch listing {
            case .unknown, .alive: false
            case .over(let since): now - since >= Self.lastWordSeconds
            case .missing(let since, let times):
                times >= Self.missingTimes && now - since >= Self.missingSeconds
            }
        if isUnlisted, now - beatAt >= Self.silenceSeconds { return .over }
        return hasBegun ? .running : .waiting
    }
}
