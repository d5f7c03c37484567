import JobContract
import SweepModel

// How long things take, and the taking back of what waits where it would wait longest.
extension Scheduler {
    /// Seconds the job would take one slot of the host, by what trainings did there and measures did anywhere; nil
    /// while nothing of the kind was seen.
    func predictedSeconds(_ index: Int, on host: HostState) -> Double? {
        switch graph.jobs[index].work {
        case .train: return host.pace.map { costLeft(of: index) / $0 }
        case .measure, .compare:
            var seconds = 0.0
            for request in jobs[index].measures {
                guard let known = measureSeconds[request.measure] else { return nil }
                seconds += known
            }
            return seconds
        }
    }

    /// Learns from a checkpoint how fast its host trains.
    mutating func learnPace(_ checkpoint: WorkerEvent.Checkpoint, of attempt: AttemptState) {
        guard case .train(let task)? = attempt.record.task,
            let perStep = attempt.job.map({ jobs[$0].costPerStep }), perStep > 0
        else { return }
        let steps = checkpoint.steps - (task.resume?.steps ?? 0)
        guard steps > 0, checkpoint.seconds.isFinite else { return }
        let seen = Double(steps) * perStep / max(checkpoint.seconds, 0.001)
        let host = hosts[known: attempt.host]
        let pace = host.pace.map { 0.7 * $0 + 0.3 * seen } ?? seen
        hosts[known: attempt.host].pace = pace
        // The catalogue need not know small changes.
        if let recorded = host.recordedPace, abs(recorded / pace - 1) < 0.2 { return }
        hosts[known: attempt.host].recordedPace = pace
        actions.append(.record(.hostPace(attempt.host, pace)))
    }

    mutating func learnDuration(_ measured: WorkerEvent.Measured) {
        guard measured.seconds.isFinite, measured.seconds >= 0 else { return }
        let name = measured.request.measure
        measureSeconds[name] = measureSeconds[name].map { 0.9 * $0 + 0.1 * measured.seconds } ?? measured.seconds
    }

    /// Asks a host to give an attempt back if it has not begun; nobody is charged. One that begins meanwhile goes on.
    mutating func revoke(_ number: AttemptNumber) {
        let attempt = attempts[known: number]
        guard attempt.waits, attempt.cancellation == nil, isConnected(attempt.host) else { return }
        attempts[known: number].isToBeGivenBack()
        actions.append(.revoke(number, on: attempt.host))
    }

    /// Takes back what waits on some hosts while others are idle or would begin it far sooner. The job is free when its
    /// host has given it back, and only then goes elsewhere.
    mutating func balance(at now: Instant) {
        guard stopping == nil, ending == nil, waitingTotal > 0 else { return }
        timers.add(.balance, at: now.advanced(bySeconds: policy.balanceSeconds))
        let known = hostOrder.map { hosts[known: $0] }
        var takers = known.filter { $0.isReady && asksForMore($0) }.map(Side.init)
        guard !takers.isEmpty else { return }
        var givers = known.filter { $0.isConnected && $0.waiting > 0 }.map(Side.init)
        for _ in 0..<Self.movesAtOnce {
            guard let from = givers.indices.max(by: { givers[$0].load < givers[$1].load }) else { return }
            let waiting = givers[from].waiting ?? revocable(on: givers[from].host.spec.name, at: now)
            givers[from].waiting = waiting.dropLast()
            guard let number = waiting.last, case let attempt = attempts[known: number], let job = attempt.job else {
                givers.remove(at: from)
                continue
            }
            let fitting = takers.indices.filter { index in
                let host = takers[index].host
                return host.spec.name != attempt.host && host.suits(jobs[job].needs)
                    && host.hasRoom(for: jobs[job].needs) && mayTry(job, on: host)
            }
            guard let to = fitting.min(by: { takers[$0].isBefore(takers[$1]) }) else { continue }
            let seconds = predictedSeconds(job, on: takers[to].host) ?? SchedulingPolicy.guessedSeconds
            guard takers[to].free > 0 || takers[to].load + seconds <= givers[from].load / 2 else {
                givers.remove(at: from)
                continue
            }
            revoke(number)
            givers[from].give(attempt.predicted ?? SchedulingPolicy.guessedSeconds)
            takers[to].receive(seconds, jobs[job].needs)
        }
    }

    /// Attempts of this run alone that have waited for a while on the host, by their turn.
    private func revocable(on name: HostName, at now: Instant) -> [AttemptNumber] {
        let waiting = hosts[known: name].attempts.filter { number in
            let attempt = attempts[known: number]
            return attempt.isInBacklog && attempt.waits && !attempt.isRevoked && attempt.cancellation == nil
                && attempt.job != nil && !attempt.isShared
                && now.seconds(since: attempt.givenAt) >= policy.balanceSeconds
        }
        var turns: [AttemptNumber: Double] = [:]
        for number in waiting {
            turns[number] = attempts[known: number].assignment?.turn ?? 0
        }
        return waiting.sorted { a, b in turns[a] == turns[b] ? a < b : turns[a] ?? 0 < turns[b] ?? 0 }
    }

    /// Moves in one round at most.
    private static let movesAtOnce = 256

    /// A host as it will be when what is being moved has moved.
    private struct Side {
        var host: HostState
        var free: Int
        var load: Double
        var waiting: [AttemptNumber]?

        init(_ host: HostState) {
            self.host = host
            free = max(0, host.slots - host.attempts.count)
            load = host.load
        }

        func isBefore(_ other: Side) -> Bool {
            if (free > 0) != (other.free > 0) { return free > 0 }
            return load == other.load ? host.index < other.host.index : load < other.load
        }

        mutating func give(_ seconds: Double) { load -= seconds / Double(host.slots) }
        mutating func receive(_ seconds: Double, _ needs: JobNeeds) {
            host.hold(needs.memory, gpus: needs.gpus)
            if free > 0 { free -= 1 } else { load += seconds / Double(host.slots) }
        }
    }
}
