import CPosix
import Foundation
import JobContract
import SweepModel

/// Question and answer with a host's agent before it serves a coordinator. Used by the host's thread.
struct HostConversation {
    let host: HostName
    private let stream: any ByteStream
    private let mailbox: Mailbox
    private let options: ConnectionOptions
    private(set) var reader: FrameReader
    private var outgoing = OutgoingBytes()
    private var transfers: UInt32 = 0
    /// What the host said of damaged files in its store.
    private(set) var damages: [String] = []
    private static let mostDamages = 100_000

    init(host: HostName, greeted: Handshake.Greeted, mailbox: Mailbox, options: ConnectionOptions) {
        self.host = host
        stream = greeted.stream
        reader = greeted.reader
        self.mailbox = mailbox
        self.options = options
    }

    /// - Parameter seconds: how long the host may take for the answer.
    mutating func ask(_ request: ServiceRequest, seconds: Double) throws(HostFailure) -> ServiceAnswer {
        try say(.service(request))
        guard case .served(let answer) = try message(within: seconds) else {
            throw HostFailure(.protocolViolation, "\(host): the agent answered something else than was asked")
        }
        return answer
    }

    /// Brings a file into the store that the last request asked about.
    mutating func upload(_ digest: Digest, from path: String) throws(HostFailure) {
        guard let file = FileHandle(forReadingAtPath: path), let bytes = try? file.seekToEnd() else {
            throw HostFailure(.transferFailed, "\(host): cannot read \(path)")
        }
        defer { try? file.close() }
        transfers += 1
        try say(.upload(transfer: transfers, digest: digest, bytes: Int(bytes)))
        var sent = 0
        var received = 0
        while true {
            while sent < bytes, sent - received < Chunk.window, outgoing.hasRoomForFiles {
                guard (try? file.seek(toOffset: UInt64(sent))) != nil,
                    let piece = try? file.read(upToCount: Chunk.size), !piece.isEmpty
                else { throw HostFailure(.transferFailed, "\(host): \(path) became shorter") }
                outgoing.append(Chunk(transfer: transfers, offset: sent, bytes: [UInt8](piece)[...]).frame)
                sent += piece.count
            }
            let frame = try frame(within: options.silenceSeconds)
            switch frame.kind {
            case .received: received = max(received, (try checked { try Received(frame.payload) }).bytes)
            case .control:
                switch try decoded(frame) {
                case .stored(transfers): return
                case .notStored(_, let refusal): throw HostFailure(refusal, host: host)
                case .storeDamaged(let words): try note(damage: words)
                default: throw HostFailure(.protocolViolation, "\(host): the agent lost the thread of an upload")
                }
            case .chunk, .event, .attempt, .relayed:
                throw HostFailure(.protocolViolation, "\(host): the agent sent what was not asked for")
            }
        }
    }

    /// Brings a file that an inspection found whole there into `depot`.
    mutating func fetch(_ digest: Digest, into depot: any FileDepot) throws(HostFailure) {
        transfers += 1
        try say(.fetch(transfer: transfers, digest: digest))
        let bytes: Int
        switch try message(within: options.silenceSeconds) {
        case .sending(transfers, let count): bytes = count
        case .notSending(_, let refusal): throw HostFailure(refusal, host: host)
        default: throw HostFailure(.protocolViolation, "\(host): the agent answered something else than was asked")
        }
        do {
            let path = try depot.temporaryPath()
            defer { unlink(path) }
            guard FileManager.default.createFile(atPath: path, contents: nil),
                let file = FileHandle(forWritingAtPath: path)
            else { throw HostFailure(.transferFailed, "cannot write \(path): \(String(cString: strerror(errno)))") }
            defer { try? file.close() }
            var received = 0
            while received < bytes {
                let frame = try frame(within: options.silenceSeconds)
                guard frame.kind == .chunk, case let chunk = try Chunk(frame.payload), chunk.offset == received,
                    !chunk.bytes.isEmpty, chunk.bytes.count <= bytes - received
                else {
                    if frame.kind == .control, case .notSending(_, let refusal) = try decoded(frame) {
                        throw HostFailure(refusal, host: host)
                    }
                    throw ProtocolError("a piece of \(digest.short) came out of place")
                }
                try file.write(contentsOf: Data(chunk.bytes))
                received += chunk.bytes.count
            }
            try depot.adopt(path, as: digest)
        } catch let failure as HostFailure {
            throw failure
        } catch {
            throw HostFailure(
                .transferFailed, "\(host): the file \(digest.short) could not be brought: \(explanation(of: error))")
        }
    }

    private mutating func say(_ message: CoordinatorMessage) throws(HostFailure) {
        outgoing.append(try checked { try AgentProtocol.frame(message) })
    }

    private mutating func message(within seconds: Double) throws(HostFailure) -> AgentMessage {
        while true {
            let frame = try frame(within: seconds)
            guard frame.kind == .control else {
                throw HostFailure(.protocolViolation, "\(host): the agent sent what was not asked for")
            }
            let message = try decoded(frame)
            guard case .storeDamaged(let words) = message else { return message }
            try note(damage: words)
        }
    }

    private mutating func note(damage words: String) throws(HostFailure) {
        guard damages.count < Self.mostDamages else {
            throw HostFailure(.protocolViolation, "\(host): the agent tells of damaged files without end")
        }
        damages.append(words)
    }

    private func decoded(_ frame: Frame) throws(HostFailure) -> AgentMessage {
        let message = try checked { try AgentProtocol.message(AgentMessage.self, in: frame) }
        if case .denied(let refusal) = message { throw HostFailure(refusal, host: host) }
        return message
    }

    private mutating func frame(within seconds: Double) throws(HostFailure) -> Frame {
        let limit = posix_monotonic_seconds() + seconds
        while posix_monotonic_seconds() < limit {
            if mailbox.isClosing { throw HostFailure(.unreachable, "\(host): closing") }
            do { if let frame = try reader.next() { return frame } } catch {
                throw HostFailure(.protocolViolation, "\(host): not an agent's answer: \(explanation(of: error))")
            }
            try outgoing.flush(to: stream)
            try stream.wait(writing: !outgoing.isEmpty, seconds: min(1, max(0, limit - posix_monotonic_seconds())))
            guard let bytes = try stream.read() else {
                let words = stream.diagnostics
                throw HostFailure(.unreachable, "\(host): the connection ended\(words.isEmpty ? "" : ": \(words)")")
            }
            reader.push(bytes)
        }
        throw HostFailure(.unreachable, "\(host): no answer came for \(Int(seconds)) s; the connection is given up")
    }

    private func checked<Result>(_ body: () throws -> Result) throws(HostFailure) -> Result {
        do { return try body() } catch { throw HostFailure(.protocolViolation, "\(host): \(explanation(of: error))") }
    }
}
