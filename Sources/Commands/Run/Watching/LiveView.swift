import Foundation
import JobContract
import RemoteHosts
import Scheduling
import SweepModel

/// Progress for people on standard error: redrawn in place on a terminal, else a line now and then.
final class LiveView {
    private var drawnLines = 0
    private var lastDrawn = Date.distantPast
    private var last: FleetSnapshot?
    private var drawn: FleetSnapshot?

    /// Where nobody looks now and someone may read later: fewer lines, each with its time.
    private let log: BackgroundLog?
    private var isLog: Bool { log != nil }

    let longestPause: Double? = 1

    /// What is being done about hosts that are not connected. Nil where that is not known.
    var stages: HostStages?

    init(log: BackgroundLog? = nil) { self.log = log }

    func update(_ snapshot: FleetSnapshot) {
        last = snapshot
        let interval = isLog ? 60 : Terminal.isInteractive ? 0.2 : 10
        guard Date().timeIntervalSince(lastDrawn) >= interval, !TerminalInteraction.isAsking else { return }
        draw(snapshot)
    }

    func say(_ notice: String) {
        erase()
        log?.bound(STDERR_FILENO)
        Terminal.note(stamp + notice)
    }

    private var stamp: String { isLog ? Date().formatted(.iso8601) + " " : "" }

    /// Draws where the run ended.
    func close() {
        if let last, last != drawn { draw(last) }
        drawnLines = 0
    }

    private func draw(_ snapshot: FleetSnapshot) {
        lastDrawn = Date()
        drawn = snapshot
        erase()
        let lines =
            Terminal.isInteractive
            ? [summary(snapshot)] + hostLines(snapshot)
            : [([summary(snapshot)] + waits(snapshot)).joined(separator: " · ")]
        let width = Terminal.columns
        for line in lines.map(ShownText.line) {
            Terminal.note(stamp + (Terminal.isInteractive ? String(line.prefix(width - 1)) : line))
        }
        drawnLines = Terminal.isInteractive ? lines.count : 0
    }

    private func erase() {
        guard drawnLines > 0 else { return }
        Terminal.redraw(.up(drawnLines))
        drawnLines = 0
    }

    /// Hosts that the run waits for, where they have no lines of their own.
    private func waits(_ snapshot: FleetSnapshot) -> [String] {
        let waits = snapshot.hosts.compactMap { host -> String? in
            switch host.status {
            case .connecting: "\(host.name): \(stages?[host.name] ?? "connecting")"
            case .unreachable:
                "\(host.name): unreachable, \(nextTry(of: host))"
            case .queued(let words): "\(host.name): queued\(words.isEmpty ? "" : " (\(words))")"
            case .connected, .unusable, .vacant: nil
            }
        }
        return waits.count > 3 ? waits.prefix(3) + ["\(waits.count - 3) more hosts are waited for"] : waits
    }

    private func nextTry(of host: FleetSnapshot.Host) -> String {
        let seconds = Int((host.nextTrySeconds ?? 0).rounded(.up))
        return seconds > 0 ? "next try in \(seconds) s" : "trying again"
    }

    private func summary(_ snapshot: FleetSnapshot) -> String {
        let states: [TrialState] = [.succeeded, .running, .waiting, .failed, .cancelled]
        let counts = states.compactMap { state -> String? in
            guard let count = snapshot.trials[state], count > 0 else { return nil }
            return "\(Readable.count(count)) \(state.rawValue)"
        }
        var parts = ["\(Readable.count(snapshot.total)) trials: " + counts.joined(separator: ", ")]
        if snapshot.imagesPerSecond > 0 { parts.append("\(Readable.count(Int(snapshot.imagesPerSecond))) images/s") }
        parts.append(Readable.duration(snapshot.elapsedSeconds))
        if let left = snapshot.secondsLeft, left >= 1 { parts.append("about \(Readable.duration(left)) left") }
        return parts.joined(separator: " · ")
    }

    private func hostLines(_ snapshot: FleetSnapshot) -> [String] {
        snapshot.hosts.flatMap { host -> [String] in
            switch host.status {
            case .connecting: return ["  \(host.name): \(stages?[host.name] ?? "connecting")"]
            case .unreachable(let reason): return ["  \(host.name): unreachable, \(nextTry(of: host)): \(reason)"]
            case .unusable(let reason): return ["  \(host.name): not used: \(reason)"]
            case .queued(let words): return ["  \(host.name): queued\(words.isEmpty ? "" : " (\(words))")"]
            case .vacant: return []
            case .connected:
                let node = host.loan.map { " on \($0.node)" } ?? ""
                return host.running.map { "  \(host.name)\(node): \(line($0))" }
            }
        }
    }

    private func line(_ running: FleetSnapshot.Running) -> String {
        let name =
            running.kind == .train
            ? "training \(running.training.short)" : "measuring \(running.trials.first?.short ?? "")"
        guard let progress = running.progress else { return name }
        let done = "\(Readable.count(progress.done)) of \(Readable.count(progress.of)) \(progress.unit)"
        let loss = progress.loss.map { ", loss \(($0 * 1000).rounded() / 1000)" } ?? ""
        return "\(name): \(done), \(Int(progress.rate))/s\(loss)"
    }
}
