import CPosix
import Glibc
import JobContract

/// The way from a relay to one allocation's agent: to its pilot through files, or through a socket to a collector that the
/// relay starts.
final class RelayChannel {
    let number: UInt32
    /// The allocation's name.
    let name: String
    private var writer: SessionWriter?
    private var reader: SessionReader?
    /// The collector's; -1 of a channel to a pilot.
    let socket: Int32
    private let collector: pid_t
    /// Why the channel has ended, in words; nil while it goes on.
    private(set) var ending: String?
    /// Whether the collector has nothing left to tell.
    private(set) var isCollected = false

    /// Begins a session with an allocation's pilot.
    init(_ number: UInt32, to place: AllocationPlace) throws(AgentRefusal) {
        self.number = number
        name = place.name
        let session = "\(place.sessions)/\(getpid())-\(UInt64.random(in: 0 ... .max))"
        try Files.makeDirectory(session)
        writer = SessionWriter("\(session)/in")
        reader = SessionReader("\(session)/out")
        socket = -1
        collector = 0
    }

    /// Starts the collector of an allocation that is over.
    /// - Parameter digest: content of this executable.
    init(_ number: UInt32, collecting place: AllocationPlace, digest: Digest) throws(AgentRefusal) {
        self.number = number
        name = place.name
        guard let pair = LocalPair() else { throw Files.refusal("make a socket") }
        defer { Glibc.close(pair.far) }
        let log = open(place.agent.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard log >= 0 else {
            Glibc.close(pair.near)
            throw Files.refusal("open \(place.agent.log)")
        }
        defer { Glibc.close(log) }
        let arguments = [
            "eigensweep-agent", "collect", "--directory", place.agent.root, "--catalogue", place.agent.catalogue,
            "--digest", digest.hex, "--allocation", place.name,
        ]
        let environment =
            ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C"]
            + (getenv("HOME").map { ["HOME=" + String(cString: $0)] } ?? [])
        let program = PosixProgram(path: "/proc/self/exe", arguments: arguments, environment: environment)
        do throws(AgentRefusal) {
            collector = try program.start(ownSession: false, input: pair.far, output: pair.far, errors: log)
        } catch {
            Glibc.close(pair.near)
            throw error
        }
        _ = fcntl(pair.near, F_SETFL, O_NONBLOCK)
        socket = pair.near
    }

    /// Passes the coordinator's bytes on.
    func send(_ bytes: [UInt8]) {
        guard ending == nil else { return }
        if socket >= 0 {
            if !Files.writeAll(socket, bytes) { end("the program that tells what is left does not listen") }
            return
        }
        do throws(AgentRefusal) { try writer?.append(bytes) } catch { end(error.message) }
    }

    /// The bytes that have come for the coordinator; none where nothing has come or the channel has ended.
    func receive() -> [UInt8] {
        guard ending == nil else { return [] }
        guard socket >= 0 else {
            let found = reader?.read() ?? []
            if found.isEmpty, reader?.isOver == true { end("") }
            return found
        }
        var piece = [UInt8](repeating: 0, count: 256 << 10)
        let count = read(socket, &piece, piece.count)
        if count > 0 { return Array(piece[..<count]) }
        if count < 0, errno == EAGAIN || errno == EINTR { return [] }
        var status: Int32 = 0
        kill(collector, SIGTERM)
        // The collector's connection has ended, and so it ends at once.
        let isWaited = waitpid(collector, &status, 0) == collector
        isCollected = isWaited && posix_exit_of(status) == Collector.doneStatus
        end(isCollected ? "" : "the program that tells what is left ended")
        return []
    }

    private func end(_ words: String) { ending = ending ?? words }

    func close() {
        writer?.end()
        if socket >= 0 {
            Glibc.close(socket)
            if ending == nil {
                kill(collector, SIGKILL)
                var status: Int32 = 0
                waitpid(collector, &status, 0)
            }
        }
        end("")
    }
}
