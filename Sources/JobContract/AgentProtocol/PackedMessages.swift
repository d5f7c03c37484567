// A coordinator sends and gets some ten messages an attempt. Those that it says nothing rare with are packed: a tag (1
// byte), the attempt, and what else belongs to them. Integers are 8 bytes, little-endian; texts, and bytes, follow their
// length; digests are their digits. Everything else is said in JSON.

extension CoordinatorMessage: AgentProtocolMessage {
    private enum Tag: UInt8 { case start = 1, acknowledge, release, startInTurn }

    /// Nil for a message that goes as JSON.
    package var packed: [UInt8]? {
        var bytes: [UInt8] = []
        switch self {
        // Rare, and not known to every agent that reads packed orders.
        case .start(let order) where order.gpus != nil || order.onDevice != nil: return nil
        case .start(let order):
            bytes.reserveCapacity(order.text.bytes.count + 512)
            bytes.append((order.turn == nil ? Tag.start : .startInTurn).rawValue)
            bytes.append(packed: order.attempt.value)
            if let turn = order.turn { bytes.append(packed: Int(bitPattern: UInt(turn.bitPattern))) }
            bytes.append(packed: order.job.digest)
            bytes.append(packed: order.output)
            bytes.append(packed: order.inputs.count)
            for digest in order.inputs { bytes.append(packed: digest) }
            bytes.append(packed: order.command.count)
            for word in order.command { bytes.append(packed: word) }
            bytes.append(packed: order.uploads.count)
            for (name, digest) in order.uploads {
                bytes.append(packed: name)
                bytes.append(packed: digest)
            }
            bytes.append(packed: order.text.bytes.count)
            bytes.append(contentsOf: order.text.bytes)
        case .acknowledge(let attempt, let offset):
            bytes.append(Tag.acknowledge.rawValue)
            bytes.append(packed: attempt.value)
            bytes.append(packed: offset)
        case .release(let attempt):
            bytes.append(Tag.release.rawValue)
            bytes.append(packed: attempt.value)
        case .hello, .cancel, .revoke, .enquire, .read, .upload, .fetch, .ping, .leaving, .service, .relay: return nil
        }
        return bytes
    }

    package init(packed: [UInt8]) throws(ProtocolError) {
        var reader = PackedReader(packed)
        let tag = Tag(rawValue: try reader.byte())
        let attempt = try reader.attempt()
        switch tag {
        case .start, .startInTurn:
            let turn = tag == .startInTurn ? try reader.number() : nil
            let job = JobID(try reader.digest())
            let output = try reader.integer()
            let inputs = try reader.list { reader throws(ProtocolError) in try reader.digest() }
            let command = try reader.list { reader throws(ProtocolError) in try reader.text() }
            var uploads: [String: Digest] = [:]
            for _ in 0..<(try reader.count()) { uploads[try reader.text()] = try reader.digest() }
            let order = AgentOrder(
                attempt: attempt, job: job, text: JobText(bytes: try reader.run()), inputs: inputs, output: output,
                command: command, uploads: uploads, turn: turn)
            // A line of its own in the agent's journal, which the next agent must be able to read.
            guard JSONText.read(order.text.bytes)?.objectValue != nil, order.text.bytes.first == UInt8(ascii: "{"),
                order.text.bytes.last == UInt8(ascii: "}"), order.text.bytes.allSatisfy({ $0 >= 32 })
            else { throw PackedReader.damage }
            self = .start(order)
        case .acknowledge: self = .acknowledge(attempt, offset: try reader.integer())
        case .release: self = .release(attempt)
        case nil: throw PackedReader.damage
        }
        try reader.end()
    }
}

extension AgentMessage: AgentProtocolMessage {
    private enum Tag: UInt8 { case accepted = 1, running, exited, signalled }

    /// Nil for a message that goes as JSON.
    package var packed: [UInt8]? {
        var bytes: [UInt8] = []
        switch self {
        case .accepted(let attempt):
            bytes.append(Tag.accepted.rawValue)
            bytes.append(packed: attempt.value)
        case .running(let attempt):
            bytes.append(Tag.running.rawValue)
            bytes.append(packed: attempt.value)
        case .ended(let attempt, .exited(let code), let diagnostics):
            bytes.append(Tag.exited.rawValue)
            bytes.append(packed: attempt.value)
            bytes.append(packed: code)
            bytes.append(packed: diagnostics)
        case .ended(let attempt, .signalled(let signal), let diagnostics):
            bytes.append(Tag.signalled.rawValue)
            bytes.append(packed: attempt.value)
            bytes.append(packed: signal)
            bytes.append(packed: diagnostics)
        // `vanished`, `stopped`, `neverStarted`.
        case .ended, .greeting, .welcome, .standing, .log, .denied, .retiring, .lacking, .refused, .stored, .notStored,
            .sending, .notSending, .pong, .served, .storeDamaged, .gpuFailed, .relayed:
            return nil
        }
        return bytes
    }

    package init(packed: [UInt8]) throws(ProtocolError) {
        var reader = PackedReader(packed)
        let tag = Tag(rawValue: try reader.byte())
        let attempt = try reader.attempt()
        switch tag {
        case .accepted: self = .accepted(attempt)
        case .running: self = .running(attempt)
        case .exited: self = .ended(attempt, .exited(code: try reader.integer()), diagnostics: try reader.text())
        case .signalled:
            self = .ended(attempt, .signalled(signal: try reader.integer()), diagnostics: try reader.text())
        case nil: throw PackedReader.damage
        }
        try reader.end()
    }
}

/// Takes a packed message apart. Nothing in it is believed.
private struct PackedReader {
    static let damage = ProtocolError("a damaged message about an attempt came")
    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private mutating func advance(by count: Int) throws(ProtocolError) -> Range<Int> {
        guard count >= 0, count <= bytes.count - at else { throw Self.damage }
        defer { at += count }
        return at..<at + count
    }

    mutating func byte() throws(ProtocolError) -> UInt8 { bytes[try advance(by: 1).lowerBound] }

    mutating func integer() throws(ProtocolError) -> Int {
        Int(bytes.little(Int64.self, at: try advance(by: 8).lowerBound))
    }

    /// A number that is one.
    mutating func number() throws(ProtocolError) -> Double {
        let number = Double(bitPattern: UInt64(bitPattern: Int64(try integer())))
        guard number.isFinite else { throw Self.damage }
        return number
    }

    mutating func attempt() throws(ProtocolError) -> AttemptNumber {
        guard let attempt = AttemptNumber(outside: try integer()) else { throw Self.damage }
        return attempt
    }

    /// How many of something follow: none of them is empty.
    mutating func count() throws(ProtocolError) -> Int {
        let count = try integer()
        guard (0...bytes.count).contains(count) else { throw Self.damage }
        return count
    }

    mutating func run() throws(ProtocolError) -> [UInt8] { Array(bytes[try advance(by: try integer())]) }

    mutating func text() throws(ProtocolError) -> String {
        String(decoding: bytes[try advance(by: try integer())], as: UTF8.self)
    }

    mutating func digest() throws(ProtocolError) -> Digest {
        let place = try advance(by: 64)
        guard let digest = bytes[place].withUnsafeBufferPointer({ Digest(hex: $0) }) else { throw Self.damage }
        return digest
    }

    mutating func list<Element>(
        _ element: (inout PackedReader) throws(ProtocolError) -> Element
    ) throws(ProtocolError) -> [Element] {
        var list: [Element] = []
        for _ in 0..<(try count()) { list.append(try element(&self)) }
        return list
    }

    func end() throws(ProtocolError) { if at < bytes.count { throw Self.damage } }
}

extension [UInt8] {
    fileprivate mutating func append(packed value: Int) { append(little: Int64(value)) }

    fileprivate mutating func append(packed text: String) {
        append(packed: text.utf8.count)
        append(contentsOf: text.utf8)
    }

    fileprivate mutating func append(packed digest: Digest) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { digits in
            digest.writeHex(to: digits)
            append(contentsOf: digits)
        }
    }
}
