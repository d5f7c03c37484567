import JobContract
import SweepModel

/// A connection as the bytes that go over it: frames of the real protocol, and a reader at either end.
final class Wire {
    private var atHost = FrameReader()
    private var atCoordinator = FrameReader()
    /// Whether a byte was changed on the way. Where none was, both sides must understand each other.
    private(set) var isDamaged = false
    /// Whether the connection ended within a frame that went in this direction.
    private var isCut: [Fault.Direction: Bool] = [:]
    private let mutant: Mutant

    init(_ mutant: Mutant) { self.mutant = mutant }

    // MARK: Sending

    func bytes(of command: HostCommand) throws -> [UInt8] {
        let message: CoordinatorMessage
        switch command {
        case .start(let order):
            message = .start(
                try AgentOrder(
                    description: order.description, spec: order.specText, command: order.command,
                    uploads: Dictionary(uniqueKeysWithValues: order.uploads.map { ($0.name, $0.digest) })))
        case .cancel(let attempt): message = .cancel(attempt)
        case .revoke(let attempt): message = .revoke(attempt)
        case .acknowledge(let attempt, let offset): message = .acknowledge(attempt, offset: offset)
        case .release(let attempt): message = .release(attempt)
        case .enquire: message = .enquire
        case .call, .dismiss: return []
        }
        return Self.bytes(try AgentProtocol.frame(message))
    }

    /// The report's bytes; nil for what the coordinator's side of the connection finds out by itself.
    func bytes(of report: HostReport, line: [UInt8]?) throws -> [UInt8]? {
        switch report {
        case .event(let attempt, let event, let end):
            let line = line ?? SimulatedLines.line(event).dropLast()
            return Self.bytes(EventLine(attempt: attempt, end: end, line: line[...]).frame)
        case .progress(let attempt, let progress):
            let line = line ?? SimulatedLines.line(.progress(progress)).dropLast()
            return Self.bytes(EventLine(attempt: attempt, end: 0, line: line[...]).frame)
        default: return try AgentMessage(report).map { Self.bytes(try AgentProtocol.frame($0)) }
        }
    }

    private static func bytes(_ frame: Frame) -> [UInt8] {
        var bytes: [UInt8] = []
        frame.append(to: &bytes)
        return bytes
    }

    // MARK: Damage

    /// Changes a byte of a frame: of its length or kind, or where its content must be JSON. Numbers are left alone where
    /// another may be right, for connections find such damage themselves.
    func damage(_ bytes: inout [UInt8], _ random: inout SeededRandom, mayHitLine: Bool) {
        isDamaged = true
        let content = bytes[4] == FrameKind.event.rawValue ? 21 : 5
        let isOfJSON = bytes[4] == FrameKind.control.rawValue || bytes[4] == FrameKind.event.rawValue && mayHitLine
        if isOfJSON, bytes.count > content, random.chance(0.5) {
            bytes[random.pick(content...bytes.count - 1)] = 1
        } else {
            bytes[random.pick(2...4)] = 0xFF
        }
    }

    static func hitsLine(_ bytes: [UInt8], _ sent: [UInt8]) -> Bool { bytes[..<5] == sent[..<5] && bytes != sent }

    /// Ends the connection after some of the bytes that were on their way.
    func cut(_ bytes: [UInt8], _ direction: Fault.Direction, _ random: inout SeededRandom) -> Bool {
        guard isCut.updateValue(true, forKey: direction) == nil else { return false }
        let beginning = bytes.prefix(random.pick(1...bytes.count - 1))
        switch direction {
        case .toHost: atHost.push(beginning)
        case .toCoordinator: atCoordinator.push(beginning)
        }
        return true
    }

    // MARK: Receiving

    func commands(in bytes: [UInt8]) throws -> [HostCommand] {
        atHost.push(bytes)
        var commands: [HostCommand] = []
        while let frame = try atHost.next() {
            switch try AgentProtocol.message(CoordinatorMessage.self, in: frame) {
            case .start(let order):
                // The worker on the host reads the job.
                let job = try JSONText.decode(
                    JobDescription.self, from: order.text.placed(inStore: "store"))
                commands.append(
                    .start(
                        StartOrder(
                            description: job, command: order.command,
                            uploads: order.uploads.sorted { $0.key < $1.key }.map { .init(name: $0, digest: $1) })))
            case .cancel(let attempt): commands.append(.cancel(attempt))
            case .revoke(let attempt): commands.append(.revoke(attempt))
            case .acknowledge(let attempt, let offset): commands.append(.acknowledge(attempt, offset: offset))
            case .release(let attempt): commands.append(.release(attempt))
            case .enquire: commands.append(.enquire)
            default: throw ProtocolError("what nobody says came")
            }
        }
        return commands
    }

    func reports(in bytes: [UInt8]) throws -> [HostReport] {
        atCoordinator.push(bytes)
        var reports: [HostReport] = []
        while let frame = try atCoordinator.next() {
            guard frame.kind == .event else {
                let message = try AgentProtocol.message(AgentMessage.self, in: frame)
                guard let report = HostReport(message) else { throw ProtocolError("what nobody says came") }
                reports.append(report)
                continue
            }
            let line = try EventLine(frame.payload)
            let event =
                WorkerEvent(line: line.line) ?? mutant.event(in: Array(line.line))
                ?? .failed(.init(kind: .internal, message: "no event that this program knows"))
            if case .progress(let progress) = event {
                reports.append(.progress(line.attempt, progress))
            } else {
                reports.append(.event(line.attempt, event, end: line.end))
            }
        }
        return reports
    }
}

extension AgentMessage {
    /// The message that the agent sends for a report; nil: it sends none.
    fileprivate init?(_ report: HostReport) {
        switch report {
        case .connected(let facts, let held): self = .welcome(AgentWelcome(facts, held: held))
        case .accepted(let attempt): self = .accepted(attempt)
        case .running(let attempt): self = .running(attempt)
        case .refused(let attempt, let failure):
            guard failure.kind == .noSpace else { return nil }
            self = .refused(attempt, AgentRefusal(.noSpace, failure.message))
        case .ended(let attempt, let end, let diagnostics): self = .ended(attempt, end, diagnostics: diagnostics)
        case .storeDamaged(let words): self = .storeDamaged(words)
        case .gpuFailed(let gpu): self = .gpuFailed(gpu)
        case .disconnected, .awaited, .event, .stateKept, .progress, .seat: return nil
        }
    }
}

extension HostReport {
    /// The report that a message is to the coordinator; nil: no simulated host sends it.
    fileprivate init?(_ message: AgentMessage) {
        switch message {
        case .welcome(let welcome), .standing(let welcome): self = .connected(welcome.facts, held: welcome.held)
        case .accepted(let attempt): self = .accepted(attempt)
        case .running(let attempt): self = .running(attempt)
        case .refused(let attempt, let refusal): self = .refused(attempt, HostFailure(.noSpace, refusal.message))
        case .ended(let attempt, let end, let diagnostics):
            self = .ended(attempt, end, diagnostics: diagnostics)
        case .storeDamaged(let words): self = .storeDamaged(words)
        default: return nil
        }
    }
}
