import JobContract
import Scheduling
import SweepModel

/// The coordination loop: from reports to durable records to what follows from them.
///
/// In every round, strictly in this order: the scheduler decides on each waiting input, in turn; the catalogue commits
/// all that is to be recorded in one transaction, so that a slow disk is waited for once and not once an input; hosts
/// hear of it, in the order it was decided. So an intent is durable before its start is sent, a result before its
/// acknowledgement, and a coordinator that dies between any two steps leaves nothing that its successor cannot find
/// out. Everything here runs on the thread that calls `run`.
package final class Coordinator {
    private var scheduler: Scheduler
    private let orders: OrderBook
    private let fleet: any Fleet
    private let inbox: any Inbox
    private let catalogue: any CatalogueWriter
    private let clock: any AwakeClock
    private let observer: (any CoordinationObserver)?
    private var shownAt: Instant?
    /// Seconds until the observer's next look at the earliest.
    private var lookPause = shortestLookPause
    private static let shortestLookPause = 0.2
    /// How much longer than a look the pause after it is: a look at ten thousand hosts takes a while.
    private static let pausePerLook = 20.0
    /// Inputs of one round: enough to share a commit, few enough to be answered soon.
    private static let longestRound = 512

    package init(
        configuration: CoordinationConfiguration, fleet: any Fleet, inbox: any Inbox, catalogue: any CatalogueWriter,
        clock: any AwakeClock, observer: (any CoordinationObserver)? = nil
    ) {
        orders = OrderBook(configuration.sweeps)
        scheduler = Scheduler(
            graph: JobGraph(sweeps: configuration.sweeps.map(\.sweep), holdings: configuration.holdings),
            holdings: configuration.holdings, hosts: configuration.hosts, drained: configuration.drained,
            checks: configuration.checks, firstAttempt: configuration.firstAttempt, policy: configuration.policy,
            handover: configuration.handover,
            at: clock.now())
        self.fleet = fleet
        self.inbox = inbox
        self.catalogue = catalogue
        self.clock = clock
        self.observer = observer
    }

    /// Runs until every wanted trial is settled, no host is left, or someone asks to stop.
    ///
    /// `connect` is called once there is something to do; from then on the fleet's reports must arrive in the inbox.
    /// Returns at once when there is nothing to do.
    package func run(connect: () -> Void = {}) -> CoordinationOutcome {
        do {
            try performFirstActions()
            if outcome == nil { connect() }
            while outcome == nil { try step() }
        } catch {
            return .catalogueFailed(reason: explanation(of: error))
        }
        show(evenIfRecent: true)
        return outcome ?? .succeeded
    }

    /// What `run` does before its first step. Throws what the catalogue throws.
    package func performFirstActions() throws {
        try perform(scheduler.firstActions(at: clock.now()))
    }

    /// Waits for an input, takes those that came with it and does everything that follows from them. Throws what the
    /// catalogue throws; the coordinator is of no use then.
    package func step() throws {
        show(evenIfRecent: false)
        var actions = scheduler.handle(inbox.next(before: deadline()), at: clock.now())
        var taken = 1
        while taken < Self.longestRound, outcome == nil, let input = inbox.nextWaiting() {
            actions += scheduler.handle(input, at: clock.now())
            taken += 1
        }
        try perform(actions)
    }

    /// How it ended; nil while there is something to do.
    package var outcome: CoordinationOutcome? {
        switch scheduler.ending {
        case nil: nil
        case .noUsableHost(let reason): .noUsableHost(reason: reason)
        case .interrupted: .interrupted
        case .cancelled: .cancelled
        case .replan: .replan
        case .settled: scheduler.failures == 0 ? .succeeded : .someFailed(scheduler.failures)
        }
    }

    /// What a coordinator that takes over on the same clock should know of the hosts.
    package func handover() -> Handover { scheduler.handover(at: clock.now()) }

    /// What is not as it must be in the scheduler's state; for tests.
    package func violations() -> [String] { scheduler.violations() }

    /// The one place where decisions take effect.
    private func perform(_ actions: [Action]) throws {
        let changes = actions.compactMap { if case .record(let change) = $0 { change } else { nil } }
        if !changes.isEmpty { try catalogue.commit(changes) }
        for action in actions {
            switch action {
            case .record: break
            case .start(let assignment): fleet.send(.start(orders.order(for: assignment)), to: assignment.host)
            case .cancel(let attempt, let host): fleet.send(.cancel(attempt), to: host)
            case .revoke(let attempt, let host): fleet.send(.revoke(attempt), to: host)
            case .acknowledge(let attempt, let offset, let host):
                fleet.send(.acknowledge(attempt, offset: offset), to: host)
            case .release(let attempt, let host): fleet.send(.release(attempt), to: host)
            case .call(let host): fleet.send(.call, to: host)
            case .dismiss(let host): fleet.send(.dismiss, to: host)
            case .notice(let notice): observer?.notice(notice)
            }
        }
        fleet.flush()
    }

    /// When to look again though nobody calls: the scheduler's next time limit, or the observer's next look.
    private func deadline() -> Instant? {
        guard let pause = observer?.longestPause, let shownAt else { return scheduler.nextDeadline }
        let look = shownAt.advanced(bySeconds: max(pause, lookPause))
        return scheduler.nextDeadline.map { min($0, look) } ?? look
    }

    private func show(evenIfRecent: Bool) {
        guard let observer else { return }
        let now = clock.now()
        if !evenIfRecent, let shownAt, now.seconds(since: shownAt) < lookPause { return }
        shownAt = now
        observer.update(scheduler.snapshot(at: now))
        lookPause = max(Self.shortestLookPause, Self.pausePerLook * clock.now().seconds(since: now))
    }
}
