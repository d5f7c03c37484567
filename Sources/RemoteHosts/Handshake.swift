import JobContract
import SweepModel

/// Connects, brings the agent where it is missing or old, starts it and waits for its greeting.
struct Handshake {
    let host: HostSpec
    let context: ConnectContext
    let transport: any Transport
    let mailbox: Mailbox

    struct Greeted {
        var stream: any ByteStream
        var reader: FrameReader
        var greeting: AgentGreeting
    }

    func run() throws(HostFailure) -> Greeted {
        let program = try context.agent.load()
        // The `ssh` program authenticates when the first line is opened. Bringing the agent may take minutes: others
        // need not wait for that.
        var (stream, answer) = try context.gate.pass { () throws(HostFailure) in
            try checkOpen()
            try transport.connect()
            return try startAgent()
        }
        var brought = false
        while true {
            if let answer, answer.greeting.digest == program.digest || !transport.bringsAgent { return answer }
            let words = stream.diagnostics
            stream.close()
            guard !brought, transport.bringsAgent else {
                throw HostFailure(
                    .agentFailed,
                    "\(host.name): the agent does not start\(words.isEmpty ? "" : ": \(words)"). "
                        + "It must be allowed to run programs from the home directory.")
            }
            try bring(program)
            brought = true
            (stream, answer) = try startAgent()
        }
    }

    private func startAgent() throws(HostFailure) -> (any ByteStream, Greeted?) {
        let stream = try transport.open(.startAgent)
        do throws(HostFailure) { return (stream, try greet(stream)) } catch {
            stream.close()
            throw error
        }
    }

    /// Nil when the program ended without a greeting.
    private func greet(_ stream: any ByteStream) throws(HostFailure) -> Greeted? {
        var seen: [UInt8] = []
        var reader: FrameReader?
        let limit = monotonicSeconds() + 30
        while monotonicSeconds() < limit {
            try checkOpen()
            guard let bytes = try stream.read() else { return nil }
            if bytes.isEmpty {
                try stream.wait(writing: false, seconds: 1)
                continue
            }
            if reader == nil {
                seen += bytes
                if let end = seen.endOfFirst(AgentProtocol.preamble) {
                    var fresh = FrameReader()
                    fresh.push(seen[end...])
                    reader = fresh
                } else if seen.count > AgentProtocol.chatterLimit {
                    throw HostFailure(
                        .agentFailed, "\(host.name): the login shell prints without end; the agent cannot be heard")
                }
            } else {
                reader?.push(bytes)
            }
            do {
                if let frame = try reader?.next(), let reader {
                    guard case .greeting(let greeting) = try AgentProtocol.message(AgentMessage.self, in: frame)
                    else { return nil }
                    return Greeted(stream: stream, reader: reader, greeting: greeting)
                }
            } catch { return nil }
        }
        throw HostFailure(.agentFailed, "\(host.name): the agent said nothing for 30 s after its start")
    }

    private func bring(_ program: AgentProgram.Content) throws(HostFailure) {
        let stream = try transport.open(.receiveAgent)
        defer { stream.close() }
        var rest = program.bytes[...]
        var heard = monotonicSeconds()
        while !rest.isEmpty {
            try checkOpen()
            let count = try stream.write(rest)
            rest = rest.dropFirst(count)
            if count > 0 { heard = monotonicSeconds() } else { try stream.wait(writing: true, seconds: 1) }
            if try stream.read() == nil || monotonicSeconds() - heard > context.options.silenceSeconds {
                throw refused(stream)
            }
        }
        stream.finishWriting()
        heard = monotonicSeconds()
        while try stream.read() != nil {
            try checkOpen()
            try stream.wait(writing: false, seconds: 1)
            if monotonicSeconds() - heard > context.options.silenceSeconds { throw refused(stream) }
        }
    }

    private func refused(_ stream: any ByteStream) -> HostFailure {
        HostFailure(
            .transferFailed,
            "\(host.name): the agent could not be written to the home directory: \(stream.diagnostics)")
    }

    private func checkOpen() throws(HostFailure) {
        if mailbox.isClosing { throw HostFailure(.unreachable, "\(host.name): closing") }
    }
}

extension [UInt8] {
    /// The index behind the first occurrence of `pattern`.
    func endOfFirst(_ pattern: [UInt8]) -> Int? {
        guard let first = pattern.first, count >= pattern.count else { return nil }
        for start in 0...(count - pattern.count)
        where self[start] == first && self[start..<start + pattern.count].elementsEqual(pattern) {
            return start + pattern.count
        }
        return nil
    }
}
