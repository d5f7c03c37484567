import Foundation
import JobContract
import SweepModel

/// One host of `PlayedHosts`, which says what an agent with a few slots says, when it would say it.
final class PlayedHost {
    enum Step { case progress(AttemptNumber), end(AttemptNumber) }
    private struct Attempt {
        var task: JobTask
        /// Bytes of its events so far.
        var end = 0
        var isOver = false
    }
    private struct Upload { var digest: Digest, bytes: Int, received = 0 }
    /// The part of a job's text that is played.
    private struct JobWords: Decodable { var task: JobTask }

    let descriptor: Int32
    var outgoing: [UInt8] = []
    private(set) var finished = 0
    private(set) var running = 0
    /// Asks for a step to be performed in so many seconds.
    var plan: (Step, Double) -> Void = { _, _ in }
    private let number: Int
    private let timing: PlayedTiming
    /// Seconds between two reports of one job's progress, as the coordinator asks.
    private var pause: Double
    private var reader = FrameReader()
    private var free: Int
    /// Seconds that the first job of each slot takes: as if it had begun before, so that jobs end evenly.
    private var firsts: [Double]
    private var attempts: [AttemptNumber: Attempt] = [:]
    private var backlog: [AttemptNumber] = []
    private var files: Set<Digest> = []
    /// Weights that jobs have left and nobody has fetched.
    private var made: [Digest: [UInt8]] = [:]
    private var uploads: [UInt32: Upload] = [:]
    private static let progress = Array(
        #"{"event":"progress","done":3000,"of":12800,"unit":"steps","rate":121.5,"loss":0.125}"#.utf8)

    init(_ descriptor: Int32, number: Int, of hosts: Int, _ timing: PlayedTiming) {
        self.descriptor = descriptor
        self.number = number
        self.timing = timing
        pause = timing.progress
        free = timing.slots
        firsts = (0..<timing.slots).map { slot in
            timing.seconds * (Double(slot) + (Double(number) + 0.5) / Double(hosts)) / Double(timing.slots)
        }
        outgoing = AgentProtocol.preamble
        say(.greeting(AgentGreeting(digest: Digest(of: "agent".utf8), machine: machine)))
    }

    private var machine: String { "played-\(number)" }

    private func say(_ message: AgentMessage) {
        guard let frame = try? AgentProtocol.frame(message) else { fatalError("\(message) cannot be said") }
        frame.append(to: &outgoing)
    }

    func hear(_ bytes: UnsafeRawBufferPointer) throws {
        reader.push(bytes)
        while let frame = try reader.next() {
            switch frame.kind {
            case .control, .attempt: try hear(try AgentProtocol.message(CoordinatorMessage.self, in: frame))
            case .chunk: receive(try Chunk(frame.payload))
            case .received, .event, .relayed: break
            }
        }
    }

    private func hear(_ message: CoordinatorMessage) throws {
        switch message {
        case .hello(let hello):
            pause = max(timing.progress, hello.progressSeconds ?? 0)
            let facts = HostFacts(
                machine: machine, boot: "1", cores: timing.slots, memory: 1 << 36, cpu: "played", free: 1 << 40)
            say(.welcome(AgentWelcome(facts, held: [])))
        case .start(let order): try start(order)
        case .cancel(let number), .revoke(let number):
            guard let place = backlog.firstIndex(of: number) else { return }
            backlog.remove(at: place)
            say(.ended(number, .stopped(.cancelled, exit: nil), diagnostics: ""))
        case .release(let number): attempts[number] = nil
        case .upload(let transfer, let digest, let bytes): uploads[transfer] = Upload(digest: digest, bytes: bytes)
        case .fetch(let transfer, let digest):
            let bytes = made.removeValue(forKey: digest) ?? []
            say(.sending(transfer: transfer, bytes: bytes.count))
            for start in stride(from: 0, to: bytes.count, by: Chunk.size) {
                let piece = bytes[start..<min(bytes.count, start + Chunk.size)]
                Chunk(transfer: transfer, offset: start, bytes: piece).frame.append(to: &outgoing)
            }
        case .ping(let number): say(.pong(number))
        case .acknowledge, .enquire, .read, .leaving, .service, .relay: break
        }
    }

    private func receive(_ chunk: Chunk) {
        guard var upload = uploads[chunk.transfer] else { return }
        upload.received += chunk.bytes.count
        uploads[chunk.transfer] = upload
        Received(transfer: chunk.transfer, bytes: upload.received).frame.append(to: &outgoing)
        guard upload.received == upload.bytes else { return }
        uploads[chunk.transfer] = nil
        files.insert(upload.digest)
        say(.stored(transfer: chunk.transfer))
    }

    private func start(_ order: AgentOrder) throws {
        let lacking = order.files.subtracting(files)
        guard lacking.isEmpty else { return say(.lacking(order.attempt, lacking.sorted())) }
        if attempts[order.attempt] == nil {
            let words = try JSONText.decode(JobWords.self, from: order.text.bytes)
            attempts[order.attempt] = Attempt(task: words.task)
            backlog.append(order.attempt)
        }
        say(.accepted(order.attempt))
        beginNext()
    }

    private func beginNext() {
        while free > 0, !backlog.isEmpty {
            let number = backlog.removeFirst()
            free -= 1
            running += 1
            say(.running(number))
            tell(
                .started(
                    .init(
                        contract: ContractVersion.current, worker: "noop", numerics: 1, build: "1", cpu: "", kernels: ""
                    )),
                of: number)
            plan(.end(number), firsts.popLast() ?? timing.seconds)
            plan(.progress(number), pause * Double(number.value % 97) / 97)
        }
    }

    func perform(_ step: Step) {
        switch step {
        case .progress(let number):
            guard let attempt = attempts[number], !attempt.isOver else { return }
            tell(Self.progress, of: number)
            plan(step, pause)
        case .end(let number): end(number)
        }
    }

    private func end(_ number: AttemptNumber) {
        guard let attempt = attempts[number] else { return }
        switch attempt.task {
        case .train(let task):
            for steps in task.milestones {
                let weights = weights(of: number, steps)
                tell(
                    .checkpoint(
                        .init(
                            steps: steps, milestone: true, weights: weights, state: nil, parameters: 4096,
                            losses: [.init(steps: 1, mean: 0.5)], seconds: timing.seconds)), of: number)
            }
        case .measure(let task):
            for request in task.measures {
                let rows = (0..<8).map {
                    MeasureRow(quantity: "value\($0)", sigma: 0.5, value: 0.25 * Double($0), n: 64)
                }
                tell(
                    .measure(
                        .init(
                            trial: task.trial, request: request, checkpoint: task.checkpoint, rows: rows, artifacts: [],
                            seconds: timing.seconds)), of: number)
            }
        }
        tell(.finished, of: number)
        say(.ended(number, .exited(code: 0), diagnostics: ""))
        attempts[number]?.isOver = true
        finished += 1
        running -= 1
        free += 1
        beginNext()
    }

    private func weights(of number: AttemptNumber, _ steps: Int) -> OutputFile {
        var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: steps), count: max(8, timing.weights))
        bytes.replaceSubrange(0..<8, with: withUnsafeBytes(of: number.value) { Array($0) })
        let digest = Digest(of: bytes)
        made[digest] = bytes
        files.insert(digest)
        return OutputFile(path: "weights-\(steps)", digest: digest, bytes: bytes.count)
    }

    private func tell(_ event: WorkerEvent, of number: AttemptNumber) {
        guard let line = try? JSONText.encode(event) else { fatalError("\(event) cannot be said") }
        tell(line, of: number)
    }

    private func tell(_ line: [UInt8], of number: AttemptNumber) {
        guard let end = attempts[number]?.end else { return }
        attempts[number]?.end = end + line.count + 1
        EventLine(attempt: number, end: end + line.count + 1, line: line[...]).frame.append(to: &outgoing)
    }
}

/// How played hosts' jobs go.
struct PlayedTiming {
    var slots: Int
    /// Seconds that a job takes.
    var seconds: Double
    /// Seconds between two reports of a job's progress.
    var progress: Double
    /// Bytes that a training leaves.
    var weights: Int
}
