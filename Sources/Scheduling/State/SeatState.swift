import SweepModel

/// What is known of the allocation for which a seat of a queue is kept.
struct SeatState: Hashable {
    enum Allocation: Hashable {
        /// Nobody has said yet.
        case unknown
        /// There is none. One may be asked for from then on; nil: at once.
        case none(callAt: Instant?)
        /// Asked for, and not answered.
        case called
        /// It waits in the queue; the queue's words.
        case waiting(String)
        /// Its agent has begun, or ended and left something to collect.
        case begun
    }
    var allocation = Allocation.unknown
    /// It is to end, since nobody needs it.
    var isDismissed = false
    /// When its agent stops beginning jobs; nil: that is not known, or never.
    var endsAt: Instant?
    /// Its agent begins nothing more.
    var isLeaving = false
    /// Allocations in a row that ended before they were of use.
    var wasted = 0

    /// Whether one was asked for that may still begin.
    var isComing: Bool {
        switch allocation {
        case .called, .waiting: !isDismissed
        case .unknown, .none, .begun: false
        }
    }

    var isEmpty: Bool { if case .none = allocation { true } else { false } }

    /// Whether waiting for it is not in vain, however long it takes.
    var mayCome: Bool { allocation != .unknown }

    func mayBeCalled(at now: Instant) -> Bool {
        guard case .none(let callAt) = allocation else { return false }
        return callAt.map { $0 <= now } ?? true
    }

    mutating func isVacant(callAt: Instant?) { self = SeatState(allocation: .none(callAt: callAt), wasted: wasted) }
}
