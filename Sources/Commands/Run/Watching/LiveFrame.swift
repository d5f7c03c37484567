import Foundation
import JobContract
import RemoteHosts
import Scheduling
import SweepModel

/// What the live view shows, laid out for a terminal's size.
struct LiveFrame {
    /// A line about a trial: its place, and the short ID that other commands take.
    struct Item: Hashable {
        var point: String
        var id: String
        var words: String
    }

    var fleet: FleetSnapshot
    /// From 0 to 1, of all work.
    var fraction: Double
    var secondsLeft: Double?
    /// Places of running trials.
    var places: [TrialID: String] = [:]
    /// The newest first.
    var results: [Item] = []
    var failures: [Item] = []
    /// What is being done about hosts that are not connected.
    var stages: [HostName: String] = [:]

    /// The lines, fewer than `rows`, each shorter than `columns`.
    func lines(columns: Int, rows: Int) -> [String] {
        let width = max(20, columns) - 1
        let progress = progress(width)
        let sections = [
            ("running", runningLines(width)), ("hosts", hostLines(width)),
            ("failures", failures.map { line($0, width, itemWidth(failures)) }),
            ("results", results.map { line($0, width, itemWidth(results)) }),
        ].filter { !$0.1.isEmpty }
        var left = max(0, rows - 1 - progress.count)
        // One line of each in turn, beside its title, until the terminal is full.
        var room = [Int](repeating: 0, count: sections.count)
        var isGrowing = true
        while isGrowing {
            isGrowing = false
            for (index, section) in sections.enumerated() where room[index] < section.1.count {
                let cost = room[index] == 0 ? 2 : 1
                guard cost <= left else { continue }
                room[index] += 1
                left -= cost
                isGrowing = true
            }
        }
        // Results are read last, and stand last.
        var lines = progress
        for place in sections.indices.sorted(by: { Self.order(sections[$0].0) < Self.order(sections[$1].0) })
        where room[place] > 0 {
            let (title, all) = sections[place]
            lines.append(title)
            lines += Self.cut(all, to: room[place], title)
        }
        return lines.map { line in
            let shown = ShownText.line(line)
            return shown.count > width ? shown.prefix(width - 1) + "…" : shown
        }
    }

    private static func order(_ title: String) -> Int {
        ["hosts": 0, "running": 1, "results": 2, "failures": 3][title] ?? 4
    }

    private static func cut(_ lines: [String], to room: Int, _ title: String) -> [String] {
        guard lines.count > room else { return lines }
        // Of results and failures only the last are known.
        guard title == "hosts" || title == "running" else { return Array(lines.prefix(room)) }
        return lines.prefix(room - 1) + ["  and \(Readable.count(lines.count - room + 1)) more"]
    }

    // MARK: Progress

    /// Trials by state, and the rate.
    var summary: String {
        let states: [TrialState] = [.succeeded, .running, .waiting, .failed, .cancelled]
        let counts = states.compactMap { state -> String? in
            guard let count = fleet.trials[state], count > 0 else { return nil }
            return "\(Readable.count(count)) \(state.rawValue)"
        }
        var text = "\(Readable.trials(fleet.total)): " + counts.joined(separator: ", ")
        if fleet.imagesPerSecond >= 1 { text += " · \(Readable.count(Int(fleet.imagesPerSecond))) images/s" }
        return text
    }

    /// How far all is, and how long it takes.
    var times: String {
        let left = secondsLeft.map { ", about \(Readable.duration($0)) left" } ?? ""
        return "\(Self.percent(fraction)) after \(Readable.duration(fleet.elapsedSeconds))\(left)"
    }

    private func progress(_ width: Int) -> [String] {
        let bar = min(50, width - times.count - 2)
        return [summary, (bar >= 8 ? Self.bar(fraction, bar) + "  " : "") + times]
    }

    static func percent(_ fraction: Double) -> String {
        let whole = Int(fraction * 100)
        return "\(whole) %"
    }

    static func bar(_ fraction: Double, _ width: Int) -> String {
        let full = Int((min(1, max(0, fraction)) * Double(width)).rounded(.down))
        return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
    }

    // MARK: Running trials

    private struct Job {
        var host: HostName
        var running: FleetSnapshot.Running
        var point: String
    }

    private var jobs: [Job] {
        fleet.hosts.flatMap { host in
            host.running.map { running in
                Job(
                    host: host.name, running: running,
                    point: running.trials.last.flatMap { places[$0] } ?? "")
            }
        }
    }

    private func runningLines(_ width: Int) -> [String] {
        let jobs = jobs
        let isWide = width > 110
        // Of a terminal's width the places get what they need, as far as the bars keep enough.
        let hosts = min(jobs.map(\.host.count).max() ?? 0, isWide ? 24 : 10)
        let tail = isWide ? 44 : 5
        let fixed = 2 + 8 + 1 + 8 + 2 + hosts + 2 + tail
        let places = min(jobs.map(\.point.count).max() ?? 0, max(12, width - fixed - 7))
        let bar = min(30, width - fixed - places - 1)
        return jobs.map { job in
            let running = job.running
            let id = String((running.trials.last?.hex ?? running.training.hex).prefix(8))
            var line = "  " + Self.padded(running.kind == .train ? "train" : "measure", 8)
            line += Self.padded(job.point, places) + " " + id + "  " + Self.padded(job.host, hosts) + "  "
            guard let progress = running.progress, progress.of > 0 else {
                return line + Readable.duration(running.seconds)
            }
            let share = Double(progress.done) / Double(progress.of)
            if bar >= 6 { line += Self.bar(share, bar) + " " }
            line += Self.percent(share)
            if isWide {
                if let loss = progress.loss { line += "  loss \(Self.number(loss))" }
                line += "  \(Readable.count(progress.done)) of \(Readable.count(progress.of)) \(progress.unit)"
                line += ", \(Readable.count(Int(progress.rate)))/s"
            }
            return line
        }
    }

    static func padded(_ text: String, _ width: Int) -> String {
        let shown = text.count > width ? String(text.prefix(max(0, width - 1))) + "…" : text
        return shown + String(repeating: " ", count: max(0, width - shown.count))
    }

    /// To three digits.
    static func number(_ value: Double) -> String { String(format: "%.3g", value) }

    // MARK: Hosts

    private func hostLines(_ width: Int) -> [String] {
        // Those that something is wrong with come first: where lines lack, they are seen.
        let listed = fleet.hosts.filter { $0.status != .vacant }
        let names = min(listed.map(\.name.count).max() ?? 0, 24)
        return (listed.filter { $0.status != .connected } + listed.filter { $0.status == .connected }).map { host in
            "  \(Self.padded(host.name, names))  \(words(on: host))"
        }
    }

    /// A line for each host that gives no slots now, and why.
    var awaited: [String] {
        fleet.hosts.filter { $0.status != .vacant && $0.status != .connected }.map { "\($0.name): \(words(on: $0))" }
    }

    private func words(on host: FleetSnapshot.Host) -> String {
        switch host.status {
        case .connecting: stages[host.name] ?? "connecting"
        case .unreachable(let reason): "unreachable, \(Self.nextTry(of: host)): \(self.reason(reason, host))"
        case .unusable(let reason): "not used: \(self.reason(reason, host))"
        case .queued(let words): "queued\(words.isEmpty ? "" : " (\(words))")"
        case .vacant: ""
        case .connected: connected(host)
        }
    }

    /// The first line, without the host's name, which stands before.
    private func reason(_ text: String, _ host: FleetSnapshot.Host) -> String {
        let line = Self.firstLine(text)
        return line.hasPrefix("\(host.name): ") ? String(line.dropFirst(host.name.count + 2)) : line
    }

    private func connected(_ host: FleetSnapshot.Host) -> String {
        var words = "\(host.running.count) of \(Readable.counted(host.slots, "slot"))"
        // A training says its rate in steps or images; only the latter can be added up.
        let rates = host.running.filter { $0.kind == .train }.compactMap(\.progress)
        if let unit = rates.first?.unit, rates.allSatisfy({ $0.unit == unit }) {
            words += ", \(Readable.count(Int(rates.reduce(0) { $0 + $1.rate }))) \(unit)/s"
        }
        if host.backlog > 0 { words += ", \(host.backlog) more at hand" }
        if let gpus = host.gpus, !gpus.isEmpty { words += ", \(gpus.map(\.title).joined(separator: ", "))" }
        if let loan = host.loan { words += ", on \(loan.node)" }
        return words
    }

    static func nextTry(of host: FleetSnapshot.Host) -> String {
        let seconds = Int((host.nextTrySeconds ?? 0).rounded(.up))
        return seconds > 0 ? "next try in \(seconds) s" : "trying again"
    }

    // MARK: News

    static func firstLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    }

    private func itemWidth(_ items: [Item]) -> Int { items.map(\.point.count).max() ?? 0 }

    private func line(_ item: Item, _ width: Int, _ points: Int) -> String {
        "  \(Self.padded(item.point, min(points, max(12, width - 40)))) \(item.id)  \(item.words)"
    }
}
