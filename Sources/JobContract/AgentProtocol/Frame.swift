/// What a frame between coordinator and agent carries.
package enum FrameKind: UInt8, Sendable {
    /// A message as JSON.
    case control = 1
    /// A piece of a file: `Chunk`.
    case chunk = 2
    /// How much of a file has arrived: `Received`.
    case received = 3
    /// One line of a worker's events: `EventLine`.
    case event = 4
    /// A message of the few that come with every attempt: `CoordinatorMessage.packed`, `AgentMessage.packed`.
    case attempt = 5
    /// Bytes of a channel that a relay carries: the channel's number (4 bytes), bytes.
    case relayed = 6

    /// The largest payload in bytes; a longer one ends the connection.
    package var limit: Int {
        switch self {
        case .control, .event, .attempt: 4 << 20
        case .chunk: (1 << 20) + 12
        case .relayed: (1 << 20) + 4
        case .received: 12
        }
    }
}

/// One unit of the byte stream: payload length (4 bytes, little-endian), kind (1 byte), payload.
package struct Frame: Hashable, Sendable {
    package var kind: FrameKind
    package var payload: [UInt8]

    package init(_ kind: FrameKind, _ payload: [UInt8]) {
        self.kind = kind
        self.payload = payload
    }

    /// Appends the frame's bytes.
    package func append(to bytes: inout [UInt8]) {
        bytes.append(little: UInt32(payload.count))
        bytes.append(kind.rawValue)
        bytes.append(contentsOf: payload)
    }
}

/// The other side does not speak the protocol.
package struct ProtocolError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Cuts a byte stream into frames. Lengths and kinds are checked before anything is kept.
package struct FrameReader: Sendable {
    private var bytes: [UInt8] = []
    private var start = 0

    package init() {}

    package mutating func push(_ more: some Collection<UInt8>) {
        if start > 0, start == bytes.count || start > 1 << 20 {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    /// Everything that came and was not given out as frames.
    package mutating func takeRest() -> [UInt8] {
        defer { self = FrameReader() }
        return Array(bytes[start...])
    }

    /// The next whole frame, or nil when more bytes are needed.
    package mutating func next() throws(ProtocolError) -> Frame? {
        guard bytes.count - start >= 5 else { return nil }
        let length = Int(bytes.little(UInt32.self, at: start))
        guard let kind = FrameKind(rawValue: bytes[start + 4]) else {
            throw ProtocolError("a frame of unknown kind \(bytes[start + 4]) came")
        }
        guard length <= kind.limit else {
            throw ProtocolError("a frame of \(length) bytes came; the limit is \(kind.limit)")
        }
        guard bytes.count - start - 5 >= length else { return nil }
        let payload = Array(bytes[start + 5..<start + 5 + length])
        start += 5 + length
        return Frame(kind, payload)
    }
}

extension [UInt8] {
    package mutating func append(little value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// The integer at `offset`, which must lie within the array.
    package func little<Integer: FixedWidthInteger>(_: Integer.Type, at offset: Int) -> Integer {
        withUnsafeBytes { Integer(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Integer.self)) }
    }
}
