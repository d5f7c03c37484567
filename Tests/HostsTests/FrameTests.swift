import JobContract
import TestSupport
import Testing

struct FrameTests {
    private let frames = [
        Frame(.control, []), Frame(.control, Array("{}".utf8)),
        Chunk(transfer: 7, offset: 1 << 40, bytes: [1, 2, 3][...]).frame,
        Received(transfer: 9, bytes: 12).frame,
        EventLine(attempt: AttemptNumber(3), end: 99, line: Array("line".utf8)[...]).frame,
    ]

    @Test(arguments: [1, 2, 3, 5, 7, 64]) func `frames survive any cutting of the stream`(_ size: Int) throws {
        var bytes: [UInt8] = []
        for frame in frames { frame.append(to: &bytes) }
        var reader = FrameReader()
        var found: [Frame] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            reader.push(bytes[start..<min(bytes.count, start + size)])
            while let frame = try reader.next() { found.append(frame) }
        }
        #expect(found == frames)
    }

    @Test func `payloads keep their fields`() throws {
        let chunk = try Chunk(frames[2].payload)
        #expect(chunk.transfer == 7 && chunk.offset == 1 << 40 && Array(chunk.bytes) == [1, 2, 3])
        let line = try EventLine(frames[4].payload)
        #expect(line.attempt.value == 3 && line.end == 99 && Array(line.line) == Array("line".utf8))
    }

    @Test func `a length beyond the limit is refused before its payload comes`() {
        for kind in [FrameKind.control, .chunk, .received, .event, .attempt] {
            var reader = FrameReader()
            var bytes: [UInt8] = []
            bytes.append(little: UInt32(kind.limit + 1))
            bytes.append(kind.rawValue)
            reader.push(bytes)
            #expect(throws: ProtocolError.self) { try reader.next() }
        }
    }

    @Test func `random bytes never crash a reader`() {
        var random = SeededRandom()
        for _ in 0..<20_000 {
            var reader = FrameReader()
            let bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in UInt8.random(in: 0...12, using: &random)
            }
            reader.push(bytes)
            var taken = 0
            do {
                while let frame = try reader.next() {
                    taken += 5 + frame.payload.count
                    #expect(taken <= bytes.count, "no frame is longer than what came")
                    switch frame.kind {
                    case .control, .attempt:
                        _ = try AgentProtocol.message(CoordinatorMessage.self, in: frame)
                        _ = try AgentProtocol.message(AgentMessage.self, in: frame)
                    case .chunk: _ = try Chunk(frame.payload)
                    case .received: _ = try Received(frame.payload)
                    case .event: _ = try EventLine(frame.payload)
                    case .relayed: break
                    }
                }
            } catch { continue }
        }
    }

    @Test func `a message in JSON nested too deeply is an error`() {
        let deep = Array(String(repeating: "[", count: 100_000).utf8)
        #expect(throws: ProtocolError.self) {
            try AgentProtocol.message(AgentMessage.self, in: Frame(.control, deep))
        }
    }
}
