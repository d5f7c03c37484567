import Foundation
import Glibc
import JobContract

/// A fault that has begun.
struct ActiveFault {
    /// Acts once the thing is there that the fault waits for, and returns whether the fault has then done all it does.
    var watch: (() throws -> Bool)?
    let heal: () throws -> Void

    init(watch: (() throws -> Bool)? = nil, heal: @escaping () throws -> Void = {}) {
        self.watch = watch
        self.heal = heal
    }
}

extension ChaosCombination {
    /// Begins a fault. Where it must meet something, such as a worker to kill, its `watch` waits for that.
    func inject(_ fault: Fault) throws -> ActiveFault {
        let host = arena.hosts[fault.host]
        let network = arena.network
        switch fault.kind {
        case .coordinatorKilled:
            return ActiveFault(watch: { [self] in killCoordinator() })
        case .coordinatorAsleep:
            let sleeper = coordinator
            if let sleeper { kill(sleeper, SIGSTOP) }
            return ActiveFault(heal: { if let sleeper { kill(sleeper, SIGCONT) } })
        case .coordinatorDiskFull: return try fill(arena.volume)
        case .secondCoordinator: return try startSecondCoordinator()
        case .agentKilled:
            return ActiveFault(watch: { Self.killAll(network.processes(of: host, running: "eigensweep-agent serve")) })
        case .agentOlder:
            arena.build = arena.programs.older
            return ActiveFault(
                watch: { [self] in killCoordinator() },
                heal: { [self] in
                    arena.build = arena.programs.current
                    _ = killCoordinator()
                })
        case .agentUnknown: return try plantUnknownAgent(on: host)
        case .workerKilled:
            return ActiveFault(watch: { [arena] in Self.killAll(arena.workers(on: host)) })
        case .serverKilled:
            _ = Self.killAll(network.processes(of: host, running: "sshd"))
            return ActiveFault(heal: {
                if network.isUp(host), network.processes(of: host, running: "[listener]").isEmpty {
                    try network.restartServer(of: host)
                }
            })
        case .linkDownBriefly, .linkDownBeyondLease:
            return weather(host, { ($0.losesToHost, $0.losesFromHost) = (true, true) })
        case .lossToHost: return weather(host, { $0.losesToHost = true })
        case .lossFromHost: return weather(host, { $0.losesFromHost = true })
        case .delay:
            for host in arena.hosts { _ = weather(host, { $0.delay = 0.02 }) }
            return ActiveFault(heal: { [self] in
                for host in arena.hosts { clear(host) }
            })
        case .hostRebooted:
            network.halt(host)
            return ActiveFault(heal: { if !network.isUp(host) { try network.boot(host) } })
        case .hostDiskFull: return try fill(host.home)
        case .hostFrozen:
            let frozen = network.processes(of: host)
            for pid in frozen { kill(pid, SIGSTOP) }
            return ActiveFault(heal: { for pid in network.processes(of: host) { kill(pid, SIGCONT) } })
        case .hostBroken: return try breakWorker(on: host)
        case .uploadTruncated: return truncateUpload(to: host)
        case .resultTwice: return loseAcknowledgements(of: host)
        case .resultAfterLease: return delayResult(of: host)
        }
    }

    /// Kills the processes; false where there are none, so that the fault waits for some.
    static func killAll(_ pids: [pid_t]) -> Bool {
        for pid in pids { kill(pid, SIGKILL) }
        return !pids.isEmpty
    }

    private func killCoordinator() -> Bool { Self.killAll([coordinator].compactMap(\.self)) }

    private func weather(
        _ host: NamespaceHosts.Host, _ change: (inout RelayedCables.Condition) -> Void
    ) -> ActiveFault {
        if let cable = host.relayed { arena.network.relay?.set(cable, change) }
        return ActiveFault(heal: { [self] in clear(host) })
    }

    private func clear(_ host: NamespaceHosts.Host) {
        if let cable = host.relayed { arena.network.relay?.set(cable) { $0 = RelayedCables.Condition() } }
    }

    /// Fills a file system to its last byte.
    private func fill(_ directory: String) throws -> ActiveFault {
        let path = "\(directory)/filler"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw NamespaceHosts.Failure(description: "\(path) cannot be made") }
        defer { close(descriptor) }
        for size in [1 << 20, 4096] {
            let zeros = [UInt8](repeating: 0, count: size)
            while write(descriptor, zeros, size) > 0 {}
        }
        return ActiveFault(heal: { unlink(path) })
    }

    private func startSecondCoordinator() throws -> ActiveFault {
        let pid = try arena.startCoordinator(["resume", "chaos"], log: "second-\(elapsed)")
        return ActiveFault(heal: {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        })
    }

    /// Puts a program in the agent's place that greets as an unknown version.
    private func plantUnknownAgent(on host: NamespaceHosts.Host) throws -> ActiveFault {
        let greeting = AgentGreeting(version: 99, digest: Digest(of: [9]), machine: host.machine)
        var bytes = AgentProtocol.preamble
        try AgentProtocol.frame(AgentMessage.greeting(greeting)).append(to: &bytes)
        try Data(bytes).write(to: URL(fileURLWithPath: "\(host.home)/greeting"))
        let path = "\(host.home)/.eigensweep/eigensweep-agent"
        // The file is replaced, since a running program cannot be written to.
        try "#!/bin/sh\ncat \"$HOME/greeting\"\nsleep 2\n".write(toFile: path, atomically: true, encoding: .utf8)
        chmod(path, 0o755)
        try NamespaceHosts.run("/usr/bin/chown", "\(arena.network.user):", path)
        arena.network.cutConnections(of: host)
        return ActiveFault()
    }

    /// Hides the worker in the host's store behind one that fails at once.
    private func breakWorker(on host: NamespaceHosts.Host) throws -> ActiveFault {
        let broken = "\(arena.network.directory)/broken"
        try "#!/bin/sh\necho 'a library is missing' >&2\nexit 127\n"
            .write(toFile: broken, atomically: true, encoding: .utf8)
        chmod(broken, 0o755)
        let relative = arena.workerPath(on: host).dropFirst(host.home.count)
        let seen = "\(arena.network.directory)/home\(relative)"
        guard FileManager.default.fileExists(atPath: arena.workerPath(on: host)), arena.network.isUp(host) else {
            return ActiveFault()
        }
        try arena.network.run(on: host, ["/usr/bin/mount", "--bind", broken, seen])
        return ActiveFault(heal: { [arena] in
            // The mount is gone where the host was rebooted meanwhile.
            if arena.network.isUp(host) { _ = try? arena.network.run(on: host, ["/usr/bin/umount", seen]) }
        })
    }

    /// Waits for a file on its way to the host, and cuts what has arrived of it in half, or else its connection.
    private func truncateUpload(to host: NamespaceHosts.Host) -> ActiveFault {
        let incoming = "\(arena.store(of: host))/incoming"
        return ActiveFault(watch: { [arena, schedule] in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: incoming)) ?? []
            var status = stat()
            guard let name = names.first(where: { stat("\(incoming)/\($0)", &status) == 0 && status.st_size > 1 << 20 })
            else { return false }
            if schedule.seed.isMultiple(of: 2) {
                truncate("\(incoming)/\(name)", status.st_size / 2)
            } else {
                arena.network.cutConnections(of: host)
            }
            return true
        })
    }

    /// Waits until the host has only measures left to do. From the moment the host sends much, it hears nothing more until
    /// a result of one is recorded; then the coordinator is killed, so that the host tells its successor everything again.
    /// Where the host sent no result, it hears again for a moment.
    private func loseAcknowledgements(of host: NamespaceHosts.Host) -> ActiveFault {
        var deafSince: Double?
        var before = 0
        let results = """
            SELECT count(*) FROM measured m JOIN attempt a ON a.number = m.attempt WHERE a.host = '\(host.name)'
            """
        let onlyMeasures = """
            SELECT (\(results)) FROM attempt WHERE host = '\(host.name)' AND outcome IS NULL
            GROUP BY host HAVING max(kind) = 'measure'
            """
        return ActiveFault(
            watch: { [self] in
                guard let since = deafSince else {
                    guard let recorded = arena.rows(onlyMeasures).first.flatMap({ Int($0) }) else { return false }
                    before = recorded
                    _ = weather(host, { $0.losesToHostFromFullFrame = true })
                    deafSince = elapsed
                    return false
                }
                if let recorded = arena.rows(results).first.flatMap({ Int($0) }), recorded > before {
                    return killCoordinator()
                }
                if elapsed - since > 0.5 {
                    clear(host)
                    deafSince = nil
                }
                return false
            }, heal: { [self] in clear(host) })
    }

    /// Waits for a worker, and cuts the host off until another has the job. A job that was over just before is let go.
    private func delayResult(of host: NamespaceHosts.Host) -> ActiveFault {
        var cutOffSince: Double?
        let open = "SELECT 1 FROM attempt WHERE host = '\(host.name)' AND outcome IS NULL"
        let doubled = """
            SELECT 1 FROM attempt a JOIN attempt b ON b.job = a.job AND b.number > a.number
            WHERE a.host = '\(host.name)' AND b.host <> a.host AND a.outcome IS NULL
            """
        return ActiveFault(
            watch: { [self] in
                guard let since = cutOffSince else {
                    guard !arena.workers(on: host).isEmpty else { return false }
                    _ = weather(host, { ($0.losesToHost, $0.losesFromHost) = (true, true) })
                    cutOffSince = elapsed
                    return false
                }
                if !arena.rows(doubled).isEmpty { return true }
                if elapsed - since > 0.5, arena.rows(open).isEmpty {
                    clear(host)
                    cutOffSince = nil
                }
                return false
            }, heal: { [self] in clear(host) })
    }
}
