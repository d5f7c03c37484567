import ContentStore
import Coordination
import Foundation
import JobContract
import RemoteHosts
import ResultCatalogue
import ResultQueries
import Scheduling
import SweepModel

/// Brings sweeps to their end on hosts, and takes changes of what is wanted, or where, while it does.
///
/// Whatever changes is written to the catalogue first; then the coordination loop ends, and another, made of what the
/// catalogue then holds, goes on with the same connections.
final class SweepRun {
    let workplace: Workplace
    private let options: HostOptions
    private let run: RunOptions
    private let signals: SignalWatch
    private let agent: AgentProgram
    let preparation: SweepPreparation
    let recovery: FileRecovery
    private let control: ControlServer?
    let observer: RunObserver
    private let inbox = InputQueue()
    private let hostsFile: HostsSelection
    private var hosts: [HostSpec]
    /// Hosts that left the hosts file and still hold attempts.
    private var leaving: [HostSpec] = []
    var sweeps: [RunningSweep] = []
    private var handover = Handover()
    /// Damaged files of the store that earlier plans took into account.
    var damagesSeen = 0

    /// Listens for other commands from now on; `body` ends it on every path.
    static func perform(
        at workplace: Workplace, hosts: HostsSelection, options: HostOptions, run: RunOptions, signals: SignalWatch,
        log: BackgroundLog? = nil, _ body: (SweepRun) throws -> Void
    ) throws {
        try workplace.catalogue.reader.requireOriginal()
        try workplace.requireReserve()
        let agent = AgentProgram(path: try Programs.bundled("eigensweep-agent"))
        agent.loadAhead()
        let run = SweepRun(workplace, hosts, options, run, signals, agent, log: log)
        // Threads that end a little later hold the observer.
        defer { run.observer.letGo() }
        do { try body(run) } catch {
            run.control?.end(status: (error as? ExitStatusError)?.status.rawValue ?? CommandFailure.status(of: error))
            throw error
        }
        run.control?.end(status: ExitStatus.allDone.rawValue)
    }

    private init(
        _ workplace: Workplace, _ hosts: HostsSelection, _ options: HostOptions, _ run: RunOptions,
        _ signals: SignalWatch, _ agent: AgentProgram, log: BackgroundLog?
    ) {
        self.agent = agent
        self.workplace = workplace
        self.options = options
        self.run = run
        self.signals = signals
        hostsFile = hosts
        self.hosts = hosts.specs
        let damages = workplace.damages
        let recovery = FileRecovery(
            store: workplace.store, hosts: hosts.specs, options: options.connection, agent: agent
        ) { damages.say($0) }
        self.recovery = recovery
        let preparation = SweepPreparation(
            catalogue: workplace.catalogue.path, store: workplace.store, preparer: workplace.preparer,
            recovery: recovery, reader: workplace.catalogue.reader)
        self.preparation = preparation
        // The writer's own: to open the file once more in its process, and to close it, would end the writer's locks.
        let reader = workplace.catalogue.reader
        control = ControlServer(workplace.catalogue) { file, overrides, folder, sameNumerics in
            try preparation.launch(
                ReadSweepFile(file, overrides: overrides, folder: folder), sameNumerics: sameNumerics, in: reader)
        }
        let observer = RunObserver(
            view: LiveView(reader: reader, log: log), broadcast: control?.broadcast)
        self.observer = observer
        damages.tell { observer.say($0) }
        if let control {
            control.start()
        } else {
            Terminal.note("no socket could be made: other commands cannot reach this run")
        }
    }

    /// Adds a sweep file; it is what is wanted from now on.
    func launch(_ read: ReadSweepFile, sameNumerics: Bool) throws {
        let running = try preparation.launch(read, sameNumerics: sameNumerics, in: workplace.catalogue.reader)
        try add(running).notes.forEach(Terminal.note)
    }

    /// Adds a sweep of the catalogue, less the trials that nobody may run: what people should hear of those.
    func resume(_ name: String) throws -> [String] {
        guard !sweeps.contains(where: { $0.name == name }) else { return [] }
        let running = try preparation.stored(name, in: workplace.catalogue.reader)
        sweeps.append(running)
        try add(teachers: running.teachers)
        return running.sweep.misnamed.isEmpty ? [] : [SweepPreparation.refusal(running.sweep)]
    }

    var isEmpty: Bool { sweeps.isEmpty }

    func add(_ running: RunningSweep) throws -> WishChange.Outcome {
        let dropped = try DroppedTrials(of: running.sweep, in: workplace.catalogue.reader)
        let stored = try workplace.catalogue.store(
            running.sweep, worker: running.prepared.worker, files: running.files)
        sweeps.removeAll { $0.name == running.name }
        sweeps.append(running)
        var outcome = WishChange.Outcome(count: stored.newTrials, sweeps: [running.name], notes: running.notes)
        try add(teachers: running.teachers)
        if stored.number > 1, stored.isNew {
            outcome.notes.append(
                "sweep \(running.name), revision \(stored.number): \(Readable.counted(stored.newTrials, "new trial")), "
                    + "\(Readable.count(stored.dropped)) dropped (their results stay)"
                    + (dropped.map { ":\n" + $0.lines.joined(separator: "\n") } ?? ""))
        }
        return outcome
    }

    /// Runs until everything wanted is settled or someone asks to stop; then says how it ended. `started` says so
    /// once nothing but the hosts can fail any more, and the first of them answers.
    ///
    /// Throws `ExitStatusError` for every outcome but "all done".
    func complete(started: StartReport) throws {
        if !run.acceptLowSpace { try workplace.requireRoom(for: bytesToKeep()) }
        let policy = policy()
        var connection = options.connection
        // A state that takes longer would be old news when it arrives.
        connection.stateSeconds = policy.checkpointSeconds / 4
        connection.leaseSeconds = policy.leaseSeconds
        let fleet = try fleet(connection)
        observer.follow(fleet.stages)
        listen(fleet)
        let watch = hostsFile.path.flatMap { path in
            control.map { HostsFileWatch(path: path, specs: hosts, changes: $0.changes, notice: observer.say) }
        }
        watch?.start()
        defer { watch?.stop() }
        let disks = DiskWatch(disks: workplace.disks, notice: observer.say) { [inbox] in inbox.post(.stop) }
        disks.start()
        defer { disks.end() }
        observer.started = started
        let time = run.maxHours.map { hours in TimeWatch(hours: hours) { [inbox] in inbox.post(.stop) } }
        time?.start()
        defer { time?.end() }
        if run.failFast { observer.failed = { [inbox] in inbox.post(.stop) } }
        started.startTimer(hosts.filter { $0.seat == nil }.map(\.name))
        let prediction = try foretell()
        let outcome = try run(fleet)
        observer.close()
        if case .succeeded = outcome { try prediction?.keep(in: workplace.catalogue) }
        // Interrupted, or without a usable host, a run leaves allocations as it leaves jobs to hosts.
        switch outcome {
        case .succeeded, .someFailed, .cancelled: fleet.dismissAllocations()
        case .noUsableHost, .interrupted, .catalogueFailed, .replan: break
        }
        fleet.close()
        try RunEnding(
            sweeps: sweeps.map(\.sweep), students: try preparation.waitingStudents(of: sweeps), workplace: workplace,
            options: options, stop: stopReason(disks, time)
        )
        .tell(outcome)
    }

    /// Ends the allocations that a run which did not live to end them has left, where nothing is left to do.
    func endAllocations() throws {
        let fleet = try fleet(options.connection)
        fleet.dismissAllocations()
        fleet.close()
    }

    private func fleet(_ connection: ConnectionOptions) throws -> HostFleet {
        try Descriptors.require(hosts: hosts.count)
        let generation = try workplace.catalogue.beginGeneration()
        return HostFleet(
            hosts: hosts, catalogue: workplace.catalogue.id, generation: generation,
            starts: try workplace.catalogue.reader.coordinatorStarts(),
            place: CatalogueFile.place(of: workplace.catalogue.path), depot: workplace.store,
            agent: agent, options: connection,
            worker: sweeps.lazy.compactMap(\.check).first, interaction: TerminalInteraction()
        ) { [inbox] host, report in inbox.post(.host(host, report)) }
    }

    /// What ended the run in order, if it was no person.
    private func stopReason(_ disks: DiskWatch, _ time: TimeWatch?) -> RunEnding.Stop? {
        if let words = disks.reason { return .diskFull(words) }
        if run.failFast, observer.hasFailed { return .trialFailed }
        return time?.isOver == true ? .timeOver : nil
    }

    /// What is foretold of a run of one sweep; nil where there is nothing to do, or too much to look at all of it first.
    private func foretell() throws -> Prediction? {
        guard let running = sweeps.first, sweeps.count == 1, running.sweep.trials.count <= 20_000 else { return nil }
        let reader = workplace.catalogue.reader
        let holdings = try reader.holdings(of: running.sweep.trainings.keys)
        let graph = JobGraph(sweeps: [running.sweep], holdings: holdings)
        guard !graph.jobs.isEmpty else { return nil }
        let forecast = try RunForecast(
            graph: graph, holdings: holdings, hosts: hosts, reader: reader,
            triesHere: running.isOurs && TrainingForecast.isLong(graph))
        return Prediction(
            sweep: running.name, seconds: forecast.seconds(on: hosts), bytes: try bytesToKeep(),
            keptBefore: try reader.bytesKept())
    }

    /// Roughly what the store will keep of all that is still wanted.
    private func bytesToKeep() throws -> Int {
        let summaries = try workplace.catalogue.reader.sweeps()
        return try sweeps.reduce(0) { sum, running in
            let counts = summaries.first { $0.name == running.name }?.counts ?? [:]
            let missing = counts[.waiting, default: 0] + counts[.running, default: 0]
            let reader = workplace.catalogue.reader
            let measures = try MeasureForecast(running.sweep, ofTrials: missing, in: reader)
            let space = try SpaceForecast(running.sweep, ofTrials: missing, measures: measures, in: reader)
            return sum + space.bytes
        }
    }

    /// Lets signals and other commands reach the loop from now on.
    private func listen(_ fleet: HostFleet) {
        signals.set { [inbox, recovery] request in
            recovery.close()
            switch request {
            case .stop:
                inbox.post(.stop)
                Terminal.note("\nstopping: jobs stay with their hosts. Press Ctrl-C again to cancel them")
            case .cancel:
                inbox.post(.cancelAll)
                Terminal.note("\ncancelling")
            }
        }
        control?.serveStop { [inbox, recovery, observer] in
            recovery.close()
            inbox.post(.stop)
            observer.say("stopping, as `eigensweep stop` asked: jobs stay with their hosts")
        }
        control?.changes.attend { [inbox] in inbox.post(.replan) }
        let reader = workplace.catalogue.reader
        control?.serveLogs { question in
            guard let host = try? reader.attempt(question.attempt)?.host,
                let piece = fleet.read(question, on: host)
            else { return LogPiece(unavailable: "its host is not connected, or does not answer") }
            return piece
        }
    }

    /// One coordinator after the other, until one ends for good.
    private func run(_ fleet: HostFleet) throws -> CoordinationOutcome {
        var isFirst = true
        while true {
            let configuration = try configuration()
            let coordinator = Coordinator(
                configuration: configuration, fleet: fleet, inbox: inbox,
                catalogue: SamplesWatch(workplace, of: sweeps, inbox), clock: SystemAwakeClock(), observer: observer)
            let outcome = coordinator.run {
                if isFirst { fleet.start() } else { fleet.update(hosts: configuration.hosts) }
            }
            isFirst = false
            handover = coordinator.handover()
            switch outcome {
            case .replan: break
            case .succeeded, .someFailed, .noUsableHost:
                if try preparation.addSamples(to: &sweeps) { break }
                guard let control, !control.changes.closeIfEmpty() else { return outcome }
            case .catalogueFailed, .interrupted, .cancelled:
                control?.changes.close()
                return outcome
            }
            for entry in control?.changes.takeAll() ?? [] {
                do { entry.answer(.done(try apply(entry.change))) } catch {
                    entry.answer(ControlAnswer(refusing: error))
                }
            }
        }
    }

    private func apply(_ change: PendingChanges.Change) throws -> WishChange.Outcome {
        switch change {
        case .launch(let running):
            var outcome = try add(running)
            do { try workplace.requireRoom(for: bytesToKeep()) } catch let error as CommandFailure {
                // It is wanted from now on: whoever asked can still make room.
                outcome.notes.append("warning: \(explanation(of: error))")
            }
            return outcome
        case .hosts(let specs):
            let changed = hosts.filter { !specs.contains($0) }
            for host in changed { handover.hosts[host.name] = nil }
            recovery.update(hosts: specs)
            leaving += changed.filter { host in !specs.contains { $0.name == host.name } }
            hosts = specs
            return WishChange.Outcome(count: changed.count)
        case .wish(.resume(let names)):
            let wanted = names.isEmpty ? try workplace.catalogue.reader.unfinishedSweeps() : names
            return WishChange.Outcome(
                count: wanted.count, sweeps: wanted, notes: try wanted.flatMap(resume).map { "error: \($0)" })
        case .wish(let wish):
            try requireRest(for: wish)
            var outcome = try workplace.catalogue.apply(wish)
            if case .retry(let sweep, _) = wish, outcome.count > 0 {
                if let running = sweeps.first(where: { $0.name == sweep }) { try addTeachers(of: running) }
                outcome.notes += try resume(sweep).map { "error: \($0)" }
            }
            if case .undrain(let host) = wish { handover.hosts[host] = nil }
            return outcome
        }
    }

    /// Throws where the change is about sweeps, or trials, of this run.
    private func requireRest(for wish: WishChange) throws {
        var busy = Set(wish.sweepsThatRest).intersection(sweeps.map(\.name))
        if case .remove(_, let trials, _) = wish, !trials.isEmpty {
            let named = Set(trials)
            for running in sweeps where running.sweep.trials.contains(where: { named.contains($0.id) }) {
                busy.insert(running.name)
            }
        }
        guard let sweep = busy.min() else { return }
        throw CommandFailure(.usage, WishChange.words(forRunning: sweep, in: workplace.catalogue.path))
    }

    private func policy() -> SchedulingPolicy {
        var policy = SchedulingPolicy()
        options.limits?.apply(to: &policy)
        policy.deterministic = sweeps.allSatisfy(\.isDeterministic)
        return policy
    }

    /// What the catalogue holds now, as a coordinator begins with it.
    private func configuration() throws -> CoordinationConfiguration {
        try preparation.addSamples(to: &sweeps)
        try sweeps.addDevicePrograms(for: hosts, in: workplace.store)
        let reader = workplace.catalogue.reader
        let holdings = try wholeHoldings()
        let holding = Set(holdings.openAttempts.map(\.host))
        leaving.removeAll { host in !holding.contains(host.name) || hosts.contains { $0.name == host.name } }
        var drained = Dictionary(
            try reader.drainedHosts().map { ($0.name, "drained: \($0.reason)") },
            uniquingKeysWith: { first, _ in first })
        for host in leaving { drained[host.name] = "no longer in the hosts file" }
        for host in hosts + leaving {
            if let queue = host.seat?.queue, let reason = drained[queue] { drained[host.name] = reason }
        }
        for index in sweeps.indices {
            guard let worker = sweeps[index].prepared.worker?.workerName, !sweeps[index].isOurs else { continue }
            sweeps[index].prepared.weights = try reader.weightsSeen(of: worker)
        }
        return CoordinationConfiguration(
            sweeps: sweeps.map(\.ready), hosts: hosts + leaving, drained: drained, holdings: holdings,
            firstAttempt: try reader.nextAttemptNumber(), policy: policy(), handover: handover)
    }
}
