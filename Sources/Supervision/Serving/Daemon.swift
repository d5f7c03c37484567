import CPosix
import ContentStore
import Glibc
import JobContract

/// The agent that stays: supervises attempts and serves one coordinator at a time.
package final class Daemon {
    private let place: AgentPlace
    private let digest: Digest
    private let idleSeconds: Double
    private let store: ContentStore
    private let damages = DamageNews()
    private let table: AttemptTable
    private var memory: CoordinatorMemory?
    private var heard: LastHeard
    private var space: SpaceWatch
    private var connections: [Connection] = []
    private var isRetiring = false
    private let role: AgentRole
    private let term: AllocationTerm?
    private let joining = JoiningConnections()
    private var hasServed = false
    private var busyAt = posix_monotonic_seconds()
    private var boundedAt = posix_monotonic_seconds()
    private var toldAt = posix_monotonic_seconds()
    private var filledAt = posix_monotonic_seconds()
    /// When the coordinator came, or last said that it has recorded something.
    private var recordedAt = 0.0
    /// Attempts that are over and wait for a coordinator that keeps recording, before more are begun: every one holds a
    /// directory, and making these costs a short attempt more than all else.
    private static let mostUnrecorded = 64
    /// Seconds for which it is waited for; one that sleeps holds up nobody.
    private static let recordingPause = 1.0
    /// Seconds after which messages wait until free slots are filled: many come at once, and jobs may be short.
    private static let fillingPause = 0.0002
    /// Seconds between looks at how much workers have said.
    private static let boundingPause = 0.05
    /// Whether there may be something to tell that waits for its time.
    private var isTellingDue = false
    /// Seconds between tellings: what happens meanwhile is told together, at the cost of one.
    private static let tellingPause = 0.004

    /// - Parameter digest: content of the agent's executable.
    package convenience init(place: AgentPlace, digest: Digest) throws {
        try self.init(place: place, digest: digest, role: .host)
    }

    /// - Parameter idleSeconds: how long a host's agent stays without attempts and a coordinator, and a pilot without work.
    init(place: AgentPlace, digest: Digest, role: AgentRole, idleSeconds: Double = 600) throws {
        self.place = place
        self.role = role
        term = role.term
        self.digest = digest
        self.idleSeconds = idleSeconds
        try Files.makeDirectory(place.root, durably: true)
        store = try ContentStore(directory: place.store) { [damages] in damages.add($0) }
        table = AttemptTable(place: place, store: store)
        space = SpaceWatch(path: place.store)
        heard = LastHeard(place)
    }

    /// Serves until it is idle, told to end, or replaced. Workers go on without it. Returns at once when another
    /// agent serves this place.
    package func run() throws { try run(begun: {}) }

    /// Connects to this agent from another thread of its program. The caller closes the descriptor.
    func join() throws(AgentRefusal) -> Int32 {
        guard let pair = LocalPair() else { throw Files.refusal("make a socket") }
        joining.add(pair.far)
        return pair.near
    }

    /// - Parameter begun: called once this thread waits for signals; threads that begin earlier would get them.
    func run(begun: () -> Void) throws {
        guard let lock = try lockPlace() else { return }
        defer { if lock >= 0 { close(lock) } }
        let signals = posix_watch_signals()
        guard signals >= 0 else { throw Files.refusal("watch signals") }
        begun()
        // Who leaves a worker's group and outlives it becomes this program's child.
        posix_adopt_orphans()
        // What transfers left that were cut off; a day, because other hosts may share the store.
        try? store.removeTemporaries(olderThan: 86_400)
        memory = CoordinatorMemory.load(place)
        try applyMemory()
        if case .collector = role { try table.load(isLeft: true) } else { try table.load() }
        let listener = try listen()
        defer { if listener >= 0 { close(listener) } }
        defer { table.removeSpares() }
        while true {
            try advance()
            if isRetiring, connections.isEmpty { return }
            if isBusy { busyAt = posix_monotonic_seconds() }
            if posix_monotonic_seconds() - busyAt > idleSeconds || hasDoneItsPart { return }
            if wait(signals, listener) {
                guard let term else { return }
                term.leave()
            }
        }
    }

    /// The locked file by which one agent alone serves this place; nil where another does. In an allocation -1: only one
    /// pilot begins in its place, and locks of network file systems do not tell of nodes that died.
    private func lockPlace() throws(AgentRefusal) -> Int32? {
        guard term == nil else { return -1 }
        let lock = open(place.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw Files.refusal("open \(place.lock)") }
        if flock(lock, LOCK_EX | LOCK_NB) == 0 { return lock }
        close(lock)
        return nil
    }

    private func listen() throws(AgentRefusal) -> Int32 {
        guard term == nil else { return -1 }
        let listener = try place.withSocketPath { path in
            unlink(path)
            return posix_listen_local(path)
        }
        guard listener >= 0 else { throw Files.refusal("listen in \(place.home)") }
        return listener
    }

    private var isBusy: Bool {
        switch role {
        case .host: !table.isEmpty || !connections.isEmpty
        // What has ended can be collected without a node.
        case .pilot: table.hasWork
        case .collector: true
        }
    }

    /// Whether no attempt is known here that a coordinator may still ask for.
    var holdsNothing: Bool { table.isEmpty }

    /// Whether an allocation's agent has nothing more to do: its attempts have ended, and any coordinator that listens has
    /// been told.
    private var hasDoneItsPart: Bool {
        switch role {
        case .host: false
        case .pilot(let term):
            term.isLeaving && !table.hasWork
                && (table.isEmpty || !connections.contains { $0.isServed && $0.wantsToWrite })
        case .collector: hasServed && table.isEmpty && !connections.contains { $0.wantsToWrite }
        }
    }

    /// One round of everything that needs doing; waits for nothing.
    private func advance() throws(AgentRefusal) {
        table.writeOrders()
        table.signalStopped()
        table.reapAdopted()
        table.reapChildren()
        table.killOverdue()
        try table.settleOrders()
        space.look()
        if posix_monotonic_seconds() - boundedAt > Self.boundingPause {
            boundedAt = posix_monotonic_seconds()
            table.boundLogs(isRoomScarce: space.room != .ample)
            if table.hasLeftovers { table.endLeftovers() }
        }
        if table.isEmpty { table.removeSpares() }
        if space.room == .critical { table.pauseAll(.noSpace) }
        if term?.isLeaving == true { table.leaveAll() }
        fillSlots()
        let served = connections.first(where: \.isServed)
        tell(served)
        served?.pumpFiles()
        // What is told now is in the journal first, so that the next agent knows it. Where the disk is full the next agent
        // does without it.
        if !isTellingDue || connections.contains(where: \.wantsToWrite) {
            table.noteStarted()
            try? table.journal.write()
        }
        for connection in connections {
            connection.flush()
            if !connection.isServed, posix_monotonic_seconds() - connection.since > 30 { connection.end() }
        }
        connections.removeAll { $0.isOver && !$0.hasFrames }
        if table.journal.isWorthRewriting { try table.rewriteJournal() }
    }

    private func fillSlots() {
        filledAt = posix_monotonic_seconds()
        let isRecording = filledAt - recordedAt < Self.recordingPause
        let most = max(Self.mostUnrecorded, 2 * table.slots)
        if !isRetiring, space.room == .ample, term?.isLeaving != true {
            table.fillSlots(keeping: isRecording ? most : .max)
        }
    }

    /// Tells what became of attempts, unless that was done a moment ago.
    private func tell(_ connection: Connection?) {
        let now = posix_monotonic_seconds()
        isTellingDue = now - toldAt < Self.tellingPause
        if isTellingDue { return }
        toldAt = now
        if let connection {
            for damage in damages.takeAll() { connection.send(.storeDamaged(damage)) }
        }
        for message in table.takeNews() { connection?.send(message) }
        table.passEvents(to: connection)
    }

    /// Whether it was told to end.
    private func wait(_ signals: Int32, _ listener: Int32) -> Bool {
        var polls = [
            pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
            pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
            pollfd(fd: table.journal.wakeDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: joining.bell.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        for connection in connections {
            let events = POLLIN | (connection.wantsToWrite ? POLLOUT : 0)
            polls.append(pollfd(fd: connection.descriptor, events: Int16(events), revents: 0))
        }
        let served = connections.contains(where: \.isServed)
        let milliseconds: Int32 = table.hasRunning ? (served ? 20 : 200) : (connections.isEmpty ? 1000 : 500)
        let hasFrames = connections.contains(where: \.hasFrames)
        let pause = hasFrames ? 0 : isTellingDue ? Int32(Self.tellingPause * 1000) : milliseconds
        _ = poll(&polls, nfds_t(polls.count), pause)
        while case let signal = posix_next_signal(signals), signal != 0 {
            if signal == SIGTERM || signal == SIGUSR1 { return true }
        }
        for (connection, poll) in zip(connections, polls.dropFirst(4)) where poll.revents != 0 || connection.hasFrames {
            receive(from: connection)
        }
        if polls[1].revents != 0 {
            let descriptor = accept(listener, nil, nil)
            if descriptor >= 0 { connections.append(Connection(descriptor: descriptor)) }
        }
        if polls[3].revents != 0 { connections += joining.takeAll().map(Connection.init(descriptor:)) }
        return false
    }

    private func receive(from connection: Connection) {
        do {
            connection.read()
            if connection.isServed, connection.hasFrames { heard.isNow() }
            // The rest waits until what has happened meanwhile is told.
            let end = posix_monotonic_seconds() + Self.tellingPause
            while let frame = try connection.next() {
                try handle(frame, from: connection)
                let now = posix_monotonic_seconds()
                if now > end { break }
                if now - filledAt > Self.fillingPause {
                    table.reapChildren()
                    fillSlots()
                }
            }
        } catch {
            connection.send(
                .denied(AgentRefusal(.protocolViolation, "the agent does not understand: \(explanation(of: error))")))
            connection.isLeaving = true
        }
    }

    private func handle(_ frame: Frame, from connection: Connection) throws {
        switch frame.kind {
        case .control, .attempt:
            let message = try AgentProtocol.message(CoordinatorMessage.self, in: frame)
            if case .hello(let hello) = message {
                welcome(hello, connection)
            } else if connection.isServed {
                handle(message, from: connection)
            } else {
                throw ProtocolError("a message came before hello")
            }
        case .chunk:
            let chunk = try Chunk(frame.payload)
            connection.send(connection.uploads.write(chunk))
        case .received:
            let receipt = try Received(frame.payload)
            connection.senders.first { $0.transfer == receipt.transfer }?.acknowledge(receipt.bytes)
        case .event, .relayed: throw ProtocolError("an event came from the coordinator")
        }
    }

    private func welcome(_ hello: AgentHello, _ connection: Connection) {
        let caller = CoordinatorMemory(hello)
        let refusal: AgentRefusal? =
            if hello.version != AgentProtocol.version {
                AgentRefusal(
                    .protocolViolation,
                    "its agent speaks protocol \(AgentProtocol.version), this program \(hello.version); the agent "
                        + "has \(table.attempts.count) attempts and gives way when they are collected")
            } else { memory?.objection(to: caller, after: hello.earlier ?? [], silence: heard.silence) }
        if let refusal {
            connection.send(.denied(refusal))
            connection.isLeaving = true
            return
        }
        for other in connections where other !== connection && other.isServed {
            other.send(.denied(AgentRefusal(.agentFailed, "a later connection of the coordinator took over")))
            other.isServed = false
            other.isLeaving = true
        }
        if hello.agent != digest, !table.hasRunning {
            connection.send(.retiring)
            connection.isLeaving = true
            isRetiring = true
            return
        }
        let before = memory
        do throws(AgentRefusal) {
            if memory != caller { try caller.save(place) }
            memory = caller
            try applyMemory()
        } catch {
            memory = before
            connection.send(.denied(error))
            connection.isLeaving = true
            return
        }
        if let before = before?.place, let now = caller.place, !before.isSame(as: now) {
            table.forgetAcknowledgements()
        }
        table.progressSeconds = hello.progressSeconds ?? 0
        heard.isNow()
        connection.isServed = true
        hasServed = true
        recordedAt = posix_monotonic_seconds()
        connection.send(.welcome(standing()))
    }

    /// What the host is and holds; what its attempts say is told from the last acknowledged events on.
    private func standing() -> AgentWelcome {
        table.tellFromAcknowledged()
        // The welcome lists all attempts, so their news need not be told again.
        _ = table.takeNews()
        return AgentWelcome(
            HostFacts(
                machine: place.machine, boot: HostSurvey.boot(), cores: HostSurvey.processors(),
                memory: HostSurvey.jobMemory(), cpu: HostSurvey.cpu(), free: HostSurvey.free(place.store),
                gpus: table.gpus?.facts, loan: term?.loan),
            held: table.held, clock: posix_wall_seconds(), knowsTurns: true)
    }

    private func applyMemory() throws(AgentRefusal) {
        guard let memory else { return }
        table.slots = memory.width
        if case .collector = role { return }
        try table.setSurroundings(memory.environment, gpus: memory.gpuWish)
    }

    private func handle(_ message: CoordinatorMessage, from connection: Connection) {
        switch message {
        case .hello, .service, .relay: break
        case .start(let order):
            do throws(AgentRefusal) {
                if table.attempts[order.attempt] == nil,
                    let objection = space.objection(toMaking: order.output)
                {
                    throw AgentRefusal(.noSpace, objection)
                }
                if let answer = try table.start(order) { connection.send(answer) }
            } catch {
                connection.send(.refused(order.attempt, error))
            }
        case .cancel(let attempt): table.cancel(attempt)
        case .revoke(let attempt): table.revoke(attempt)
        case .acknowledge(let attempt, let offset):
            recordedAt = posix_monotonic_seconds()
            table.acknowledge(attempt, offset)
        case .release(let attempt):
            recordedAt = posix_monotonic_seconds()
            table.release(attempt)
        case .enquire: connection.send(.standing(standing()))
        case .read(let request, let question):
            connection.send(.log(request: request, AttemptLog.read(question, table.attempts[question.attempt])))
        case .upload(let transfer, let digest, _) where store.isWhole(digest):
            connection.send(.stored(transfer: transfer))
        case .upload(let transfer, let digest, let bytes):
            connection.send(connection.uploads.open(transfer, digest, bytes: bytes, into: store))
        case .fetch(let transfer, let digest): send(transfer, digest, connection)
        case .ping(let number): connection.send(.pong(number))
        case .leaving:
            memory?.hasLeft = true
            // Where it cannot be written the host stays with this coordinator a while.
            try? memory?.save(place)
        }
    }

    private func send(_ transfer: UInt32, _ digest: Digest, _ connection: Connection) {
        do throws(AgentRefusal) {
            guard let path = store.wholeFileReadAnew(digest) else {
                throw AgentRefusal(.transferFailed, "the host's store no longer has the file \(digest.short) whole")
            }
            let sender = try FileSender(transfer: transfer, path: path)
            connection.send(.sending(transfer: transfer, bytes: sender.bytes))
            if !sender.isDone { connection.senders.append(sender) }
        } catch {
            connection.send(.notSending(transfer: transfer, error))
        }
    }
}
