import Coordination
import JobContract
import SweepModel

/// One connection of one coordinator to one host.
///
/// Commands arrive in order, except that other commands overtake a start, whose files go first. Reports arrive in order,
/// except that an event waits for the files it names, and later reports of other attempts do not. Once the connection is
/// closed nothing of it reaches the coordinator; what was on its way to the host may arrive, until another connection takes
/// its place.
final class SimulatedLink {
    let host: SimulatedHost
    private let fleet: SimulatedFleet
    private(set) var isOpen = true
    /// Whether the host still hears what was sent.
    private var isHeard = true
    /// Starts that are on their way with their files, by when they were sent. The transport gives up a start that a later
    /// cancel or release overtakes.
    private var starting: [AttemptNumber: [Int]] = [:]
    /// How many commands were sent.
    private var sent = 0
    private var lastThere = Instant(nanoseconds: 0)
    private var standingsSent = 0
    private var standingsCome = 0
    private var lastBack = Instant(nanoseconds: 0)
    /// When the last report of an attempt arrives.
    private var lastAbout: [AttemptNumber: Instant] = [:]
    private var reachableAt = Instant(nanoseconds: 0)
    private var isConnected = false
    /// The bytes that go over the connection; nil in schedules without bytes.
    private let wire: Wire?
    private var world: World { host.world }

    init(_ host: SimulatedHost, _ fleet: SimulatedFleet) {
        self.host = host
        self.fleet = fleet
        let last = fleet.mutant == .cutFramesGoOn ? host.lastLink?.wire : nil
        wire = host.world.bytes.map { _ in last ?? Wire(fleet.mutant) }
    }

    // MARK: Towards the host

    /// Attempts of the catalogue whose start orders may still arrive.
    func underway(of owner: Owner) -> [AttemptNumber] {
        fleet.caller.owner == owner && isHeard ? starting.filter { !$0.value.isEmpty }.keys.sorted() : []
    }

    func send(_ command: HostCommand) {
        // The answer tells of all attempts; orders whose files are still on their way are given up.
        if command == .enquire {
            if !starting.values.allSatisfy(\.isEmpty) { world.census.count(.startGivenUp) }
            starting = [:]
        }
        sent += 1
        let place = sent
        let isTwice = world.random.chance(0.02)
        if isTwice { world.census.count(.commandTwice) }
        var arrival = world.now.advanced(bySeconds: latency())
        if case .start(let order) = command {
            arrival = arrival.advanced(bySeconds: world.random.seconds(0...3))
            starting[order.attempt, default: []] += Array(repeating: place, count: isTwice ? 2 : 1)
        } else {
            arrival = max(arrival, lastThere)
            lastThere = arrival
        }
        let bytes = wire.flatMap { try? $0.bytes(of: command) }
        for _ in 0..<(isTwice ? 2 : 1) { world.at(arrival) { [self] in arrive(command, bytes, sentAs: place) } }
    }

    private func arrive(_ command: HostCommand, _ bytes: [UInt8]?, sentAs place: Int) {
        // The network sends what is lost again until it gets through or the connection ends.
        let until = max(host.toHostLostUntil, host.frozenUntil)
        if until > world.now { return world.at(until) { [self] in arrive(command, bytes, sentAs: place) } }
        guard isHeard else { return cut(bytes, .toHost) }
        if bytes != nil, host.meets(.cutToHost) {
            cut(bytes, .toHost)
            return sever()
        }
        if !isOpen { world.census.count(.commandLate) }
        switch command {
        // The session gives up an order whose attempt is cancelled, and forgets one that the host has accepted: a copy of
        // it does not follow its release.
        case .cancel(let attempt), .release(let attempt):
            let later = starting[attempt]?.filter { $0 > place }
            if later != starting[attempt] { world.census.count(.startGivenUp) }
            starting[attempt] = later
        default: break
        }
        if case .start(let order) = command {
            guard let index = starting[order.attempt]?.firstIndex(of: place) else { return }
            starting[order.attempt]?.remove(at: index)
            guard bringFiles(of: order) else { return }
        }
        for command in commands(command, bytes) { host.receive(command, of: fleet.caller.owner) }
    }

    /// Brings the files that an order reads, unless the host has them; false: the host refuses it for want of one. Either
    /// side reads its files before it believes them.
    private func bringFiles(of order: StartOrder) -> Bool {
        // A probe's task is never read.
        guard order.command.last != "describe", host.disk[order.attempt] == nil else { return true }
        for (file, training) in order.description.filesToRead where !bring(file, of: training) {
            world.census.count(.fileNowhere)
            // Where coordinators of several catalogues share one store, each removes what it needs no more itself, there and
            // on hosts that both use.
            if !world.sharesStore, host.store.retired.contains(file), host.log.lost.isEmpty {
                world.violation("\(host.name) was cleaned of what attempt \(order.attempt) is to read")
            }
            // The catalogue does not know which of its milestones are lost, and may remove the state that would make one
            // again.
            if !world.sharesStore, world.store.retired.contains(file), host.log.lost.isEmpty {
                world.violation(
                    "\(host.name) is to read a file of \(training.short) that was removed: \(order.description.task)")
            }
            let kind: HostFailure.Kind = fleet.mutant == .lossIsTheHostsFault ? .transferFailed : .missingFile
            report(.refused(order.attempt, HostFailure(kind, "the file is nowhere")))
            return false
        }
        return true
    }

    private func bring(_ file: Digest, of training: TrainingID) -> Bool {
        if fleet.mutant == .damageIsTrusted, host.store.contains(file) || world.store.contains(file) {
            if !host.store.contains(file), !world.store.isWhole(file) { host.spoilt.insert(file) }
            if host.store.damaged.contains(file) { host.spoilt.insert(file) }
            return true
        }
        if host.store.putAsideIfDamaged(file) {
            world.census.count(.damageFoundOnHost)
            report(.storeDamaged("a file is damaged"))
        }
        if host.store.contains(file) { return true }
        if world.store.putAsideIfDamaged(file) { world.lost(file, of: training, host.log) }
        guard world.store.contains(file) else { return false }
        host.store.add(file)
        return true
    }

    private func latency() -> Double {
        world.random.seconds(0.01...0.2) + (host.isSlow ? world.random.seconds(0...host.extraDelay) : 0)
    }

    // MARK: Towards the coordinator

    /// - Parameter line: the worker's line, of an event or of progress.
    func report(_ report: HostReport, line: [UInt8]? = nil) {
        let bytes = bytes(of: report, line)
        var report = report
        // Over a slow connection a recovery point's state stays on the host.
        if case .event(let attempt, .checkpoint(var checkpoint), let end) = report, !checkpoint.milestone,
            let state = checkpoint.state, world.random.chance(0.2)
        {
            world.census.count(.stateKept)
            host.store.add(state.digest)
            checkpoint.state = nil
            deliver(.stateKept(attempt, ResumePoint(steps: checkpoint.steps, state: state.digest), bytes: 10), nil)
            report = .event(attempt, .checkpoint(checkpoint), end: end)
        }
        deliver(report, bytes)
        if case .connected = report { return }
        if world.random.chance(0.03) {
            world.census.count(.reportTwice)
            deliver(report, bytes)
        }
    }

    private func deliver(_ report: HostReport, _ bytes: [UInt8]?) {
        var arrival = max(world.now.advanced(bySeconds: latency()), lastBack)
        if case .connected = report { standingsSent += 1 }
        switch report {
        case .event(let attempt, let event, _):
            let transfer = event.files.isEmpty ? 0 : world.random.seconds(0...4)
            arrival = max(arrival, lastAbout[attempt] ?? arrival).advanced(bySeconds: transfer)
            lastAbout[attempt] = arrival
        case .ended(let attempt, _, _), .stateKept(let attempt, _, _):
            arrival = max(arrival, lastAbout[attempt] ?? arrival)
            lastAbout[attempt] = arrival
        default:
            if lastAbout.values.contains(where: { $0 > arrival }) { world.census.count(.eventOvertaken) }
            lastBack = arrival
        }
        let standing = standingsSent
        world.at(arrival) { [self] in arrive(report, bytes, standing) }
    }

    /// - Parameter standing: how often the host had told all that it holds when it sent this report.
    private func arrive(_ report: HostReport, _ bytes: [UInt8]?, _ standing: Int) {
        let until = host.toCoordinatorLostUntil
        if until > world.now { return world.at(until) { [self] in arrive(report, bytes, standing) } }
        guard isOpen else { return cut(bytes, .toCoordinator) }
        // The host has told everything anew, and with it what still waited for its files.
        if standing < standingsCome { return }
        if case .connected = report { standingsCome = standing }
        if bytes != nil, host.meets(.cutToCoordinator) {
            cut(bytes, .toCoordinator)
            return close()
        }
        for report in reports(report, bytes) { arrived(taken(report)) }
    }

    private func arrived(_ report: HostReport) {
        if case .connected = report {
            isConnected = true
            fleet.connected(host, self)
            if host.isSlow { isHampered(for: host.slowUntil.seconds(since: world.now) + host.extraDelay) }
            if reachableAt <= world.now { fleet.reach(host) }
        }
        if case .event(let attempt, let event, let end) = report, !event.files.isEmpty {
            // A store without room ends the connection, which the coordinator tries again.
            if fleet.storeIsFull() { return close() }
            if host.losesNextFile {
                host.losesNextFile = false
                world.census.count(.fileLost)
                host.faultedAt = world.now
                // The rest of the attempt goes on; the lost result becomes a job of its own.
                noteLoss(attempt)
                let failed = WorkerEvent.Failed(kind: .missingInput, message: "the file is gone")
                return fleet.post(.host(host.name, .event(attempt, .failed(failed), end: end)))
            }
        }
        if case .event(let attempt, let event, let end) = report, !takeFiles(of: event, attempt) {
            let failed = WorkerEvent.Failed(kind: .missingInput, message: "the file is damaged")
            return fleet.post(.host(host.name, .event(attempt, .failed(failed), end: end)))
        }
        fleet.post(.host(whose(report), report))
    }

    /// The report as the coordinator takes it: as it is, but for mutants.
    private func taken(_ report: HostReport) -> HostReport {
        guard case .event(let attempt, let event, let end) = report, fleet.mutant == .unaskedResultsCount,
            let job = host.disk[attempt]?.order.description
        else { return report }
        return .event(attempt, fleet.mutant.taken(event, of: job), end: end)
    }

    private func whose(_ report: HostReport) -> HostName {
        guard case .event(let attempt, _, _) = report, fleet.mutant == .anyHostIsBelieved, host.disk[attempt] == nil,
            let run = host.log.runs.last(where: { $0.attempt == attempt })
        else { return host.name }
        return run.host
    }

    /// Brings an event's files into the coordinator's store; false: one is damaged on the host by now.
    private func takeFiles(of event: WorkerEvent, _ attempt: AttemptNumber) -> Bool {
        if fleet.mutant == .artifactsAreNotFetched, case .measure = event { return true }
        for file in event.files.map(\.digest) where !world.store.isWhole(file) {
            if fleet.mutant != .damageIsTrusted, host.store.putAsideIfDamaged(file) {
                world.census.count(.damageFoundOnHost)
                noteLoss(attempt)
                return false
            }
            if host.store.retired.contains(file), !host.log.lost.contains(file) {
                world.violation("\(host.name) was cleaned of what attempt \(attempt) left")
            }
            world.store.add(file)
        }
        return true
    }

    private func noteLoss(_ attempt: AttemptNumber) {
        guard let held = host.disk[attempt] else { return }
        host.log.hit(held.key, times: 2)
        host.log.lostTouch(.init(owner: held.owner, attempt: attempt))
    }

    // MARK: Bytes

    private func bytes(of report: HostReport, _ line: [UInt8]?) -> [UInt8]? {
        wire.flatMap { try? $0.bytes(of: report, line: line) }
    }

    /// The commands that the host reads in these bytes.
    private func commands(_ command: HostCommand, _ bytes: [UInt8]?) -> [HostCommand] {
        guard let wire, var bytes else { return [command] }
        if host.meets(.damagedToHost) { damage(&bytes, mayHitLine: false) }
        do { return try wire.commands(in: bytes) } catch {
            refuse(error)
            return []
        }
    }

    /// The reports that the coordinator reads in these bytes.
    private func reports(_ report: HostReport, _ bytes: [UInt8]?) -> [HostReport] {
        guard let wire, var bytes else { return [report] }
        if host.meets(.damagedToCoordinator) { damage(&bytes, about: report) }
        do {
            return try wire.reports(in: bytes).map { told in
                // A state that stays on its host is left out on the coordinator's side.
                guard case .event(_, .checkpoint(let whole), _) = told, whole.state != nil,
                    case .event(let attempt, .checkpoint(var checkpoint), let end) = report, checkpoint.state == nil
                else { return told }
                checkpoint = whole
                checkpoint.state = nil
                return .event(attempt, .checkpoint(checkpoint), end: end)
            }
        } catch {
            refuse(error)
            return []
        }
    }

    private func damage(_ bytes: inout [UInt8], about report: HostReport) {
        let sent = bytes
        var mayHitLine = false
        if case .event(let attempt, _, _) = report { mayHitLine = host.mayLoseLine(of: attempt) }
        damage(&bytes, mayHitLine: mayHitLine)
        // An event that nobody can read has failed its job; it counts as told.
        if case .event(let attempt, _, _) = report, Wire.hitsLine(bytes, sent) { host.losesLine(of: attempt) }
    }

    private func damage(_ bytes: inout [UInt8], mayHitLine: Bool) {
        guard let layer = world.bytes else { return }
        world.census.count(.frameDamaged)
        wire?.damage(&bytes, &layer.random, mayHitLine: mayHitLine)
    }

    private func cut(_ bytes: [UInt8]?, _ direction: Fault.Direction) {
        guard let wire, let bytes, let layer = world.bytes else { return }
        if wire.cut(bytes, direction, &layer.random) { world.census.count(.frameCut) }
    }

    /// Refuses the host for this run, because one end does not understand the other.
    private func refuse(_ error: any Error) {
        world.note("\(host.name): \(error)")
        if wire?.isDamaged == false {
            world.violation("\(host.name) is not understood, though all came whole: \(error)")
        }
        world.census.count(.frameRefused)
        close(HostFailure(.protocolViolation, "\(error)"))
    }

    // MARK: Its state

    /// Makes the connection slow or useless for so many seconds.
    func isHampered(for seconds: Double) {
        reachableAt = max(reachableAt, world.now.advanced(bySeconds: seconds + 0.5))
        fleet.unreach(host)
        world.at(reachableAt) { [self] in
            if isOpen, isConnected, reachableAt <= world.now { fleet.reach(host) }
        }
    }

    /// Breaks the connection. The coordinator notices some time later and tries again, unless it was given a reason not to.
    func close(_ failure: HostFailure? = nil) {
        guard isOpen else { return }
        isOpen = false
        isHeard = world.random.chance(0.5)
        if host.link === self {
            host.link = nil
            host.isLeft()
            host.lastLink = self
        }
        fleet.lost(host, self, failure)
    }

    /// Ends the host's side: the other end is gone, or another connection has taken its place.
    func sever() {
        isHeard = false
        close()
        isHeard = false
    }
}
