import Foundation
import JobContract
import RemoteHosts
import SweepModel

/// Changes on their way from those who ask for them to the run's thread, the only one that writes the catalogue.
final class PendingChanges: Sendable {
    /// A change as the run's thread takes it.
    enum Change: Sendable {
        case wish(WishChange)
        /// A sweep read, expanded and prepared already.
        case launch(RunningSweep)
        /// The hosts file has changed.
        case hosts([HostSpec])
    }

    /// One change, and where its answer goes.
    final class Entry: Sendable {
        let change: Change
        private let settled = DispatchSemaphore(value: 0)
        private let result = Locked<ControlAnswer?>(nil)

        init(_ change: Change) { self.change = change }

        func answer(_ answer: ControlAnswer) {
            result.with { $0 = $0 ?? answer }
            settled.signal()
        }

        func wait() -> ControlAnswer {
            settled.wait()
            return result.with { $0 } ?? .ending
        }
    }

    private struct State {
        var entries: [Entry] = []
        var isClosed = false
        var wake: (@Sendable () -> Void)?
    }
    private let state = Locked(State())

    /// Calls `wake` for every change that comes from now on, and at once if one waits.
    func attend(_ wake: @escaping @Sendable () -> Void) {
        let waits = state.with { state in
            state.wake = wake
            return !state.entries.isEmpty
        }
        if waits { wake() }
    }

    /// Hands a change in. Its entry answers `.ending` where the run is over before the change is made.
    func submit(_ change: Change) -> Entry {
        let entry = Entry(change)
        let wake: (@Sendable () -> Void)? = state.with { state in
            if state.isClosed {
                entry.answer(.ending)
                return nil
            }
            state.entries.append(entry)
            return state.wake
        }
        wake?()
        return entry
    }

    func takeAll() -> [Entry] {
        state.with { state in
            defer { state.entries = [] }
            return state.entries
        }
    }

    /// Takes no more changes; those that wait are answered `.ending`.
    func close() {
        let left = state.with { state in
            state.isClosed = true
            defer { state.entries = [] }
            return state.entries
        }
        for entry in left { entry.answer(.ending) }
    }

    /// Closes unless a change waits, so that none is lost between a run's last look and its end.
    func closeIfEmpty() -> Bool {
        state.with { state in
            guard state.entries.isEmpty else { return false }
            state.isClosed = true
            return true
        }
    }
}
