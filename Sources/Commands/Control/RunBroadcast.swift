import Foundation
import Scheduling

/// The latest view of a run, for all viewers: a newer view takes its place, and only the last notices are kept.
final class RunBroadcast: @unchecked Sendable {
    private let changed = NSCondition()
    /// Guarded by `changed`, as are the properties below.
    private var fleet: FleetSnapshot?
    private var progress: RunProgress?
    private var notices: [String] = []
    /// How many notices there were before those kept.
    private var forgotten = 0
    private var turn = 0
    private var status: Int32?
    private static let keptNotices = 200

    func publish(_ snapshot: FleetSnapshot, _ progress: RunProgress) {
        change { (fleet, self.progress) = (snapshot, progress) }
    }

    func publish(notice: String) {
        change {
            notices.append(notice)
            guard notices.count > Self.keptNotices else { return }
            forgotten += notices.count - Self.keptNotices
            notices.removeFirst(notices.count - Self.keptNotices)
        }
    }

    /// Tells viewers that the run has ended.
    func end(status: Int32) {
        change { self.status = status }
    }

    private func change(_ body: () -> Void) {
        changed.lock()
        body()
        turn += 1
        changed.broadcast()
        changed.unlock()
    }

    /// One viewer's place.
    struct Place {
        fileprivate var turn = -1
        fileprivate var notices: Int?
    }

    /// The view as it is now, without notices.
    func look() -> RunView {
        var place = Place()
        changed.lock()
        defer { changed.unlock() }
        return view(&place)
    }

    /// Waits, a second at most, for something newer than `place` has seen; nil where nothing came.
    func next(_ place: inout Place) -> ControlAnswer? {
        changed.lock()
        defer { changed.unlock() }
        let end = Date(timeIntervalSinceNow: 1)
        while place.turn == turn {
            guard changed.wait(until: end) else { return nil }
        }
        if let status {
            // The last notices are shown before the end.
            guard place.turn == -2 else {
                let last = view(&place)
                place.turn = -2
                return .view(last)
            }
            return .ended(status: status)
        }
        return .view(view(&place))
    }

    private func view(_ place: inout Place) -> RunView {
        let known = place.notices ?? forgotten + notices.count
        let new = notices.suffix(max(0, forgotten + notices.count - known))
        place.notices = forgotten + notices.count
        place.turn = turn
        return RunView(process: getpid(), fleet: fleet, progress: progress, notices: Array(new))
    }
}
