import CPosix
import Glibc
import JobContract

/// The agent in an allocation: does what the agent of a host does, says in the shared directory that it lives, and speaks
/// to coordinators through files there, for the node may reach nothing else.
final class Pilot {
    private let place: AllocationPlace
    private let digest: Digest
    private let daemon: Daemon
    private let term: AllocationTerm
    private static let lookSeconds = 0.2

    /// - Throws: where the allocation is not wanted, or another pilot began in it: a job that the queue starts a second time
    ///   does nothing.
    init(_ place: AllocationPlace, digest: Digest) throws {
        self.place = place
        self.digest = digest
        let job = getenv("SLURM_JOB_ID").map { String(cString: $0) }
        let note = PilotNote(node: Self.node(), job: job)
        guard AllocationPlace.exists(place.intent), !AllocationPlace.exists(place.closed) else {
            throw AgentRefusal(.agentFailed, "the allocation \(place.name) is not wanted any more")
        }
        let settings = try JSONText.decode(QueueSettings.self, from: Files.read(place.intent) ?? [])
        let mark = "\(note.node)-\(getpid())"
        guard try AllocationPlace.make(place.started, JSONText.encode(note), mark: mark) else {
            throw AgentRefusal(.agentFailed, "the allocation \(place.name) was begun before: nothing is run twice")
        }
        term = AllocationTerm(node: note.node, seconds: settings.seconds)
        try place.agent.makeDirectories()
        try Files.makeDirectory(place.sessions)
        daemon = try Daemon(place: place.agent, digest: digest, role: .pilot(term))
    }

    /// Serves until the allocation is to end.
    func run() throws {
        defer {
            let word = daemon.holdsNothing ? AllocationPlace.endedEmpty : "ended\n"
            try? Files.write(Array(word.utf8), to: place.ended)
        }
        // Where no thread can be had nobody comes, and the allocation ends for having nothing to do.
        try daemon.run { _ = startDetachedThread { [self] in watch() } }
    }

    /// Beats, looks for coordinators that come, and whether the allocation is to end.
    private func watch() {
        var known: Set<String> = []
        var beatAt = 0.0
        while true {
            look(&known, &beatAt)
            usleep(UInt32(Self.lookSeconds * 1e6))
        }
    }

    // As a part of the endless loop the optimiser would take a quarter of an hour over it and over `serve`.
    @inline(never) private func look(_ known: inout Set<String>, _ beatAt: inout Double) {
        let now = posix_monotonic_seconds()
        if now - beatAt >= AllocationWatch.beatSeconds {
            beatAt = now
            beat()
        }
        AllocationPlace.refresh(place.agent.home)
        // Without the intent the allocation was forgotten.
        if AllocationPlace.exists(place.closed) || !AllocationPlace.exists(place.intent) { term.leave() }
        AllocationPlace.refresh(place.sessions)
        for name in Files.names(in: place.sessions) where known.insert(name).inserted { serve(name) }
    }

    private func beat() {
        let descriptor = open(place.beat, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        _ = Files.writeAll(descriptor, [UInt8(ascii: ".")])
        close(descriptor)
    }

    /// Serves who began a session: a bridge to the agent on a thread of its own, and one that carries the bytes.
    @inline(never) private func serve(_ name: String) {
        guard let pair = LocalPair() else { return }
        let bridge = Bridge(
            digest: digest, machine: place.name, input: pair.far, output: pair.far,
            reach: { [daemon] _ in try daemon.join() })
        _ = startDetachedThread {
            bridge.run()
            // The pump sees the end, and the descriptor stays its own until then.
            shutdown(pair.far, Int32(SHUT_RDWR))
            close(pair.far)
        }
        let stem = "\(place.sessions)/\(name)"
        _ = startDetachedThread {
            SessionPump(reader: SessionReader("\(stem)/in"), writer: SessionWriter("\(stem)/out"), socket: pair.near)
                .run()
        }
    }

    private static func node() -> String {
        if let name = getenv("SLURMD_NODENAME") { return String(cString: name).cut(toBytes: OutsideValues.nameLength) }
        return (Files.text("/proc/sys/kernel/hostname") ?? "").split(separator: "\n").first.map(String.init)
            ?? "unnamed"
    }
}

/// Carries bytes between a session's files and a socket until either side ends.
final class SessionPump {
    private var reader: SessionReader
    private var writer: SessionWriter
    private let socket: Int32
    /// Seconds without a word of the other side after which the session is over: coordinators ask four times as often
    /// whether anybody is there.
    private static let silenceSeconds = 90.0

    init(reader: SessionReader, writer: SessionWriter, socket: Int32) {
        self.reader = reader
        self.writer = writer
        self.socket = socket
    }

    func run() {
        defer {
            writer.end()
            close(socket)
        }
        var pause = LookPause()
        var heardAt = posix_monotonic_seconds()
        var piece = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            var moved = false
            let came = reader.read()
            if !came.isEmpty {
                moved = true
                heardAt = posix_monotonic_seconds()
                guard Files.writeAll(socket, came) else { return }
            }
            if reader.isOver || posix_monotonic_seconds() - heardAt > Self.silenceSeconds { return }
            var polled = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            if poll(&polled, 1, Int32(pause.seconds * 1000)) > 0 {
                let count = read(socket, &piece, piece.count)
                if count == 0 || count < 0 && errno != EINTR && errno != EAGAIN { return }
                if count > 0 {
                    moved = true
                    do throws(AgentRefusal) { try writer.append(Array(piece[..<count])) } catch { return }
                }
            }
            if moved { pause.sawSomething() } else { pause.sawNothing() }
        }
    }
}

/// Two connected sockets.
struct LocalPair {
    let near: Int32
    let far: Int32

    init?() {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
            return nil
        }
        (near, far) = (pair[0], pair[1])
    }
}
