import ContentStore
import Foundation
import JobContract
import SweepModel

@testable import RemoteHosts
@testable import Scheduling
@testable import Supervision

/// Whole conversations of a coordinator and an agent, one of whom says what it likes.
let conversationTargets = [
    FuzzTarget("agent-conversations", seeds: scripts) { bytes, _ in
        var script = ConversationScript(bytes)
        CoordinatorUnderFire().hear(script.apply(to: CoordinatorUnderFire.frames()))
    },
    FuzzTarget("coordinator-conversations", seeds: scripts) { bytes, _ in
        var script = ConversationScript(bytes)
        AgentUnderFire().hear(script.apply(to: AgentUnderFire.frames()))
    },
]

/// Scripts with no change, with each kind of change once, and with some more.
@Sendable private func scripts() -> [[UInt8]] {
    var scripts: [[UInt8]] = [[]]
    for kind in 0..<12 as Range<UInt8> {
        var script: [UInt8] = []
        for step in 0..<8 as Range<UInt8> { script += [kind, step * 3, step * 5, step * 2, step * 7] }
        scripts.append(script)
    }
    return scripts
}

/// A coordinator's session with a host, and the scheduler behind it.
private final class CoordinatorUnderFire {
    private static let spec: [String: JSONValue] = ["training.batch": 32, "model.scale": 4]
    private static let trial = Trial(
        id: Samples.trial, training: Samples.training, steps: 8, position: 0, asked: [:])
    private static let sweep = ExpandedSweep(
        name: "fuzzed", about: "", text: "", overrides: [], trials: [trial],
        trainings: [Samples.training: Training(id: Samples.training, spec: spec)], datasets: [:],
        measures: [Samples.request], comparisons: [], needs: JobNeeds(), worker: WorkerCommand())
    private static let host = HostSpec(name: "far", transport: .libssh, slots: 2)

    private var scheduler: Scheduler
    private let depot = DepotInMemory()
    private var intents = 0
    private var claimed = 0

    init() {
        let now = Instant(nanoseconds: 0)
        scheduler = Scheduler(
            graph: JobGraph(sweeps: [Self.sweep], holdings: Holdings()), holdings: Holdings(), hosts: [Self.host],
            firstAttempt: AttemptNumber(1), policy: SchedulingPolicy(), at: now)
        _ = scheduler.firstActions(at: now)
    }

    /// The frames of a good agent while attempts 1 and 2 run.
    private static func goodFrames() throws -> [Frame] {
        let weights = OutputFile(path: "w", digest: Samples.digest, bytes: 4)
        let job = JobGraph(sweeps: [sweep], holdings: Holdings()).jobs[0].id
        func event(_ event: WorkerEvent, _ end: Int, of attempt: Int = 1) throws -> Frame {
            EventLine(attempt: AttemptNumber(attempt), end: end, line: try json(event)[...]).frame
        }
        let welcome = AgentWelcome(
            HostFacts(
                machine: "m", boot: "b", cores: 2, memory: 1 << 34, cpu: "c", free: 1 << 40,
                gpus: [GPUFacts(id: "0", index: 0, name: "g")]),
            held: [HeldAttempt(attempt: AttemptNumber(3), job: job, state: .ended(.exited(code: 0)))])
        let messages: [AgentMessage] = [
            .welcome(welcome), .accepted(AttemptNumber(1)), .running(AttemptNumber(1)),
            .lacking(AttemptNumber(1), [Samples.digest]), .standing(welcome), .storeDamaged("a file"),
            .gpuFailed(FailedGPU(id: "0", reason: "words", attempts: [AttemptNumber(1)])),
            .sending(transfer: 1, bytes: 4), .ended(AttemptNumber(1), .exited(code: 0), diagnostics: "words"),
            .ended(AttemptNumber(1), .stopped(.cancelled, exit: -9), diagnostics: ""),
            .refused(AttemptNumber(2), AgentRefusal(.noSpace, "full")), .pong(1),
        ]
        var frames = try messages.map(AgentProtocol.frame)
        let started = WorkerEvent.Started(contract: 1, worker: "w", numerics: 1, build: "", cpu: "", kernels: "")
        frames.insert(try event(.started(started), 10), at: 3)
        frames.insert(try event(.progress(.init(done: 1, of: 8, unit: "steps", rate: 1)), 20), at: 4)
        frames.insert(
            try event(
                .checkpoint(
                    .init(steps: 8, milestone: true, weights: weights, state: nil, parameters: 1, seconds: 1)), 30),
            at: 5)
        frames.append(Chunk(transfer: 1, offset: 0, bytes: Array("file".utf8)[...]).frame)
        frames.append(Received(transfer: 1, bytes: 4).frame)
        frames.append(
            try event(
                .measure(
                    .init(
                        trial: Samples.trial, request: Samples.request, checkpoint: Samples.digest, rows: [],
                        artifacts: [], seconds: 1)), 10, of: 2))
        frames.append(try event(.finished, 40))
        frames.append(try event(.failed(.init(kind: .internal, message: "no")), 50, of: 2))
        return frames
    }

    static func frames() -> [Frame] {
        do { return try goodFrames() } catch { fatalError("the samples cannot be encoded: \(error)") }
    }

    func hear(_ frames: [Frame]) {
        let reports = Locked<[HostReport]>([])
        let mailbox = Mailbox()
        let connecting = ConnectContext(
            agent: AgentProgram(path: "/nonexistent"), options: ConnectionOptions(), gate: ConnectGate(width: 1),
            asked: AskedOnce(NoInteraction()))
        let context = LinkContext(
            catalogue: "c", generation: 1, nonce: "n", earlier: [], place: nil, depot: depot,
            deliver: { _, report in reports.with { $0.append(report) } }, machines: MachineRegistry(), worker: nil,
            connecting: connecting)
        let stream = Recording(frames)
        let session = AgentSession(
            host: Self.host, context: context, mailbox: mailbox,
            greeted: .init(
                stream: stream, reader: FrameReader(), greeting: AgentGreeting(digest: Samples.digest, machine: "m")),
            usesDevices: true)
        // The session ends with the recording, or before where what it hears is not an agent's.
        try? session.run(connected: {})
        for report in reports.with({ $0 }) { handle(report) }
    }

    private func handle(_ report: HostReport) {
        if case .connected(_, let held) = report { claimed += held.count }
        let actions = scheduler.handle(.host(Self.host.name, report), at: Instant(nanoseconds: Int64(claimed)))
        for case .record(.attemptIntended) in actions { intents += 1 }
        let violations = scheduler.violations().filter { !$0.contains("from the future") }
        precondition(violations.isEmpty, "\(violations)")
        precondition(
            scheduler.nextAttempt.value <= 1 + intents + claimed,
            "\(intents) attempts were given, and the next is \(scheduler.nextAttempt)")
    }
}

/// A recording of an agent, byte for byte.
private final class Recording: ByteStream {
    private var pieces: [[UInt8]]

    init(_ frames: [Frame]) {
        pieces = frames.map { frame in
            var bytes: [UInt8] = []
            frame.append(to: &bytes)
            return bytes
        }
        pieces.reverse()
    }

    func wait(writing: Bool, seconds: Double) {}
    func read() -> [UInt8]? { pieces.popLast() }
    func write(_ bytes: ArraySlice<UInt8>) -> Int { bytes.count }
    func finishWriting() {}
    let diagnostics = ""
    let ending: ProgramEnding? = nil
    let isConnected = true
    func close() {}
}

/// A store that takes every file, and remembers which there were.
private final class DepotInMemory: FileDepot {
    private let digests = Locked<Set<Digest>>([])
    private let directory = "/dev/shm"

    func wholeFile(_ digest: Digest) -> String? { digests.with { $0.contains(digest) } ? "/dev/null" : nil }
    func wholeFileReadAnew(_ digest: Digest) -> String? { wholeFile(digest) }
    func temporaryPath() -> String { "\(directory)/eigensweep-fuzz-\(getpid())-\(UInt32.random(in: 0 ... .max))" }
    func adopt(_ path: String, as digest: Digest) throws {
        unlink(path)
        digests.with { _ = $0.insert(digest) }
    }
}

/// An agent's attempts, files and journal. It starts nothing, since hosts trust the coordinator whose orders they run.
private final class AgentUnderFire {
    private let root: String

    init() {
        // A journal's thread may answer an agent that no longer exists.
        signal(SIGPIPE, SIG_IGN)
        root = "/dev/shm/eigensweep-fuzz-\(getpid()).d"
        Supervision.Files.removeTree(root)
    }

    deinit { Supervision.Files.removeTree(root) }

    /// The frames of a good coordinator, which brings a file, orders two attempts, and collects them.
    static func frames() -> [Frame] {
        let content = Array("file".utf8)
        let messages = (try? Samples.coordinatorMessages()) ?? []
        var frames = messages.compactMap { try? AgentProtocol.frame($0) }
        let upload = CoordinatorMessage.upload(transfer: 3, digest: Digest(of: content), bytes: content.count)
        if let frame = try? AgentProtocol.frame(upload) { frames.insert(frame, at: 0) }
        frames.insert(Chunk(transfer: 3, offset: 0, bytes: content[...]).frame, at: 1)
        frames.append(Received(transfer: 1, bytes: 4).frame)
        return frames
    }

    func hear(_ frames: [Frame]) {
        guard let place = try? AgentPlace(directory: root, catalogue: "c", machine: "m"),
            let store = try? ContentStore(directory: place.store)
        else { fatalError("no place in /dev/shm") }
        let table = AttemptTable(place: place, store: store)
        do {
            try place.makeDirectories()
            try table.load()
        } catch { fatalError("an empty place cannot be loaded: \(error)") }
        var uploads = Uploads()
        for frame in frames {
            do { try hear(frame, table, store, &uploads) } catch {}
            table.writeOrders()
            table.signalStopped()
            _ = try? table.settleOrders()
        }
        while table.attempts.values.contains(where: { $0.awaitedPlace != nil }) {
            usleep(50)
            _ = try? table.settleOrders()
        }
        table.passEvents(to: nil)
        try? table.journal.write()
        // The next agent finds what this one has.
        let next = AttemptTable(place: place, store: store)
        do { try next.load() } catch { fatalError("the journal cannot be read: \(error)") }
        precondition(next.held == table.held, "the next agent holds \(next.held), not \(table.held)")
    }

    private func hear(
        _ frame: Frame, _ table: AttemptTable, _ store: ContentStore, _ uploads: inout Uploads
    ) throws {
        switch frame.kind {
        case .control, .attempt:
            switch try AgentProtocol.message(CoordinatorMessage.self, in: frame) {
            case .hello(let hello):
                let memory = CoordinatorMemory(hello)
                precondition(memory.width > 0)
                _ = memory.objection(to: memory, after: hello.earlier ?? [], silence: 0)
            case .start(let order): _ = try table.start(order)
            case .cancel(let attempt): table.cancel(attempt)
            case .revoke(let attempt): table.revoke(attempt)
            case .acknowledge(let attempt, let offset): table.acknowledge(attempt, offset)
            case .release(let attempt): table.release(attempt)
            case .read(_, let question): _ = AttemptLog.read(question, table.attempts[question.attempt])
            case .upload(let transfer, let digest, let bytes):
                _ = uploads.open(transfer, digest, bytes: min(bytes, 1 << 16), into: store)
            case .enquire, .fetch, .ping, .leaving, .service, .relay: break
            }
        case .chunk:
            _ = uploads.write(try Chunk(frame.payload))
        case .received: _ = try Received(frame.payload)
        case .event: _ = try EventLine(frame.payload)
        case .relayed: break
        }
    }
}
