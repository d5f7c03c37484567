import CPosix
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
        context.stages.set(host.name, "waiting for its turn to connect")
        // The `ssh` program authenticates when the first line is opened. Bringing the agent may take minutes: others
        // need not wait for that.
        var outcome = try context.gate.pass { () throws(HostFailure) in
            try checkOpen()
            context.stages.set(host.name, "connecting")
            try transport.connect()
            return try startAgent()
        }
        var brought = false
        while true {
            if case .greeted(let greeted) = outcome,
                greeted.greeting.digest == program.digest || !transport.bringsAgent
            {
                context.stages.set(host.name, "asking its agent")
                return greeted
            }
            guard !brought, transport.bringsAgent else { throw doesNotStart(outcome) }
            if case .greeted(let other) = outcome { other.stream.close() }
            context.stages.set(host.name, "bringing the agent's program")
            try bring(program)
            brought = true
            context.stages.set(host.name, "starting its agent")
            outcome = try startAgent()
        }
    }

    private enum Outcome {
        case greeted(Greeted)
        /// It ended without a greeting; how, and what was said.
        case ended(ProgramEnding?, HostWords)
    }

    private func doesNotStart(_ outcome: Outcome) -> HostFailure {
        let place = transport.bringsAgent ? "\(host.directory)/eigensweep-agent" : context.agent.path
        switch outcome {
        case .ended(let ending, let words):
            return HostFailure(
                .spawnFailed,
                "\(host.name): the agent, \(place), does not start: it \(ending?.description ?? "ended") \(words.told)")
        case .greeted(let greeted):
            return HostFailure(
                .spawnFailed,
                "\(host.name): the agent in \(place) is another program (\(greeted.greeting.digest.short)) than was "
                    + "just brought there")
        }
    }

    private func startAgent() throws(HostFailure) -> Outcome {
        let (stream, rest) = try openLine(.startAgent)
        do throws(HostFailure) {
            let outcome = try greet(stream, rest)
            if case .ended = outcome { stream.close() }
            return outcome
        } catch {
            stream.close()
            throw error
        }
    }

    private func greet(_ stream: any ByteStream, _ first: [UInt8]) throws(HostFailure) -> Outcome {
        var seen: [UInt8] = []
        var reader: FrameReader?
        var bytes = first
        let limit = posix_monotonic_seconds() + Self.patience
        while posix_monotonic_seconds() < limit {
            if reader == nil {
                seen += bytes
                if let end = seen.endOfFirst(AgentProtocol.preamble) {
                    var fresh = FrameReader()
                    fresh.push(seen[end...])
                    reader = fresh
                } else if seen.count > AgentProtocol.chatterLimit {
                    throw printsWithoutEnd(seen)
                }
            } else {
                reader?.push(bytes)
            }
            do {
                if let frame = try reader?.next(), let reader {
                    guard case .greeting(let greeting) = try AgentProtocol.message(AgentMessage.self, in: frame)
                    else { return .ended(nil, HostWords([])) }
                    return .greeted(Greeted(stream: stream, reader: reader, greeting: greeting))
                }
            } catch { return .ended(nil, HostWords([])) }
            try checkOpen()
            try stream.wait(writing: false, seconds: 1)
            guard let more = try stream.read() else {
                let ending = try ending(of: stream)
                return .ended(ending, HostWords(seen.suffix(4096), stream.diagnostics))
            }
            bytes = more
        }
        throw HostFailure(
            .agentFailed, "\(host.name): the agent began and was not heard within \(Int(Self.patience)) s")
    }

    /// Seconds in which a shell, and then an agent, must have begun.
    private static let patience = 30.0

    /// Has the account's shell run a line, and gives it the host's directory. With the first bytes that came after.
    private func openLine(_ line: RemoteLine) throws(HostFailure) -> (any ByteStream, [UInt8]) {
        let stream = try transport.open(line)
        guard transport.bringsAgent else { return (stream, []) }
        do throws(HostFailure) {
            let rest = try awaitShell(stream)
            try give(Array("\(try directoryLine())\n".utf8), to: stream)
            return (stream, rest)
        } catch {
            stream.close()
            throw error
        }
    }

    private func directoryLine() throws(HostFailure) -> String {
        let directory = host.directory
        guard directory.hasPrefix("/") || directory == "~" || directory.hasPrefix("~/"),
            !directory.utf8.contains(where: { $0 < 32 })
        else {
            throw HostFailure(
                .configuration,
                "\(host.name): directory: must be absolute or begin with ~/ and hold no control characters, not "
                    + "\"\(directory.prefix(80))\"")
        }
        return directory
    }

    /// Waits until what was to run says that it does; returns what came after that.
    private func awaitShell(_ stream: any ByteStream) throws(HostFailure) -> [UInt8] {
        var seen: [UInt8] = []
        let limit = posix_monotonic_seconds() + Self.patience
        context.stages.set(host.name, "waiting for its shell")
        while posix_monotonic_seconds() < limit {
            try checkOpen()
            guard let bytes = try stream.read() else {
                let ending = try ending(of: stream)
                let words = HostWords(seen.suffix(4096), stream.diagnostics)
                guard case .signalled? = ending else {
                    throw HostFailure(
                        .noShell,
                        "\(host.name): the account runs no program of ours: its shell, or what stands in its place, "
                            + "\(ending?.description ?? "ended") \(words.told)")
                }
                throw HostFailure(
                    .agentFailed,
                    "\(host.name): the account's shell \(ending?.description ?? "ended") before it ran a program "
                        + "of ours, \(words.told)")
            }
            if bytes.isEmpty {
                try stream.wait(writing: false, seconds: 1)
                continue
            }
            seen += bytes
            if let end = seen.endOfFirst(RemoteLine.mark) { return Array(seen[end...]) }
            if seen.count > AgentProtocol.chatterLimit { throw printsWithoutEnd(seen) }
        }
        throw HostFailure(
            .agentFailed,
            "\(host.name): what was to run there did not begin within \(Int(Self.patience)) s, and the host said "
                + (HostWords(seen.suffix(4096), stream.diagnostics).quoted ?? "nothing"))
    }

    /// How the program ended. Throws where it was the connection that ended.
    private func ending(of stream: any ByteStream) throws(HostFailure) -> ProgramEnding? {
        if let ending = stream.ending { return ending }
        guard stream.isConnected else {
            let words = stream.diagnostics
            throw HostFailure(
                .unreachable, "\(host.name): the connection ended\(words.isEmpty ? "" : ": \(words)")")
        }
        return nil
    }

    private func printsWithoutEnd(_ seen: [UInt8]) -> HostFailure {
        HostFailure(
            .noShell,
            "\(host.name): the login shell prints without end, so that the agent cannot be heard; it began with "
                + (HostWords(Array(seen.prefix(200))).quoted ?? "empty lines"))
    }

    private func give(_ bytes: [UInt8], to stream: any ByteStream) throws(HostFailure) {
        var rest = bytes[...]
        let limit = posix_monotonic_seconds() + context.options.silenceSeconds
        while !rest.isEmpty {
            try checkOpen()
            let count = try stream.write(rest)
            rest = rest.dropFirst(count)
            if count == 0 { try stream.wait(writing: true, seconds: 1) }
            guard posix_monotonic_seconds() < limit else {
                throw HostFailure(.unreachable, "\(host.name): nothing can be sent; the connection is given up")
            }
        }
    }

    private func bring(_ program: AgentProgram.Content) throws(HostFailure) {
        let (stream, _) = try openLine(.receiveAgent)
        defer { stream.close() }
        var rest = program.bytes[...]
        var heard = posix_monotonic_seconds()
        var said: [UInt8] = []
        while !rest.isEmpty {
            try checkOpen()
            let count = try stream.write(rest)
            rest = rest.dropFirst(count)
            if count > 0 { heard = posix_monotonic_seconds() } else { try stream.wait(writing: true, seconds: 1) }
            guard let bytes = try stream.read() else { throw try refused(stream, said) }
            said = (said + bytes).suffix(4096)
            if posix_monotonic_seconds() - heard > context.options.silenceSeconds { throw stalled() }
        }
        stream.finishWriting()
        heard = posix_monotonic_seconds()
        while let bytes = try stream.read() {
            said = (said + bytes).suffix(4096)
            try checkOpen()
            try stream.wait(writing: false, seconds: 1)
            if posix_monotonic_seconds() - heard > context.options.silenceSeconds { throw stalled() }
        }
        guard try ending(of: stream) ?? .exited(0) == .exited(0) else { throw try refused(stream, said) }
    }

    private func stalled() -> HostFailure {
        HostFailure(
            .transferFailed,
            "\(host.name): the agent's program was being brought to \(host.directory), and nothing went on for "
                + "\(Int(context.options.silenceSeconds)) s")
    }

    private func refused(_ stream: any ByteStream, _ said: [UInt8]) throws(HostFailure) -> HostFailure {
        let ending = try ending(of: stream)
        let words = HostWords(said, stream.diagnostics)
        let isFull = ["No space left on device", "Disk quota exceeded"].contains { words.told.contains($0) }
        return HostFailure(
            isFull ? .noSpace : .directory,
            "\(host.name): the agent's program cannot be written to \(host.directory): the shell there "
                + "\(ending?.description ?? "ended") \(words.told)")
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
