import CPosix
import Glibc
import JobContract

/// Joins standard input and output to the agent that stays, starting it when there is none.
package struct Bridge {
    private let digest: Digest
    private let machine: String
    private let input: Int32
    private let output: Int32
    /// Connects to the agent of which `hello` speaks; nil: to the one that stays on this host.
    private let reach: ((AgentHello) throws -> Int32)?

    /// - Parameter digest: content of this executable.
    package init(digest: Digest) { self.init(digest: digest, machine: HostSurvey.machine(), input: 0, output: 1) }

    init(
        digest: Digest, machine: String, input: Int32, output: Int32, reach: ((AgentHello) throws -> Int32)? = nil
    ) {
        self.digest = digest
        self.machine = machine
        self.input = input
        self.output = output
        self.reach = reach
    }

    /// Returns when either side ends.
    package func run() {
        // A gone peer ends the copying, not the program.
        signal(SIGPIPE, SIG_IGN)
        var hello = AgentProtocol.preamble
        let greeting = AgentGreeting(digest: digest, machine: machine)
        guard let frame = try? AgentProtocol.frame(AgentMessage.greeting(greeting)) else { return }
        frame.append(to: &hello)
        guard Files.writeAll(output, hello) else { return }
        do {
            guard let (message, bytes) = try readHello() else { return }
            let socket = try reach?(message) ?? connectToDaemon(message)
            defer { if reach != nil { close(socket) } }
            guard Files.writeAll(socket, bytes) else { return }
            copy(socket)
        } catch {
            deny(error as? AgentRefusal ?? AgentRefusal(.protocolViolation, explanation(of: error)))
        }
    }

    private func deny(_ refusal: AgentRefusal) {
        var bytes: [UInt8] = []
        guard let frame = try? AgentProtocol.frame(AgentMessage.denied(refusal)) else { return }
        frame.append(to: &bytes)
        _ = Files.writeAll(output, bytes)
    }

    /// `hello`, and every byte from its first on that was read. Answers what is asked of the host itself before. Nil once
    /// nothing more is asked.
    private func readHello() throws -> (AgentHello, [UInt8])? {
        let service = HostService()
        var reader = FrameReader()
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(input, &piece, piece.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { return nil }
            reader.push(piece[..<count])
            while let frame = try reader.next() {
                let isAnswered = try service.answer(frame) { answer in
                    var bytes: [UInt8] = []
                    answer.append(to: &bytes)
                    guard Files.writeAll(output, bytes) else {
                        throw AgentRefusal(.agentFailed, "nobody listens any more")
                    }
                }
                if isAnswered { continue }
                guard frame.kind == .control else { throw ProtocolError("the first message is not hello") }
                let message = try AgentProtocol.message(CoordinatorMessage.self, in: frame)
                if case .service(.relay(let place)) = message {
                    try Relay(place, digest: digest, input: input, output: output).run(after: reader.takeRest())
                    return nil
                }
                guard case .hello(let hello) = message else { throw ProtocolError("the first message is not hello") }
                var bytes: [UInt8] = []
                frame.append(to: &bytes)
                return (hello, bytes + reader.takeRest())
            }
        }
    }

    private func connectToDaemon(_ hello: AgentHello) throws(AgentRefusal) -> Int32 {
        let place = try AgentPlace(directory: hello.directory, catalogue: hello.catalogue)
        do throws(AgentRefusal) { try place.makeDirectories() } catch {
            // What this account may not do there it may not do later either.
            throw AgentRefusal(error.kind == .agentFailed ? .directory : error.kind, error.message)
        }
        let limit = posix_monotonic_seconds() + 15
        var startedAt: Double?
        while posix_monotonic_seconds() < limit {
            let socket = try place.withSocketPath { posix_connect_local($0) }
            if socket >= 0 { return socket }
            // One that is on its way out still has the lock: start another a little later.
            if startedAt.map({ posix_monotonic_seconds() - $0 > 1 }) ?? true {
                try startDaemon(place)
                startedAt = posix_monotonic_seconds()
            }
            usleep(5_000)
        }
        throw AgentRefusal(
            .agentFailed, "the agent does not start; its last words: \(Files.tail(place.log, bytes: 500))")
    }

    private func startDaemon(_ place: AgentPlace) throws(AgentRefusal) {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        let log = open(place.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { for descriptor in [null, log] where descriptor >= 0 { close(descriptor) } }
        guard log >= 0 else { throw Files.refusal("open \(place.log)") }
        let arguments = [
            "eigensweep-agent", "serve", "--directory", place.root, "--catalogue", place.catalogue, "--digest",
            digest.hex,
        ]
        var environment = ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C"]
        for name in ["HOME"] + GPUVariables.surroundings {
            if let value = getenv(name) { environment.append("\(name)=" + String(cString: value)) }
        }
        var pid: pid_t = 0
        let rc = arguments.map { $0 + "\0" }.joined().withCString { list in
            environment.map { $0 + "\0" }.joined().withCString { variables in
                "/proc/self/exe".withCString { path in
                    "/".withCString { root in
                        // Where there is no /dev, as in an empty root, its own log stands in for the null device.
                        var program = posix_program(
                            path: path, arguments: list, argument_count: arguments.count, environment: variables,
                            environment_count: environment.count, directory: root, input: null >= 0 ? null : log,
                            output: null >= 0 ? null : log, error: log, own_session: 1)
                        return posix_start_program(&program, &pid)
                    }
                }
            }
        }
        guard rc == 0 else {
            throw AgentRefusal(.spawnFailed, "cannot start the agent: \(String(cString: strerror(rc)))")
        }
    }

    private func copy(_ socket: Int32) {
        var piece = [UInt8](repeating: 0, count: 256 << 10)
        var polls = [
            pollfd(fd: input, events: Int16(POLLIN), revents: 0), pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            if poll(&polls, 2, -1) < 0, errno != EINTR { return }
            if polls[0].revents != 0 {
                let count = Glibc.read(input, &piece, piece.count)
                if count > 0 {
                    guard Files.writeAll(socket, Array(piece[..<count])) else { return }
                } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                    // The agent reads to the end before it hangs up.
                    shutdown(socket, Int32(SHUT_WR))
                    polls[0].fd = -1
                    polls[0].revents = 0
                }
            }
            if polls[1].revents != 0 {
                let count = Glibc.read(socket, &piece, piece.count)
                if count > 0 {
                    if polls[0].fd >= 0, !Files.writeAll(output, Array(piece[..<count])) { return }
                } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                    return
                }
            }
        }
    }
}
