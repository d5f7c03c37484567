import Foundation
import JobContract
import RemoteHosts
import Reports
import ResultCatalogue
import ResultQueries
import Scheduling
import SweepModel

/// Progress for people on standard error: redrawn in place on a terminal, else a line now and then.
final class LiveView {
    private var lastDrawn = Date.distantPast
    private var last: FleetSnapshot?
    private var drawn: FleetSnapshot?
    private var remaining: RemainingTime
    private var progress = RunProgress(fraction: 0)

    /// Of running trials, as drawn last, and of how many trials in all.
    private var places: [TrialID: String] = [:]
    private var wanted = 0

    /// Where nobody looks now and someone may read later: fewer lines, each with its time.
    private let log: BackgroundLog?
    /// Nil once the run is over: who holds on to a catalogue keeps it from being closed.
    private var reader: CatalogueReader?
    private var names: PointNames?
    private var isLog: Bool { log != nil }

    let longestPause: Double? = 1

    /// What is being done about hosts that are not connected. Nil where that is not known.
    var stages: HostStages?

    init(reader: CatalogueReader, log: BackgroundLog? = nil) {
        self.reader = reader
        self.log = log
        names = PointNames(reader)
        remaining = RemainingTime(measureSeconds: try? reader.measuringSeconds())
    }

    /// Lets the catalogue be closed. What is shown afterwards has no places.
    func letGo() { (reader, names) = (nil, nil) }

    /// A trial as people know it.
    func name(_ trial: TrialID) -> String { names?.name(trial) ?? "trial \(trial.short)" }

    /// The trial that an attempt is at, the longest of several.
    func name(ofAttempt attempt: AttemptNumber) -> String? { names?.name(ofAttempt: attempt) }

    /// Shows a run's state, with the run's own `progress` where another process has it in hand, and returns what was shown.
    @discardableResult
    func update(_ snapshot: FleetSnapshot, _ known: RunProgress? = nil) -> RunProgress {
        last = snapshot
        if let known {
            progress = known
        } else {
            remaining.observe(snapshot)
            progress = RunProgress(fraction: remaining.fraction, secondsLeft: remaining.secondsLeft)
        }
        let interval = isLog ? 60 : Terminal.isInteractive ? 0.2 : 10
        if Date().timeIntervalSince(lastDrawn) >= interval, !TerminalInteraction.isAsking { draw(snapshot) }
        return progress
    }

    func say(_ notice: String) {
        log?.bound(STDERR_FILENO)
        Terminal.note(stamp + notice)
    }

    private var stamp: String { isLog ? Date().formatted(.iso8601) + " " : "" }

    /// Draws where the run ended, without a time left, since nobody goes on. How far it is says the catalogue, as `status`
    /// will: what jobs had under way is recorded when they are heard of again.
    func close() {
        if let last, Terminal.isInteractive || last != drawn {
            if let sweep = try? reader?.onlyUnfinished(ofTrials: last.total),
                let share = try? StatusReport.share(of: sweep, in: reader)
            {
                progress.fraction = share
            }
            draw(last, isLast: true)
        }
        TerminalFrame.settle()
    }

    private func draw(_ snapshot: FleetSnapshot, isLast: Bool = false) {
        lastDrawn = Date()
        drawn = snapshot
        var frame = LiveFrame(
            fleet: snapshot, fraction: progress.fraction, secondsLeft: isLast ? nil : progress.secondsLeft)
        guard Terminal.isInteractive else {
            let line = [frame.summary, frame.times] + waits(snapshot)
            return Terminal.note(stamp + ShownText.line(line.joined(separator: " · ")))
        }
        for host in snapshot.hosts { frame.stages[host.name] = stages?[host.name] }
        // What is shown again need not be looked up again, unless other trials are wanted, and lie on other axes.
        let known = wanted == snapshot.total ? places : [:]
        for trial in snapshot.hosts.flatMap(\.running).prefix(200).compactMap(\.trials.last) {
            frame.places[trial] = known[trial] ?? names?.point(trial)
        }
        (places, wanted) = (frame.places, snapshot.total)
        // What came last stays on the screen.
        if isLast { nextLook = .distantPast }
        lookForNews(since: Date(timeIntervalSinceNow: -snapshot.elapsedSeconds - 1))
        (frame.results, frame.failures) = (results, failures)
        let size = Terminal.size
        // What is said of the end comes below.
        let rows = isLast ? max(size.rows - Self.endRows, size.rows / 2) : size.rows
        TerminalFrame.show(frame.lines(columns: size.columns, rows: rows))
    }

    /// Hosts that the run waits for, where they have no lines of their own.
    private func waits(_ snapshot: FleetSnapshot) -> [String] {
        let waits = snapshot.hosts.compactMap { host -> String? in
            switch host.status {
            case .connecting: "\(host.name): \(stages?[host.name] ?? "connecting")"
            case .unreachable:
                "\(host.name): unreachable, \(LiveFrame.nextTry(of: host))"
            case .queued(let words): "\(host.name): queued\(words.isEmpty ? "" : " (\(words))")"
            case .connected, .unusable, .vacant: nil
            }
        }
        return waits.count > 3
            ? waits.prefix(3) + ["waiting for \(Readable.counted(waits.count - 3, "more host"))"] : waits
    }

    /// Lines that tell how a run ended and what to do then.
    private static let endRows = 6

    // MARK: News

    private var results: [LiveFrame.Item] = []
    private var failures: [LiveFrame.Item] = []
    private var nextLook = Date.distantPast
    private static let mostNews = 40

    /// Asks the catalogue what came last; one that answers slowly is asked less often.
    private func lookForNews(since: Date) {
        let begun = Date()
        guard let reader, begun >= nextLook else { return }
        let time = since.formatted(.iso8601)
        results = ((try? reader.latestResults(since: time, most: Self.mostNews, values: 4)) ?? []).map { result in
            let values = result.values.map { name, sigma, value in
                "\(name) \(LiveFrame.number(value))" + (sigma.map { " at \(LiveFrame.number($0))" } ?? "")
            }
            return item(result.trial, "\(result.measure): \(values.joined(separator: ", "))")
        }
        failures = ((try? reader.latestFailures(since: time, most: Self.mostNews)) ?? []).map {
            item($0.trial, LiveFrame.firstLine($0.reason))
        }
        nextLook = Date(timeIntervalSinceNow: max(1, 20 * Date().timeIntervalSince(begun)))
    }

    private func item(_ trial: TrialID, _ words: String) -> LiveFrame.Item {
        LiveFrame.Item(point: names?.point(trial) ?? "", id: String(trial.hex.prefix(PointNames.digits)), words: words)
    }
}
