/// A piece of a file under transfer: transfer number (4 bytes), offset (8 bytes), content.
package struct Chunk: Hashable, Sendable {
    package var transfer: UInt32
    package var offset: Int
    package var bytes: ArraySlice<UInt8>

    /// Content bytes in one chunk: small, so that a message never waits long behind a file.
    package static let size = 128 << 10
    /// Bytes that may be under way unanswered: enough for 100 MB/s at a round trip of 80 ms.
    package static let window = 8 << 20

    package init(transfer: UInt32, offset: Int, bytes: ArraySlice<UInt8>) {
        self.transfer = transfer
        self.offset = offset
        self.bytes = bytes
    }

    package init(_ payload: [UInt8]) throws(ProtocolError) {
        guard payload.count >= 12 else { throw ProtocolError("a chunk without its header came") }
        transfer = payload.little(UInt32.self, at: 0)
        guard let offset = Int(exactly: payload.little(UInt64.self, at: 4)), OutsideValues.bytes.contains(offset)
        else { throw ProtocolError("a chunk with an impossible offset came") }
        self.offset = offset
        bytes = payload[12...]
    }

    package var frame: Frame {
        var payload: [UInt8] = []
        payload.reserveCapacity(12 + bytes.count)
        payload.append(little: transfer)
        payload.append(little: UInt64(offset))
        payload.append(contentsOf: bytes)
        return Frame(.chunk, payload)
    }
}

/// The receiver of a file has this many bytes of it.
package struct Received: Hashable, Sendable {
    package var transfer: UInt32
    package var bytes: Int

    package init(transfer: UInt32, bytes: Int) {
        self.transfer = transfer
        self.bytes = bytes
    }

    package init(_ payload: [UInt8]) throws(ProtocolError) {
        guard payload.count == 12, let bytes = Int(exactly: payload.little(UInt64.self, at: 4)),
            OutsideValues.bytes.contains(bytes)
        else { throw ProtocolError("a damaged receipt came") }
        transfer = payload.little(UInt32.self, at: 0)
        self.bytes = bytes
    }

    package var frame: Frame {
        var payload: [UInt8] = []
        payload.append(little: transfer)
        payload.append(little: UInt64(bytes))
        return Frame(.received, payload)
    }
}

/// One line of an attempt's events: attempt (8 bytes), offset just behind the line (8 bytes), the line.
package struct EventLine: Hashable, Sendable {
    package var attempt: AttemptNumber
    package var end: Int
    package var line: ArraySlice<UInt8>

    /// The longest line a worker may write, in bytes.
    package static let limit = 2 << 20

    package init(attempt: AttemptNumber, end: Int, line: ArraySlice<UInt8>) {
        self.attempt = attempt
        self.end = end
        self.line = line
    }

    package init(_ payload: [UInt8]) throws(ProtocolError) {
        guard payload.count >= 16,
            let attempt = Int(exactly: payload.little(UInt64.self, at: 0)).flatMap(AttemptNumber.init(outside:)),
            let end = Int(exactly: payload.little(UInt64.self, at: 8)), OutsideValues.bytes.contains(end)
        else { throw ProtocolError("a damaged event frame came") }
        self.attempt = attempt
        self.end = end
        line = payload[16...]
    }

    package var frame: Frame {
        var payload: [UInt8] = []
        payload.reserveCapacity(16 + line.count)
        payload.append(little: UInt64(attempt.value))
        payload.append(little: UInt64(end))
        payload.append(contentsOf: line)
        return Frame(.event, payload)
    }
}
