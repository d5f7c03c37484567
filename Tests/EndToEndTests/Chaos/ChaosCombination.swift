import CPosix
import Foundation
import Glibc

/// One sweep under one schedule of faults, from launch until it is complete and checked.
final class ChaosCombination {
    let arena: ChaosArena
    let schedule: FaultSchedule
    /// The coordinator, while it runs.
    private(set) var coordinator: pid_t?
    /// Faults that have begun and met something.
    private(set) var occurred: Set<FaultKind> = []
    private(set) var findings: [String] = []
    /// When everything was settled.
    private var ended = 0.0
    /// How often a coordinator was started.
    private(set) var starts = 0
    private var active: [(fault: Fault, state: ActiveFault)] = []
    /// When the last fault that met each host was over, by the host's place.
    private var troubleEnded: [Int: Double] = [:]
    private let begun = Date()
    private static let secondsToEnd = 60.0

    init(_ schedule: FaultSchedule, in arena: ChaosArena) {
        self.schedule = schedule
        self.arena = arena
    }

    var elapsed: Double { Date().timeIntervalSince(begun) }

    /// Runs the combination; `expected` is what the catalogue must hold in the end.
    func run(expecting expected: CatalogueContent?) {
        do {
            let lacking = schedule.faults.filter { $0.kind == .uploadTruncated }.map(\.host)
            try arena.reset(lacking: Set(lacking))
            try play()
        } catch {
            findings.append("the combination broke off: \(error)")
        }
        if let pid = coordinator {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            coordinator = nil
        }
        for (_, state) in active { try? state.heal() }
        if findings.isEmpty, let expected { findings += CatalogueContent(of: arena).differences(from: expected) }
        if findings.isEmpty { findings += leftovers() }
    }

    private func play() throws {
        var waiting = schedule.faults
        coordinator = try arena.launch()
        starts = 1
        let launched = elapsed
        var healedAt: Double?
        var restartAt = 0.0
        while true {
            let now = elapsed - launched
            while let next = waiting.first, next.start <= now {
                waiting.removeFirst()
                active.append((next, try inject(next)))
                if active.last?.state.watch == nil { occurred.insert(next.kind) }
            }
            try look(at: now)
            if waiting.isEmpty, active.isEmpty, healedAt == nil { healedAt = now }
            if let status = endOfCoordinator() {
                if status == 0 {
                    ended = now
                    return try healAll(at: now)
                }
                if status == 1 || status == 70 || status == 2 || status == 3 {
                    findings.append("coordinator \(starts) ended with \(status)")
                    return
                }
                restartAt = now + 0.3
            }
            if coordinator == nil, now >= restartAt {
                coordinator = try arena.resume()
                starts += 1
            }
            if let healedAt, now - healedAt > Self.secondsToEnd {
                findings.append("not complete \(Int(Self.secondsToEnd)) s after the last fault; \(starts) starts")
                return
            }
            usleep(20_000)
        }
    }

    /// Lets faults that wait for something act, and heals those whose time is over.
    private func look(at now: Double) throws {
        for index in active.indices.reversed() {
            let fault = active[index].fault
            var isDone = false
            if let watch = active[index].state.watch, try watch() {
                occurred.insert(fault.kind)
                active[index].state.watch = nil
                // A fault that only waited for its moment has had it.
                isDone = fault.kind != .agentOlder
            }
            if isDone || now >= fault.start + fault.seconds {
                if let watch = active[index].state.watch, try watch() { occurred.insert(fault.kind) }
                try heal(active.remove(at: index), at: now)
            }
        }
    }

    private func healAll(at now: Double) throws {
        for ended in active { try heal(ended, at: now) }
        active = []
    }

    private func heal(_ ended: (fault: Fault, state: ActiveFault), at now: Double) throws {
        if ended.state.watch == nil { troubleEnded[ended.fault.host] = now }
        try ended.state.heal()
    }

    /// The exit code of a coordinator that has ended, 128 and the signal for one that was killed; nil while it runs.
    private func endOfCoordinator() -> Int? {
        guard let pid = coordinator else { return nil }
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        coordinator = nil
        let code = Int(posix_exit_of(status))
        return code < 0 ? 128 - code : code
    }

    /// Things that should not be on the hosts any more: workers, and attempts whose end is recorded.
    private func leftovers() -> [String] {
        let limit = Date(timeIntervalSinceNow: 15)
        var found: [String] = []
        repeat {
            found = arena.hosts.flatMap { host in
                let workers = arena.workers(on: host).count
                return workers == 0 ? [] : ["\(workers) workers still run on \(host.name)"]
            }
            if found.isEmpty { break }
            usleep(100_000)
        } while Date() < limit
        let over = Set(arena.rows("SELECT number FROM attempt WHERE outcome IS NOT NULL"))
        // A host that did not answer when the last trial was settled learns at the next contact that it may forget.
        let unheard = Set(arena.rows("SELECT DISTINCT host FROM attempt WHERE outcome IS NULL"))
        for (place, host) in arena.hosts.enumerated() where !unheard.contains(host.name) {
            if let trouble = troubleEnded[place], trouble > ended - ChaosLimits.lease { continue }
            let left = arena.attempts(on: host).filter { over.contains($0) }
            if !left.isEmpty { found.append("attempts left on \(host.name): \(left.joined(separator: " "))") }
        }
        return found
    }
}
