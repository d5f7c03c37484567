import Foundation
import JobContract

@testable import Supervision

/// Messages that coordinator and agent send one another.
let protocolTargets = [
    FuzzTarget("frames", longest: 1 << 14, seeds: Samples.streams) { bytes, _ in
        let whole = frames(of: bytes, pieces: bytes.count + 1)
        let pieces = frames(of: bytes, pieces: Int(bytes.first ?? 0) % 7 + 1)
        precondition(whole.0 == pieces.0 && (whole.1 == nil) == (pieces.1 == nil), "cutting changed what was read")
        for frame in whole.0 { read(frame) }
    },
    FuzzTarget("coordinator-messages", seeds: { try Samples.coordinatorMessages().map(json) }) { bytes, _ in
        if let message = try? AgentProtocol.message(CoordinatorMessage.self, in: Frame(.control, bytes)) {
            checkRoundTrip(message)
        }
    },
    FuzzTarget("agent-messages", seeds: { try Samples.agentMessages.map(json) }) { bytes, _ in
        if let message = try? AgentProtocol.message(AgentMessage.self, in: Frame(.control, bytes)) {
            checkRoundTrip(message)
        }
    },
]

private func frames(of bytes: [UInt8], pieces size: Int) -> ([Frame], ProtocolError?) {
    var reader = FrameReader()
    var found: [Frame] = []
    do throws(ProtocolError) {
        for start in stride(from: 0, to: bytes.count, by: size) {
            reader.push(bytes[start..<min(bytes.count, start + size)])
            while let frame = try reader.next() { found.append(frame) }
        }
        return (found, nil)
    } catch {
        return (found, error)
    }
}

private func read(_ frame: Frame) {
    switch frame.kind {
    case .control:
        if let message = try? AgentProtocol.message(CoordinatorMessage.self, in: frame) { checkRoundTrip(message) }
        if let message = try? AgentProtocol.message(AgentMessage.self, in: frame) { checkRoundTrip(message) }
    case .attempt:
        if let message = try? CoordinatorMessage(packed: frame.payload) {
            precondition(message.packed.flatMap { try? CoordinatorMessage(packed: $0) } == message)
        }
        if let message = try? AgentMessage(packed: frame.payload) {
            precondition(message.packed.flatMap { try? AgentMessage(packed: $0) } == message)
        }
    case .chunk:
        if let chunk = try? Chunk(frame.payload) { precondition(chunk.frame == frame) }
    case .received:
        if let received = try? Received(frame.payload) { precondition(received.frame == frame) }
    case .event:
        guard let line = try? EventLine(frame.payload) else { return }
        precondition(line.frame == frame)
        if let event = WorkerEvent(line: Array(line.line)) { checkRoundTrip(event) }
    // These bytes belong to another conversation.
    case .relayed: break
    }
}
