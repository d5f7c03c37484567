import JobContract
import SweepModel

/// A host with its agent: what is on its disk outlives the agent, what runs outlives it too, and a reboot ends both.
final class SimulatedHost {
    /// An attempt's directory on the host's disk.
    final class Held {
        let order: StartOrder
        var state: HeldAttempt.State = .backlog
        var spool: [(event: WorkerEvent, end: Int)] = []
        var acknowledged = 0
        var written = 0
        /// The process, while it lives.
        var process: SimulatedProcess?

        init(_ order: StartOrder) { self.order = order }
        var isOver: Bool { if case .ended = state { true } else { false } }
    }

    let spec: HostSpec
    let speed: Double
    let world: World
    let log: RunLog
    let broken: Set<TrainingID>
    private(set) var boot = 1
    private(set) var agentIsUp = true
    private(set) var isUp = true
    /// Cut off until then.
    var cutUntil = Instant(nanoseconds: 0)
    var disk: [AttemptNumber: Held] = [:]
    var link: SimulatedLink?
    /// The next start is refused.
    var refusesNext = false
    /// The commands it heard twice or of attempts it does not have are not errors; numbers used twice are.
    private var jobsByNumber: [AttemptNumber: JobKey] = [:]

    init(spec: HostSpec, speed: Double, world: World, log: RunLog, broken: Set<TrainingID>) {
        self.spec = spec
        self.speed = speed
        self.world = world
        self.log = log
        self.broken = broken
    }

    var name: HostName { spec.name }
    var answers: Bool { isUp && agentIsUp && cutUntil <= world.now }
    var slots: Int { spec.slots ?? 1 }
    var facts: HostFacts {
        HostFacts(
            machine: "machine-\(name)", boot: "boot-\(name)-\(boot)", cores: slots, memory: 1 << 30, cpu: "simulated",
            free: 1 << 40)
    }

    // MARK: The agent

    func connected(_ link: SimulatedLink) {
        self.link = link
        let held = disk.sorted { $0.key < $1.key }.map {
            HeldAttempt(attempt: $0.key, job: $0.value.order.description.job, state: $0.value.state)
        }
        link.report(.connected(facts, held: held))
        for (number, held) in disk.sorted(by: { $0.key < $1.key }) {
            for entry in held.spool where entry.end > held.acknowledged {
                link.report(.event(number, entry.event, end: entry.end))
            }
            if case .ended(let end) = held.state { link.report(.ended(number, end, diagnostics: "")) }
        }
    }

    func receive(_ command: HostCommand) {
        world.note("\(name) hears \(command.summary)")
        switch command {
        case .start(let order): start(order)
        case .cancel(let number): cancel(number)
        case .acknowledge(let number, let offset):
            guard let held = disk[number] else { return }
            held.acknowledged = max(held.acknowledged, offset)
            held.spool.removeAll { $0.end <= offset }
        case .release(let number):
            if disk[number]?.isOver == true { disk[number] = nil }
        case .enquire: if let link { connected(link) }
        }
    }

    private func start(_ order: StartOrder) {
        let key = JobKey(order.description)
        if let earlier = jobsByNumber[order.attempt], earlier != key {
            world.violation("attempt \(order.attempt) names two jobs on \(name)")
        }
        jobsByNumber[order.attempt] = key
        if disk[order.attempt] == nil {
            if refusesNext {
                refusesNext = false
                link?.report(.refused(order.attempt, HostFailure(.noSpace, "the disk is full")))
                return
            }
            disk[order.attempt] = Held(order)
        }
        link?.report(.accepted(order.attempt))
        startNext()
    }

    private func startNext() {
        guard agentIsUp, isUp else { return }
        while disk.values.count(where: { $0.state == .running }) < slots,
            let (number, held) = disk.filter({ $0.value.state == .backlog }).min(by: { $0.key < $1.key })
        {
            held.state = .running
            held.process = SimulatedProcess(held, number, on: self)
            link?.report(.running(number))
            held.process?.begin()
        }
    }

    private func cancel(_ number: AttemptNumber) {
        guard let held = disk[number] else { return }
        switch held.state {
        case .ended: return
        case .backlog: finish(number, held, .neverStarted(reason: "cancelled"))
        case .running:
            guard let process = held.process else { return }
            world.after(process.isHung ? 20 : 1) { [self] in
                guard held.process === process else { return }
                guard !process.isHung else { return process.die(.signalled(signal: 9)) }
                emit(number, held, .paused(steps: process.steps))
                process.die(.exited(code: 0))
            }
        }
    }

    func emit(_ number: AttemptNumber, _ held: Held, _ event: WorkerEvent) {
        guard event.isDurable else {
            if case .progress(let progress) = event { link?.report(.progress(number, progress)) }
            return
        }
        held.written += 100
        held.spool.append((event, held.written))
        link?.report(.event(number, event, end: held.written))
    }

    /// The process is gone. Whether anyone sees how depends on the agent.
    func processEnded(_ number: AttemptNumber, _ held: Held, _ end: AttemptEnd) {
        held.process = nil
        guard agentIsUp else { return }
        finish(number, held, end)
    }

    private func finish(_ number: AttemptNumber, _ held: Held, _ end: AttemptEnd) {
        guard disk[number] === held else { return }
        held.state = .ended(end)
        link?.report(.ended(number, end, diagnostics: ""))
        startNext()
    }

    // MARK: Faults

    func cut(for seconds: Double) {
        world.note("\(name) cut off for \(seconds)")
        cutUntil = max(cutUntil, world.now.advanced(bySeconds: seconds))
        link?.close()
    }

    func killAgent(for seconds: Double) {
        guard isUp, agentIsUp else { return }
        world.note("\(name) agent dies")
        agentIsUp = false
        link?.close()
        // A worker that ends meanwhile leaves no exit status, which is one more run of an unfinished job.
        for held in disk.values where held.state == .running { log.hit(JobKey(held.order.description)) }
        world.after(seconds) { [self] in startAgent() }
    }

    func reboot(for seconds: Double, losesDisk: Bool) {
        guard isUp else { return }
        world.note("\(name) reboots\(losesDisk ? " and loses its disk" : "")")
        isUp = false
        agentIsUp = false
        link?.close()
        for (_, held) in disk.sorted(by: { $0.key < $1.key }) {
            // With the disk, even what is recorded nowhere else is gone.
            if held.state == .running || losesDisk { log.hit(JobKey(held.order.description)) }
            held.process?.vanish()
            held.process = nil
        }
        if losesDisk { disk = [:] }
        world.after(seconds) { [self] in
            isUp = true
            boot += 1
            startAgent()
        }
    }

    private func startAgent() {
        guard isUp, !agentIsUp else { return }
        agentIsUp = true
        for held in disk.values where held.state == .running && held.process == nil { held.state = .ended(.vanished) }
        startNext()
    }

    /// Ends or hangs a running worker; nil when none may be hit.
    func hitWorker(_ end: AttemptEnd?) {
        let running = disk.filter { $0.value.process != nil }.sorted { $0.key < $1.key }
        guard !running.isEmpty else { return }
        let (_, held) = running[world.random.pick(0...running.count - 1)]
        let key = JobKey(held.order.description)
        // Two, so that the third fault, which sets a job aside, never comes of our injections.
        guard let process = held.process, !process.isHung, log.injectedJobFaults[key, default: 0] < 2 else { return }
        log.injectedJobFaults[key, default: 0] += 1
        log.hit(key)
        world.note("\(name) hits a worker of \(key)")
        if let end { process.die(end) } else { process.isHung = true }
    }
}

extension HostCommand {
    var summary: String {
        switch self {
        case .start(let order): "start \(order.attempt)"
        case .cancel(let number): "cancel \(number)"
        case .acknowledge(let number, let offset): "acknowledge \(number) \(offset)"
        case .release(let number): "release \(number)"
        case .enquire: "enquire"
        }
    }
}
