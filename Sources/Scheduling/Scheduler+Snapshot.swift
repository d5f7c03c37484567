import JobContract
import SweepModel

extension Scheduler {
    /// Where the run stands, for people.
    package func snapshot(at now: Instant) -> FleetSnapshot {
        var done = workRecorded
        var imagesPerSecond = 0.0
        var list: [FleetSnapshot.Host] = []
        for name in hostOrder {
            guard let host = hosts[name], host.isListed else { continue }
            var running: [FleetSnapshot.Running] = []
            var backlog = 0
            for number in host.attempts.sorted() {
                guard let attempt = attempts[number] else { continue }
                guard attempt.isRunning, let since = attempt.beginning?.since else {
                    if attempt.waits { backlog += 1 }
                    continue
                }
                running.append(
                    FleetSnapshot.Running(
                        attempt: number, kind: attempt.record.kind, training: attempt.record.training,
                        trials: attempt.record.trials, progress: attempt.progress, seconds: now.seconds(since: since)))
                imagesPerSecond += imageRate(attempt)
                done += workUnderWay(attempt)
            }
            list.append(
                FleetSnapshot.Host(
                    name: name, status: status(of: host), slots: host.slots, running: running, backlog: backlog,
                    nextTrySeconds: host.silence?.nextTry.map { max(0, $0.seconds(since: now)) },
                    gpus: host.facts?.gpus, loan: loan(of: host, at: now)))
        }
        let elapsed = now.seconds(since: begunAt)
        let rate = done / max(elapsed, 1e-9)
        return FleetSnapshot(
            trials: trialCounts, total: trialCounts.values.reduce(0, +), hosts: list, workDone: done,
            workWanted: workWanted, measuresLeft: measuresLeft,
            elapsedSeconds: elapsed, secondsLeft: done > 0 ? max(0, workWanted - done) / rate : nil,
            imagesPerSecond: imagesPerSecond)
    }

    private func status(of host: HostState) -> FleetSnapshot.Host.Status {
        if case .unusable(let reason) = host.standing { return .unusable(reason) }
        switch host.link {
        case .connected: return .connected
        case .silent where host.seat?.isComing == true:
            if case .waiting(let words)? = host.seat?.allocation { return .queued(words) }
            return .queued("it is being submitted")
        case .silent(let silence) where silence.failure == nil && host.seat?.isEmpty == true: return .vacant
        case .silent(let silence): return silence.failure.map { .unreachable($0.message) } ?? .connecting
        }
    }

    private func loan(of host: HostState, at now: Instant) -> NodeLoan? {
        guard host.isConnected, let loan = host.facts?.loan else { return nil }
        return NodeLoan(node: loan.node, secondsLeft: host.seat?.endsAt.map { max(0, $0.seconds(since: now)) })
    }

    /// Images per second of a running training, from images or optimiser steps.
    private func imageRate(_ attempt: AttemptState) -> Double {
        guard attempt.record.kind == .train, let progress = attempt.progress else { return 0 }
        switch progress.unit {
        case "images": return progress.rate
        case "steps": return progress.rate * Double(graph.trainings[attempt.record.training]?.batch ?? 0)
        default: return 0
        }
    }

    /// What a running training has done beyond its job's last recorded milestone.
    func workUnderWay(_ attempt: AttemptState) -> Double {
        guard let progress = attempt.progress, progress.of > 0, let job = attempt.job, !jobs[job].isOver,
            attempt.counts, case .train(let task)? = attempt.record.task, let last = task.milestones.last
        else { return 0 }
        let from = Double(task.resume?.steps ?? 0)
        let perStep = jobs[job].costPerStep
        let whole = (Double(last) - from) * perStep
        let recorded = whole - jobs[job].cost
        // Steps count from the training's beginning; other units, as far as is known, from the attempt's.
        let reached =
            progress.unit == "steps"
            ? min(whole, max(0, Double(progress.done) - from) * perStep)
            : whole * min(1, Double(progress.done) / Double(progress.of))
        // It may have been asked for less than the job has left, or for what another has recorded since.
        return min(jobs[job].cost, max(0, reached - max(0, recorded)))
    }
}
