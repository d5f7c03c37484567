import JobContract
import SweepModel

/// Damage to lines and frames as bytes.
extension SimulatedHost {
    /// Arms damage for the next line or frame.
    func hitBytes(_ kind: Fault.Bytes) {
        guard kind == .tornLine else { return armed[kind, default: 0] += 1 }
        hitWorker(.crashes) { $0.tearLine() }
    }

    /// Whether armed damage happens now.
    func meets(_ kind: Fault.Bytes) -> Bool {
        guard let left = armed[kind], left > 0 else { return false }
        armed[kind] = left - 1
        world.note("\(name): \(kind)")
        world.faultFound()
        return true
    }

    /// Whether a line of the attempt may be lost: that costs its job one of its three tries.
    func mayLoseLine(of number: AttemptNumber) -> Bool {
        guard let held = disk[number], held.order.command.last != "describe" else { return false }
        return log.injectedJobFaults[held.key, default: 0] < 2
    }

    /// Records that a line of the attempt is lost: its job has failed, though the worker may live on.
    func losesLine(of number: AttemptNumber) {
        guard let held = disk[number] else { return }
        log.injectedJobFaults[held.key, default: 0] += 1
        // A part of what the attempt found may be recorded.
        log.hit(held.key, times: 2)
        log.conclude(.init(owner: held.owner, attempt: number))
        log.lostTouch(.init(owner: held.owner, attempt: number))
    }

    /// The line as it lies on the disk.
    func written(_ event: WorkerEvent, by number: AttemptNumber) -> [UInt8] {
        let line = SimulatedLines.line(event)
        guard let layer = world.bytes, event.isDurable, mayLoseLine(of: number), meets(.damagedLine) else {
            return line
        }
        world.census.count(.lineDamaged)
        losesLine(of: number)
        return layer.damaged(line)
    }

    /// Lets the agent tell what its worker has written since the last look.
    func readLines(of number: AttemptNumber, _ held: Held) {
        guard let lines = held.lines, isUp, agentIsUp else { return }
        while let word = lines.next(atEnd: held.isOver, mutant) {
            if word.isBreach {
                world.census.count(.lineRefused)
                held.process?.isInBreach()
            }
            if case .progress(let progress) = word.event {
                link?.report(.progress(number, progress), line: word.line)
            } else {
                link?.report(.event(number, word.event, end: word.end), line: word.line)
            }
        }
    }
}
