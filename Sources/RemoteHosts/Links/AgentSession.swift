import CPosix
import JobContract
import SweepModel

/// The conversation with one agent over one connection. Used by the host's thread.
final class AgentSession {
    private let host: HostSpec
    private let context: LinkContext
    private let mailbox: Mailbox
    private let stream: any ByteStream
    private let greeting: AgentGreeting
    /// Whether its GPUs give the bits that they must.
    private let usesDevices: Bool
    private var reader: FrameReader
    private var outgoing = OutgoingBytes()
    private var uploads: UploadQueue
    private var inbox: EventInbox
    private var lastHeard = posix_monotonic_seconds()
    private var lastPing = posix_monotonic_seconds()
    private var pings = 0
    /// Seconds since 1970 when it was asked what it is.
    private var askedAt = 0.0
    private var welcomed = false
    private var knowsTurns = false
    private var closingSince: Double?
    /// Asked and not answered, by number.
    private var inquiries: [Int: LogInquiry] = [:]
    private var lastInquiry = 0
    private static let mostUnsent = 512 << 20

    init(host: HostSpec, context: LinkContext, mailbox: Mailbox, greeted: Handshake.Greeted, usesDevices: Bool) {
        self.host = host
        self.context = context
        self.mailbox = mailbox
        stream = greeted.stream
        reader = greeted.reader
        greeting = greeted.greeting
        self.usesDevices = usesDevices
        uploads = UploadQueue(host: host.name, depot: context.depot)
        inbox = EventInbox(
            host: host.name, depot: context.depot, stateSeconds: context.options.stateSeconds)
    }

    deinit {
        inbox.abandon()
        for inquiry in inquiries.values { inquiry.answer(nil) }
    }

    /// Returns when the fleet closes; throws when the connection ends before.
    func run(connected: () -> Void) throws {
        try greet()
        // What came with the greeting is not to wait for more to come.
        try readAll(connected)
        while true {
            if welcomed { try handleCommands() }
            if mailbox.isClosing {
                if closingSince == nil, welcomed { try say(.leaving) }
                let since = closingSince ?? posix_monotonic_seconds()
                closingSince = since
                if outgoing.isEmpty || !welcomed || posix_monotonic_seconds() - since > 2 { return }
            } else {
                try uploads.pump(into: &outgoing)
            }
            try outgoing.flush(to: stream)
            guard outgoing.count < Self.mostUnsent else {
                throw HostFailure(.unreachable, "\(host.name): it does not read what it is sent")
            }
            try stream.wait(writing: !outgoing.isEmpty, seconds: closingSince == nil ? quietSeconds : 0.05)
            try readAll(connected)
            try watchSilence()
        }
    }

    private func readAll(_ connected: () -> Void) throws {
        while let bytes = try stream.read() {
            reader.push(bytes)
            while let frame = try next() { try handle(frame, connected) }
            if bytes.isEmpty { return }
            lastHeard = posix_monotonic_seconds()
        }
        let words = stream.diagnostics
        throw HostFailure(.unreachable, "\(host.name): the connection ended\(words.isEmpty ? "" : ": \(words)")")
    }

    private func greet() throws {
        guard greeting.version == AgentProtocol.version else {
            throw HostFailure(
                .protocolViolation,
                "\(host.name): the agent speaks protocol \(greeting.version), this program \(AgentProtocol.version); "
                    + "remove eigensweep-agent from \(host.directory) there; it is brought again")
        }
        // What shares its machine-id is another machine all the same, and has a folder of its own there.
        let machine = host.sharesMachineID ? "\(greeting.machine) \(host.name)" : greeting.machine
        if let other = context.machines.claim(machine, for: host.name) {
            throw HostFailure(
                .duplicateMachine,
                "\(host.name) has the machine-id of \(other), which is connected (\(greeting.machine)): keep one of the "
                    + "two in the hosts file, or, if they are two machines, say machine: shared of one")
        }
        let hello = AgentHello(
            agent: greeting.digest, catalogue: context.catalogue, generation: context.generation,
            nonce: context.nonce, earlier: context.earlier, place: context.place,
            lease: context.options.leaseSeconds, directory: host.directory, slots: host.slots,
            threads: host.threads, environment: host.environment, gpus: host.gpus, jobsPerGPU: host.jobsPerGPU,
            progressSeconds: context.pace.secondsBetweenReports)
        askedAt = posix_wall_seconds()
        try say(.hello(hello))
    }

    private func say(_ message: CoordinatorMessage) throws { outgoing.append(try AgentProtocol.frame(message)) }

    private func next() throws(HostFailure) -> Frame? {
        do { return try reader.next() } catch {
            throw HostFailure(.protocolViolation, "\(host.name): not an agent's answer: \(explanation(of: error))")
        }
    }

    private func handleCommands() throws {
        for command in mailbox.takeCommands() {
            switch command {
            case .start(let order):
                let order = try AgentOrder(order, inTurn: knowsTurns, onDevice: usesDevices)
                try say(.start(uploads.remember(order)))
            case .cancel(let attempt):
                uploads.forget(attempt)
                try say(.cancel(attempt))
            case .revoke(let attempt): try say(.revoke(attempt))
            case .acknowledge(let attempt, let offset): try say(.acknowledge(attempt, offset: offset))
            case .release(let attempt): try say(.release(attempt))
            case .enquire: try say(.enquire)
            // These are the queue's.
            case .call, .dismiss: break
            }
        }
        for inquiry in mailbox.takeInquiries() {
            lastInquiry += 1
            inquiries[lastInquiry] = inquiry
            try say(.read(request: lastInquiry, inquiry.question))
        }
    }

    private func handle(_ frame: Frame, _ connected: () -> Void) throws {
        switch frame.kind {
        case .control, .attempt: try handle(try AgentProtocol.message(AgentMessage.self, in: frame), connected)
        case .event: report(try inbox.add(try EventLine(frame.payload)))
        case .chunk: report(try inbox.write(try Chunk(frame.payload)))
        case .received: uploads.received(try Received(frame.payload))
        case .relayed: throw ProtocolError("an agent sent what only relays carry")
        }
    }

    private func handle(_ message: AgentMessage, _ connected: () -> Void) throws {
        switch message {
        case .greeting: throw ProtocolError("a second greeting came")
        case .welcome(let welcome):
            guard !welcomed else { throw ProtocolError("a second welcome came") }
            guard welcome.facts.machine == greeting.machine else {
                throw ProtocolError("the agent greeted as machine \(greeting.machine) and is \(welcome.facts.machine)")
            }
            welcomed = true
            knowsTurns = welcome.knowsTurns == true
            mailbox.setConnected(true)
            connected()
            if let clock = welcome.clock {
                for finding in HostJudgement.clock(host.name, clock, between: askedAt, and: posix_wall_seconds()) {
                    context.connecting.asked.note("\(host.name): \(finding.words); \(finding.advice)")
                }
            }
            deliver(.connected(welcome.facts, held: welcome.held))
        case .standing(let standing):
            // The agent tells again of events that wait for files; an order that did not get there is repeated by the
            // scheduler.
            inbox.forgetEvents()
            uploads.forget(allBut: Set(standing.held.map(\.attempt)))
            deliver(.connected(standing.facts, held: standing.held))
        case .log(let request, let piece): inquiries.removeValue(forKey: request)?.answer(piece)
        case .denied(let refusal): throw HostFailure(refusal, host: host.name)
        case .retiring: throw SessionEnd.retired
        case .accepted(let attempt):
            uploads.forget(attempt)
            deliver(.accepted(attempt))
        case .lacking(let attempt, let digests):
            if let failure = uploads.enqueue(digests, for: attempt) { deliver(.refused(attempt, failure)) }
        case .refused(let attempt, let refusal):
            uploads.forget(attempt)
            deliver(.refused(attempt, HostFailure(refusal, host: host.name)))
        case .running(let attempt): deliver(.running(attempt))
        case .ended(let attempt, let end, let diagnostics):
            report(try inbox.add(end: end, diagnostics: diagnostics, of: attempt))
        case .stored(let transfer):
            for order in uploads.stored(transfer) { try say(.start(order)) }
        case .notStored(let transfer, let refusal):
            let (attempts, failure) = uploads.failed(transfer, HostFailure(refusal, host: host.name))
            for attempt in attempts { deliver(.refused(attempt, failure)) }
        case .sending(let transfer, let bytes): report(try inbox.open(transfer, bytes: bytes))
        case .notSending(let transfer, let refusal): report(try inbox.missing(transfer, refusal))
        case .pong: break
        case .storeDamaged(let words): deliver(.storeDamaged(words))
        case .gpuFailed(let gpu): deliver(.gpuFailed(gpu))
        case .served, .relayed: throw ProtocolError("an answer came to nothing that was asked")
        }
    }

    /// Delivers what is ready and asks for what is wanted.
    private func report(_ outcome: EventInbox.Outcome) {
        for report in outcome.reports { deliver(report) }
        for frame in outcome.frames { outgoing.append(frame) }
    }

    private func deliver(_ report: HostReport) { context.deliver(host.name, report) }

    /// Until there is something to do though nobody speaks. Whoever wakes thousands of threads in vain wakes many.
    private var quietSeconds: Double {
        let options = context.options
        let next = min(max(lastHeard, lastPing) + options.pingSeconds, lastHeard + options.silenceSeconds)
        return max(0.01, min(stream.longestWait, next - posix_monotonic_seconds()))
    }

    private func watchSilence() throws {
        let now = posix_monotonic_seconds()
        let silence = now - lastHeard
        if silence > context.options.silenceSeconds {
            throw HostFailure(
                .unreachable, "\(host.name): nothing was heard for \(Int(silence)) s; the connection is given up")
        }
        if silence > context.options.pingSeconds, now - lastPing > context.options.pingSeconds {
            lastPing = now
            pings += 1
            try say(.ping(pings))
        }
    }
}

/// Bytes on their way out; files wait while there are many, so that messages overtake them.
struct OutgoingBytes {
    private var bytes: [UInt8] = []
    private var start = 0

    var isEmpty: Bool { start == bytes.count }
    var count: Int { bytes.count - start }
    var hasRoomForFiles: Bool { bytes.count - start < 512 << 10 }

    mutating func append(_ frame: Frame) {
        if isEmpty {
            bytes.removeAll(keepingCapacity: true)
            start = 0
        } else if start > 1 << 20 {
            bytes.removeFirst(start)
            start = 0
        }
        frame.append(to: &bytes)
    }

    mutating func flush(to stream: any ByteStream) throws(HostFailure) {
        while !isEmpty {
            let count = try stream.write(bytes[start...])
            if count == 0 { return }
            start += count
        }
    }
}
