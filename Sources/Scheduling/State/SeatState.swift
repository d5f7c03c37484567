import SweepModel

/// What is known of the allocation of a queue's seat.
struct SeatState: Hashable {
    enum Allocation: Hashable {
        /// The queue's relay has not said yet.
        case unknown
        /// The seat has none. One may be asked for from this moment on; nil: at once.
        case none(callAt: Instant?)
        /// One was asked for, and the queue has not answered.
        case called
        /// It waits in the queue, which says why.
        case waiting(String)
        /// Its agent has begun, or has ended and left something to collect.
        case begun
    }
    var allocation = Allocation.unknown
    /// Whether the allocation was told to end, since nobody needs it.
    var isDismissed = false
    /// When the allocation's agent stops beginning jobs; nil: that is not known, or never.
    var endsAt: Instant?
    /// Whether the allocation's agent begins nothing more.
    var isLeaving = false
    /// Allocations in a row that ended before they were of use.
    var wasted = 0

    /// Whether the seat has an allocation that may still begin.
    var isComing: Bool {
        switch allocation {
        case .called, .waiting: !isDismissed
        case .unknown, .none, .begun: false
        }
    }

    var isEmpty: Bool { if case .none = allocation { true } else { false } }

    /// Whether the queue's relay has answered, so that an allocation may come, however long it takes.
    var mayCome: Bool { allocation != .unknown }

    /// Whether an allocation may be asked for now.
    func mayBeCalled(at now: Instant) -> Bool {
        guard case .none(let callAt) = allocation else { return false }
        return callAt.map { $0 <= now } ?? true
    }

    /// Forgets an allocation of which nothing is left.
    mutating func vacate(callAt: Instant?) { self = SeatState(allocation: .none(callAt: callAt), wasted: wasted) }
}
