import JobContract
import SweepModel

extension SimulatedHost {
    func cut(for seconds: Double) {
        world.note("\(name) cut off for \(seconds)")
        world.census.count(.linkDropped)
        cutUntil = max(cutUntil, world.now.advanced(bySeconds: seconds))
        link?.close()
    }

    func slow(for seconds: Double, by delay: Double) {
        world.note("\(name) is slow to reach for \(seconds)")
        guard let link else { return }
        world.census.count(.linkSlow)
        slowUntil = max(slowUntil, world.now.advanced(bySeconds: seconds))
        extraDelay = delay
        link.isHampered(for: seconds + delay)
    }

    func lose(_ direction: Fault.Direction, for seconds: Double) {
        world.note("\(name) loses what goes \(direction) for \(seconds)")
        guard let link else { return }
        let until = world.now.advanced(bySeconds: seconds)
        switch direction {
        case .toHost:
            world.census.count(.lossToHost)
            toHostLostUntil = max(toHostLostUntil, until)
        case .toCoordinator:
            world.census.count(.lossToCoordinator)
            toCoordinatorLostUntil = max(toCoordinatorLostUntil, until)
        }
        link.isHampered(for: seconds)
        // A longer loss outlasts the keepalive's patience; a shorter one is only a delay.
        if seconds > 45 { world.after(45) { link.close() } }
    }

    func killAgent(for seconds: Double) {
        guard isUp, agentIsUp, allocation == nil else { return }
        world.note("\(name) agent dies")
        world.census.count(.agentDied)
        agentIsUp = false
        link?.sever()
        // A worker that ends meanwhile leaves no exit status, which is one more run of an unfinished job.
        for held in disk.values where held.state == .running { log.hit(held.key) }
        world.after(seconds) { [self] in startAgent() }
    }

    /// Replaces the agent by another build, which happens only while nothing runs; attempts that wait stay.
    func replaceAgent() {
        world.note("\(name) agent is replaced")
        world.census.count(.agentReplaced)
        agentIsOld = false
        agentIsUp = false
        link?.sever()
        world.after(world.random.seconds(0.2...2)) { [self] in startAgent() }
    }

    func reboot(for seconds: Double, losesDisk: Bool) {
        guard isUp, allocation == nil else { return }
        world.note("\(name) reboots\(losesDisk ? " and loses its disk" : "")")
        world.census.count(losesDisk ? .hostLostDisk : .hostRebooted)
        isUp = false
        agentIsUp = false
        link?.sever()
        for (_, held) in inOrder {
            // The disk takes even results with it that are recorded nowhere else.
            if held.state == .running || losesDisk { log.hit(held.key) }
            if held.state == .running, let lines = held.lines, let layer = world.bytes {
                held.process?.tearLine()
                if layer.random.chance(0.5) {
                    world.census.count(.linesLost)
                    lines.lose(layer.random.pick(1...1000))
                }
            }
            held.process?.vanish()
            held.process = nil
        }
        if losesDisk {
            disk = [:]
            store.removeAll()
        }
        world.after(seconds) { [self] in
            isUp = true
            boot += 1
            startAgent()
        }
    }

    func freeze(for seconds: Double) {
        guard isUp else { return }
        world.note("\(name) stands still for \(seconds)")
        world.census.count(.hostFroze)
        if !isFrozen { frozenSince = world.now }
        frozenUntil = max(frozenUntil, world.now.advanced(bySeconds: seconds))
        guard let link else { return }
        link.isHampered(for: seconds)
        if seconds > 45 { world.after(45) { link.close() } }
    }

    /// Ends or hangs a running worker, if there is one.
    func hitWorker(_ kind: Fault.Worker, first: (SimulatedProcess) -> Void = { _ in }) {
        let running = inOrder.filter { $0.value.process != nil }
        guard isUp, !running.isEmpty else { return }
        let (_, held) = running[world.random.pick(0...running.count - 1)]
        // Two at most, so that the third fault, which sets a job aside, never comes of injected ones.
        guard let process = held.process, !process.isHung, log.injectedJobFaults[held.key, default: 0] < 2 else {
            return
        }
        log.injectedJobFaults[held.key, default: 0] += 1
        log.hit(held.key)
        world.note("\(name) hits a worker of \(held.key): \(kind)")
        first(process)
        switch kind {
        case .fails:
            world.census.count(.workerFailed)
            process.die(.exited(code: 1))
        case .crashes:
            world.census.count(.workerCrashed)
            process.die(.signalled(signal: 11))
        case .isKilled:
            world.census.count(.workerKilled)
            log.killed.insert(held.key)
            process.die(.signalled(signal: 9))
        case .isTerminated:
            world.census.count(.workerTerminated)
            process.stop()
        case .hangs:
            world.census.count(.workerHung)
            process.hang()
        }
    }
}
