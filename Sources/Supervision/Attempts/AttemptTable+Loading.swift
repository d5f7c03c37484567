import Glibc
import JobContract

extension AttemptTable {
    /// Reads what an earlier agent left, and adopts what still runs.
    ///
    /// - Parameter isLeft: the host of these attempts is gone for good: those of which nobody saw the end went with it.
    func load(isLeft: Bool = false) throws(AgentRefusal) {
        let records = try journal.replay()
        var identities: [AttemptNumber: ProcessIdentity] = [:]
        var ends: [AttemptNumber: AttemptEnd] = [:]
        var offsets: [AttemptNumber: Int] = [:]
        var stops: [AttemptNumber: StopReason] = [:]
        var found: [AttemptNumber: Attempt] = [:]
        for record in records {
            switch record {
            case .ordered(let order, let boot):
                found[order.attempt] = Attempt(
                    order: order, boot: boot, directory: AttemptDirectory(of: order.attempt, in: place.attempts))
            case .started(let number, let identity): identities[number] = identity
            case .acknowledged(let number, let offset): offsets[number] = offset
            case .stopping(let number, let reason): stops[number] = reason
            case .ended(let number, let end): ends[number] = end
            case .released(let number):
                // One that is ordered again begins anew.
                found[number] = nil
                identities[number] = nil
                offsets[number] = nil
                stops[number] = nil
                ends[number] = nil
            }
        }
        removeRemains(except: found)
        for attempt in found.values.sorted(by: { $0.number < $1.number }) {
            attempt.restore(acknowledged: offsets[attempt.number] ?? 0)
            restore(attempt)
            attempt.stopReason = stops[attempt.number]
            settle(attempt, identities[attempt.number], ends[attempt.number], isLeft: isLeft)
        }
        try rewriteJournal()
    }

    /// Finds out what became of an attempt while no agent watched.
    private func settle(_ attempt: Attempt, _ identity: ProcessIdentity?, _ end: AttemptEnd?, isLeft: Bool) {
        if let end { return finish(attempt, end) }
        if isLeft, identity?.isAlive != true {
            attempt.stopReason = attempt.stopReason ?? .hostLeft
            return finish(attempt, identity == nil ? .stopped(.hostLeft, exit: nil) : .vanished)
        }
        let isOfThisBoot = attempt.boot == HostSurvey.boot()
        guard let written = attempt.directory.eventBytes else {
            if isOfThisBoot { return restoreWaiting(attempt) }
            return finish(attempt, .neverStarted(reason: "the host was started again before its turn"))
        }
        if let process = identity ?? ProcessIdentity.working(in: attempt.directory.work), process.isAlive {
            restoreRunning(attempt, as: process)
        } else if identity != nil || written > 0 || !isOfThisBoot {
            // Its worker is gone: the processes that are left of it are ended.
            Leftovers.end(of: attempt.number, in: place)
            finish(attempt, .vanished)
        } else {
            restoreWaiting(attempt)
        }
    }

    /// Removes the directories of attempts whose removal was cut off. One that may belong to an attempt whose order this
    /// agent cannot read stays.
    private func removeRemains(except known: [AttemptNumber: Attempt]) {
        for name in Files.names(in: place.attempts) {
            let number = Int(name).map(AttemptNumber.init)
            if let number, known[number] != nil { continue }
            let path = "\(place.attempts)/\(name)"
            // The last format kept the order in the attempt's directory.
            guard journal.unreadable.isEmpty, access("\(path)/order.json", F_OK) != 0 else {
                if let number { leave(path, of: number) }
                Files.say("eigensweep-agent: the order for \(path) cannot be read; it is left as it is")
                continue
            }
            Files.removeTree(path)
        }
    }

    /// Replaces the journal by one that tells of nothing but what is held.
    func rewriteJournal() throws(AgentRefusal) {
        var records: [JournalRecord] = []
        for attempt in attempts.values.sorted(by: { $0.number < $1.number }) {
            records.append(.ordered(attempt.order, boot: attempt.boot))
            if let identity = attempt.identity { records.append(.started(attempt.number, identity)) }
            if attempt.acknowledged > 0 {
                records.append(.acknowledged(attempt.number, offset: attempt.acknowledged))
            }
            if let reason = attempt.stopReason, !attempt.isOver { records.append(.stopping(attempt.number, reason)) }
            if case .ended(let end) = attempt.state { records.append(.ended(attempt.number, end)) }
        }
        try journal.rewrite(records)
    }
}
