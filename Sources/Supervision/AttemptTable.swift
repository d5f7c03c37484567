import CPosix
import ContentStore
import Glibc
import JobContract

/// The attempts of one catalogue on this host, on disk and in hand.
final class AttemptTable {
    private let place: AgentPlace
    private let store: ContentStore
    private(set) var attempts: [AttemptNumber: Attempt] = [:]
    /// Directories of attempts whose order this agent cannot read.
    private var unreadable: [AttemptNumber: String] = [:]
    var slots = 1
    var environment: [String: String] = [:]
    /// What became of attempts since this was last taken.
    private var news: [AgentMessage] = []
    private static let graceSeconds = 20.0

    init(place: AgentPlace, store: ContentStore) {
        self.place = place
        self.store = store
    }

    var sorted: [Attempt] { attempts.values.sorted { $0.number < $1.number } }
    /// What a coordinator has not heard all of.
    var untold: [Attempt] { attempts.values.filter { !$0.endTold }.sorted { $0.number < $1.number } }
    var hasRunning: Bool { attempts.values.contains(where: \.isRunning) }
    var isEmpty: Bool { attempts.isEmpty }

    func takeNews() -> [AgentMessage] {
        defer { news = [] }
        return news
    }

    /// Reads what an earlier agent left, and adopts what still runs.
    func load() {
        for name in Files.names(in: place.attempts) {
            let directory = AttemptDirectory(path: "\(place.attempts)/\(name)")
            guard let number = Int(name), let record = directory.record, record.order.attempt.value == number else {
                setAside(directory, name)
                continue
            }
            let attempt = Attempt(order: record.order, directory: directory, state: .backlog)
            attempts[attempt.number] = attempt
            if let end = directory.end {
                attempt.state = .ended(end)
                take(attempt)
            } else if let written = directory.eventBytes {
                let identity = directory.identity ?? ProcessIdentity.working(in: directory.work)
                if let identity, identity.isAlive {
                    attempt.identity = identity
                    attempt.state = .running
                } else if directory.identity != nil || written > 0 || record.boot != HostSurvey.boot() {
                    finish(attempt, .vanished)
                }
            } else if record.boot != HostSurvey.boot() {
                finish(attempt, .neverStarted(reason: "the host was started again before its turn"))
            }
        }
        fillSlots()
    }

    /// An attempt without an order was being made or removed; one whose order this agent cannot read is kept.
    private func setAside(_ directory: AttemptDirectory, _ name: String) {
        guard directory.hasOrder else { return Files.removeTree(directory.path) }
        if let number = Int(name) { unreadable[AttemptNumber(number)] = directory.path }
        Files.say("eigensweep-agent: the order in \(directory.path) cannot be read; the directory is left as it is")
    }

    /// Makes an order durable and starts it when there is room; the same order again changes nothing.
    func start(_ order: AgentOrder) throws(AgentRefusal) -> AgentMessage {
        if attempts[order.attempt] != nil { return .accepted(order.attempt) }
        if let path = unreadable[order.attempt] {
            throw AgentRefusal(
                .agentFailed,
                "attempt \(order.attempt) was taken by another version of the agent, and its order in \(path) cannot "
                    + "be read; use that version, or remove the directory")
        }
        try check(order)
        let lacking = order.files.filter { !store.contains($0) }.sorted()
        guard lacking.isEmpty else { return .lacking(order.attempt, lacking) }
        let directory = AttemptDirectory(path: "\(place.attempts)/\(order.attempt.value)")
        do throws(AgentRefusal) {
            try directory.create(AttemptDirectory.Record(order: order, boot: HostSurvey.boot()))
        } catch {
            directory.remove()
            throw error
        }
        let attempt = Attempt(order: order, directory: directory, state: .backlog)
        attempt.tellFromAcknowledged()
        attempts[attempt.number] = attempt
        return .accepted(attempt.number)
    }

    private func check(_ order: AgentOrder) throws(AgentRefusal) {
        let names = order.uploads.keys
        guard order.attempt.value > 0, !order.command.isEmpty, !order.command[0].isEmpty,
            order.command.allSatisfy({ !$0.utf8.contains(0) }),
            names.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("/") && !$0.utf8.contains(0) })
        else {
            throw AgentRefusal(
                .protocolViolation,
                "attempt \(order.attempt) cannot be taken: its command is empty or a file's name is not plain")
        }
    }

    /// Starts attempts of the backlog, oldest first, while slots are free.
    func fillSlots() {
        var running = attempts.values.count(where: \.isRunning)
        guard running < slots else { return }
        let backlog = attempts.values.filter { $0.state == .backlog }.sorted { $0.number < $1.number }
        for attempt in backlog where running < slots {
            launch(attempt)
            if attempt.isRunning { running += 1 }
        }
    }

    private func launch(_ attempt: Attempt) {
        let launcher = WorkerLauncher(store: store, environment: environment)
        do throws(AgentRefusal) {
            let pid = try launcher.start(attempt.order, in: attempt.directory)
            attempt.isChild = true
            attempt.state = .running
            // A child that has ended already is a zombie here, which has no identity; its wait tells the rest.
            attempt.identity = ProcessIdentity(of: pid)
            children[pid] = attempt
            if let identity = attempt.identity { try? attempt.directory.write(identity: identity) }
            news.append(.running(attempt.number))
        } catch {
            removeDamagedFiles(of: attempt)
            finish(attempt, .neverStarted(reason: error.message))
        }
    }

    /// What the attempt needs and is damaged here goes, so that the next order brings it again.
    private func removeDamagedFiles(of attempt: Attempt) {
        for digest in attempt.order.files where !store.removeIfDamaged(digest) {
            Files.say("eigensweep-agent: \(digest.hex) is damaged in \(store.directory) and could not be removed")
        }
    }
    private var children: [pid_t: Attempt] = [:]

    /// Collects ended children, and adopted processes that are gone.
    func reap() {
        var status: Int32 = 0
        while case let pid = waitpid(-1, &status, WNOHANG), pid > 0 {
            guard let attempt = children.removeValue(forKey: pid) else { continue }
            // What the worker left behind in its process group ends with it.
            kill(-pid, SIGKILL)
            let code = Int(posix_exit_of(status))
            finish(attempt, code < 0 ? .signalled(signal: -code) : .exited(code: code))
        }
        for attempt in attempts.values where attempt.isRunning && !attempt.isChild {
            if let identity = attempt.identity, identity.isAlive { continue }
            finish(attempt, .vanished)
        }
    }

    private func finish(_ attempt: Attempt, _ seen: AgentAttempt.End) {
        attempt.state = .ended(seen)
        attempt.killAt = nil
        take(attempt)
        if seen == .vanished {
            switch attempt.lastWord {
            case .finished, .paused: attempt.state = .ended(.exited(code: 0))
            case .failed: attempt.state = .ended(.exited(code: 1))
            default: break
            }
        }
        if attempt.releaseAtEnd {
            remove(attempt)
        } else if case .ended(let end) = attempt.state {
            // Where this cannot be written, a later agent finds the process gone and comes to `vanished`.
            try? attempt.directory.write(end: end)
        }
    }

    /// Asks the worker to pause; ends it when it does not within 20 s. What waits never starts.
    func cancel(_ number: AttemptNumber) {
        guard let attempt = attempts[number] else { return }
        switch attempt.state {
        case .backlog: finish(attempt, .neverStarted(reason: "cancelled before its turn"))
        case .running: stop(attempt)
        case .ended: break
        }
    }

    private func stop(_ attempt: Attempt) {
        guard attempt.killAt == nil else { return }
        attempt.killAt = monotonicSeconds() + Self.graceSeconds
        attempt.identity?.signalGroup(SIGTERM)
    }

    /// Ends what was asked to stop and has not.
    func killOverdue() {
        for attempt in attempts.values where attempt.isRunning {
            if let killAt = attempt.killAt, monotonicSeconds() > killAt { attempt.identity?.signalGroup(SIGKILL) }
        }
    }

    /// Everything up to this byte of the attempt's events is committed. States are large: of those that are, only the
    /// newest stays.
    func acknowledge(_ number: AttemptNumber, _ offset: Int) {
        guard let attempt = attempts[number] else { return }
        attempt.acknowledge(offset)
        for state in attempt.takeSupersededStates() where !isNeeded(state) { try? store.remove(state) }
    }

    private func isNeeded(_ digest: Digest) -> Bool {
        attempts.values.contains { attempt in
            attempt.order.files.contains(digest) || attempt.states.contains { $0.digest == digest }
        }
    }

    /// The coordinator needs nothing of the attempt any more.
    func release(_ number: AttemptNumber) {
        guard let attempt = attempts[number] else { return }
        switch attempt.state {
        case .ended, .backlog: remove(attempt)
        case .running:
            attempt.releaseAtEnd = true
            stop(attempt)
        }
    }

    private func remove(_ attempt: Attempt) {
        attempt.directory.remove()
        attempts[attempt.number] = nil
    }

    /// Reads new events and takes the files they name into the store, connected or not.
    func takeAll() { for attempt in attempts.values where attempt.isRunning { take(attempt) } }

    private func take(_ attempt: Attempt) {
        let adoption = OutputAdoption(store: store)
        while let line = attempt.taker.next(atEnd: attempt.isOver) {
            guard !line.isTooLong, let event = WorkerEvent(line: line.bytes) else {
                if !line.isCut, !line.bytes.isBlank || line.isTooLong { complain(attempt, line) }
                continue
            }
            if let failed = adoption.adopt(event.files, from: attempt.directory.work) {
                attempt.problems[line.end] = failed
                if !attempt.isOver { stop(attempt) }
            }
            switch event {
            case .checkpoint(let checkpoint):
                if let state = checkpoint.state { attempt.states.append((line.end, state.digest)) }
            case .failed(let failed):
                attempt.lastWord = event
                if failed.kind == .missingInput { removeDamagedFiles(of: attempt) }
            case .finished, .paused: attempt.lastWord = event
            case .started, .progress, .measure: break
            }
        }
    }

    /// A worker whose output is no event has failed its job: it is told once, and the worker is stopped.
    private func complain(_ attempt: Attempt, _ line: EventFollower.Line) {
        guard !attempt.complained else { return }
        attempt.complained = true
        let words =
            line.isTooLong
            ? "is longer than \(EventLine.limit) bytes"
            : "is not an event: \(String(decoding: line.bytes.prefix(160), as: UTF8.self))"
        let failed = WorkerEvent.Failed(
            kind: .internal, message: "the worker's output line that ends at byte \(line.end) \(words)")
        attempt.problems[line.end] = failed
        attempt.lastWord = .failed(failed)
        if !attempt.isOver { stop(attempt) }
    }
}

extension WorkerEvent {
    /// Reads one line of a worker's output.
    init?(line: [UInt8]) {
        guard let event = try? JSONText.decode(WorkerEvent.self, from: line) else { return nil }
        self = event
    }
}

extension [UInt8] {
    var isBlank: Bool { allSatisfy { $0 == 32 || $0 == 13 || $0 == 9 } }
}
