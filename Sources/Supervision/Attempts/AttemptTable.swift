import CPosix
import ContentStore
import Glibc
import JobContract

/// The attempts of one catalogue on this host.
final class AttemptTable {
    let place: AgentPlace
    let store: ContentStore
    let journal: Journal
    private(set) var attempts: [AttemptNumber: Attempt] = [:]
    private(set) var running: [AttemptNumber: Attempt] = [:]
    /// Those that have something to say: they run, or the connected coordinator has not heard of their end.
    var talking: [AttemptNumber: Attempt] = [:]
    var children: [pid_t: Attempt] = [:]
    var backlog = Backlog()
    /// Those that wait for GPUs too. They begin in their order, so that one that wants several gets them.
    var gpuBacklog = Backlog()
    private(set) var gpus: GPUPool?
    /// Until when no GPU is looked for, unless an attempt ends.
    var gpusTakenUntil = 0.0
    static let gpuPause = 0.05
    /// Taken, but not durable yet; in the journal's order.
    private var unsettled: [Attempt] = []
    /// Emptied directories of ended attempts, kept for the next ones: making and removing directories and files would
    /// cost a short attempt more than all else. The next agent treats them as remains.
    var spares: [AttemptDirectory] = []
    /// Attempts that are over and were not released yet.
    private(set) var over = 0
    /// What remains of attempts whose order this agent cannot read.
    private var unreadable: [AttemptNumber: String] = [:]
    var slots = 1
    /// Between two reports of one attempt's progress, at least.
    var progressSeconds = 0.0
    var launcher: WorkerLauncher
    /// Children of which the journal does not tell yet which processes they are.
    var unnoted: [Attempt] = []
    /// Asked to stop, in the journal's words; the signals follow when these are written.
    private var unsignalled: [Attempt] = []
    /// Whether processes that workers left may live: then no directory is given to another attempt.
    private var mayHaveLeftovers = false
    /// Files that were gone as attempts were to begin, each told once until it is brought again.
    var toldLost: Set<Digest> = []
    /// What became of attempts since this was last taken.
    var news: [AgentMessage] = []
    private static let graceSeconds = 20.0
    /// For those that broke the contract: they have nothing to finish.
    private static let shortGraceSeconds = 1.0
    private static let mostSpares = 512

    init(place: AgentPlace, store: ContentStore) {
        self.place = place
        self.store = store
        journal = Journal(path: place.journal)
        launcher = WorkerLauncher(store: store, environment: [:])
    }

    /// The attempts that a coordinator is told of: those whose orders are durable.
    var held: [HeldAttempt] {
        attempts.values.filter { $0.awaitedPlace == nil }.sorted { $0.number < $1.number }.map(\.held)
    }
    var hasRunning: Bool { !running.isEmpty }
    var isEmpty: Bool { attempts.isEmpty }

    func takeNews() -> [AgentMessage] {
        defer { news = [] }
        return news
    }

    /// What workers find in their environment from now on, beside what they always find, and the GPUs that they may have.
    func setSurroundings(_ environment: [String: String], gpus wish: GPUPool.Wish?) throws(AgentRefusal) {
        launcher = WorkerLauncher(store: store, environment: environment, givesGPUs: wish != nil)
        guard gpus?.wish != wish else { return }
        if let wish { gpus = try GPUPool(wish, in: place) } else { gpus = nil }
    }

    /// Takes over an attempt of an earlier agent.
    func restore(_ attempt: Attempt) { attempts[attempt.number] = attempt }

    func restoreRunning(_ attempt: Attempt, as identity: ProcessIdentity) {
        attempt.identity = identity
        attempt.spool = SpoolMeter(allowing: attempt.directory.eventBytes ?? 0)
        if attempt.stopReason != nil { attempt.killAt = posix_monotonic_seconds() + Self.graceSeconds }
        markRunning(attempt)
    }

    func restoreWaiting(_ attempt: Attempt) { wait(attempt) }

    private func wait(_ attempt: Attempt) {
        if attempt.order.gpus == nil { backlog.insert(attempt) } else { gpuBacklog.insert(attempt) }
    }

    func leave(_ path: String, of attempt: AttemptNumber) { unreadable[attempt] = path }

    /// Tells of every attempt again, from what was acknowledged.
    func tellFromAcknowledged() {
        for attempt in attempts.values {
            attempt.tellFromAcknowledged()
            if attempt.state != .backlog { talking[attempt.number] = attempt }
        }
    }

    /// Forgets what was acknowledged: the coordinator that did was at another place of the catalogue, and to the one that
    /// comes it is news.
    func forgetAcknowledgements() {
        for attempt in attempts.values where attempt.acknowledged > 0 {
            attempt.restore(acknowledged: 0)
            journal.append(.acknowledged(attempt.number, offset: 0))
        }
    }

    /// Takes an order. Nil where the answer follows, once the order is durable; the same order again changes nothing.
    func start(_ order: AgentOrder) throws(AgentRefusal) -> AgentMessage? {
        if let known = attempts[order.attempt] { return known.awaitedPlace == nil ? .accepted(order.attempt) : nil }
        if let path = unreadable[order.attempt] {
            throw AgentRefusal(
                .agentFailed,
                "attempt \(order.attempt) was taken by another version of the agent, and its order for \(path) cannot "
                    + "be read; use that version, or remove the directory")
        }
        try check(order)
        let lacking = Set((order.inputs + order.uploads.values).filter { !store.isWhole($0) }).sorted()
        guard lacking.isEmpty else { return .lacking(order.attempt, lacking) }
        if !toldLost.isEmpty { toldLost.subtract(order.files) }
        let attempt = Attempt(
            order: order, boot: HostSurvey.boot(), directory: AttemptDirectory(of: order.attempt, in: place.attempts))
        attempt.awaitedPlace = journal.demand(.ordered(order, boot: attempt.boot))
        attempts[attempt.number] = attempt
        unsettled.append(attempt)
        return nil
    }

    private func check(_ order: AgentOrder) throws(AgentRefusal) {
        let names = order.uploads.keys
        guard order.attempt.value > 0, !order.command.isEmpty, !order.command[0].isEmpty,
            order.command.allSatisfy({ !$0.utf8.contains(0) }),
            names.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("/") && !$0.utf8.contains(0) }),
            order.onDevice.map(names.contains) ?? true
        else {
            throw AgentRefusal(
                .protocolViolation,
                "attempt \(order.attempt) cannot be taken: its command is empty or a file's name is not plain")
        }
    }

    /// Writes the orders that were taken since the last time; refuses them when the disk does.
    func writeOrders() {
        do throws(AgentRefusal) { try journal.writeDemanded() } catch {
            for attempt in unsettled where attempt.awaitedPlace.map({ $0 > journal.size }) ?? false {
                attempts[attempt.number] = nil
                news.append(.refused(attempt.number, error))
            }
            unsettled.removeAll { attempts[$0.number] !== $0 }
        }
    }

    /// Accepts the orders that have become durable. Throws when the disk refuses.
    func settleOrders() throws(AgentRefusal) {
        guard let place = try journal.synchronised() else { return }
        let count = unsettled.prefix { $0.awaitedPlace.map { $0 <= place } ?? true }.count
        for attempt in unsettled.prefix(count) {
            attempt.awaitedPlace = nil
            // It may have been cancelled meanwhile.
            guard attempts[attempt.number] === attempt, attempt.state == .backlog else { continue }
            news.append(.accepted(attempt.number))
            wait(attempt)
        }
        unsettled.removeFirst(count)
    }

    /// Adds to the journal which processes were started since the last time, but for those that have ended meanwhile,
    /// as short jobs have. An agent that dies before finds them by the directory they work in.
    func noteStarted() {
        for attempt in unnoted where attempt.isRunning {
            // One that is a zombie by now has none; its wait tells the rest.
            attempt.identity = attempt.child.flatMap { ProcessIdentity(of: $0) }
            if let identity = attempt.identity { journal.append(.started(attempt.number, identity)) }
        }
        unnoted.removeAll(keepingCapacity: true)
    }

    func markRunning(_ attempt: Attempt) {
        attempt.state = .running
        running[attempt.number] = attempt
        talking[attempt.number] = attempt
    }

    /// Puts aside the files that the attempt needs and that are damaged, so that the next order brings them again. Where
    /// one file was damaged without a word, no other is believed before it is read again.
    func putAsideDamagedFiles(of attempt: Attempt) {
        store.doubtAll()
        for digest in attempt.order.files { _ = store.wholeFile(digest) }
    }

    /// Collects adopted processes that are gone.
    func reapAdopted() {
        for attempt in running.values where attempt.child == nil {
            if let identity = attempt.identity, identity.isAlive { continue }
            Leftovers.end(of: attempt.number, in: place)
            finish(attempt, .vanished)
        }
    }

    /// Collects ended children, and ends what they left.
    func reapChildren() {
        var status: Int32 = 0
        var hasReaped = false
        while !children.isEmpty || mayHaveLeftovers, case let pid = waitpid(-1, &status, WNOHANG), pid > 0 {
            hasReaped = true
            guard let attempt = children.removeValue(forKey: pid) else { continue }
            // What the worker left behind in its process group ends with it.
            kill(-pid, SIGKILL)
            let code = Int(posix_exit_of(status))
            finish(attempt, code < 0 ? .signalled(signal: -code) : .exited(code: code))
        }
        if hasReaped { endLeftovers() }
    }

    /// Ends processes that have outlived their worker though they left its group. A running worker may have such too,
    /// and they are left to it.
    func endLeftovers() {
        guard let found = Leftovers.children() else { return mayHaveLeftovers = true }
        let strangers = found.filter { children[$0] == nil }
        mayHaveLeftovers = !strangers.isEmpty
        for pid in strangers {
            guard let number = Leftovers.attempt(of: pid, in: place), attempts[number]?.isRunning != true else {
                continue
            }
            kill(pid, SIGKILL)
        }
    }

    var hasLeftovers: Bool { mayHaveLeftovers }

    /// Ends an attempt. `seen` is how it ended, as far as anybody saw.
    func finish(_ attempt: Attempt, _ seen: AttemptEnd) {
        let words = EventFollower(path: attempt.directory.events, from: attempt.acknowledged)
        let end = (seen == .vanished ? words.endByLastWord() : seen).asked(attempt.stopReason)
        if attempt.order.gpus != nil { gpuIsFree(of: attempt, end) }
        attempt.state = .ended(end)
        over += 1
        attempt.killAt = nil
        running[attempt.number] = nil
        if attempt.releaseAtEnd {
            remove(attempt)
        } else {
            AttemptLog.bound(attempt.directory)
            talking[attempt.number] = attempt
            journal.append(.ended(attempt.number, end))
        }
    }

    /// Asks the worker to pause; ends it when it does not within 20 s. What waits never starts.
    func cancel(_ number: AttemptNumber) {
        guard let attempt = attempts[number] else { return }
        switch attempt.state {
        case .backlog: finish(attempt, .stopped(.cancelled, exit: nil))
        case .running: stop(attempt, .cancelled)
        case .ended: break
        }
    }

    /// Asks every worker to pause while its checkpoint can still be written.
    func pauseAll(_ reason: StopReason) { for attempt in running.values { stop(attempt, reason) } }

    /// Nothing begins here any more, and what runs is asked to save.
    func leaveAll() {
        pauseAll(.hostLeft)
        for attempt in attempts.values where attempt.state == .backlog && attempt.awaitedPlace == nil {
            finish(attempt, .stopped(.hostLeft, exit: nil))
        }
    }

    /// Whether attempts run, or wait to.
    var hasWork: Bool { attempts.count > over }

    /// Gives an attempt back that has not begun.
    func revoke(_ number: AttemptNumber) {
        if let attempt = attempts[number], attempt.state == .backlog { cancel(number) }
    }

    func stop(_ attempt: Attempt, _ reason: StopReason) {
        guard attempt.isRunning, attempt.killAt == nil else { return }
        let grace = reason == .misbehaved ? Self.shortGraceSeconds : Self.graceSeconds
        attempt.killAt = posix_monotonic_seconds() + grace
        attempt.stopReason = reason
        journal.append(.stopping(attempt.number, reason))
        unsignalled.append(attempt)
    }

    /// Sends the signals whose reasons are in the journal: whoever finds the process gone finds why.
    func signalStopped() {
        guard !unsignalled.isEmpty else { return }
        // Where the disk takes no more, the signal matters more.
        try? journal.write()
        for attempt in unsignalled where attempt.isRunning { attempt.signalGroup(SIGTERM) }
        unsignalled = []
    }

    /// Kills the workers that were asked to stop and have not done so in time.
    func killOverdue() {
        for attempt in running.values {
            if let killAt = attempt.killAt, posix_monotonic_seconds() > killAt { attempt.signalGroup(SIGKILL) }
        }
    }

    /// Everything up to this byte of the attempt's events is committed. States are large: of the committed ones only the
    /// newest stays.
    func acknowledge(_ number: AttemptNumber, _ offset: Int) {
        guard let attempt = attempts[number], attempt.acknowledge(offset) else { return }
        journal.append(.acknowledged(number, offset: offset))
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
            stop(attempt, .cancelled)
        }
    }

    private func remove(_ attempt: Attempt) {
        journal.append(.released(attempt.number))
        attempts[attempt.number] = nil
        if attempt.isOver { over -= 1 }
        talking[attempt.number] = nil
        attempt.reader.close()
        // A directory in which a process may still be is given to no other attempt.
        if attempt.child != nil, !mayHaveLeftovers, spares.count < Self.mostSpares, attempt.directory.clear() {
            spares.append(attempt.directory)
        } else {
            attempt.directory.remove()
        }
    }

    /// Removes the emptied directories that are kept for later attempts.
    func removeSpares() {
        for spare in spares { spare.remove() }
        spares = []
    }
}
