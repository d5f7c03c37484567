import CPosix
import Glibc
import JobContract

/// The agent in an allocation. It does what a host's agent does, says in the shared directory that it lives, and speaks to
/// coordinators through files there, since its node may reach nothing else.
final class Pilot {
    private let place: AllocationPlace
    private let digest: Digest
    private let daemon: Daemon
    private let term: AllocationTerm
    /// Seconds between looks at the shared directory.
    private static let lookSeconds = 0.2

    /// - Throws: where the allocation is not wanted, or another pilot has begun in it, as when the queue starts a job a second
    ///   time.
    init(_ place: AllocationPlace, digest: Digest) throws {
        self.place = place
        self.digest = digest
        let job = getenv("SLURM_JOB_ID").map { String(cString: $0) }
        let note = PilotNote(node: Self.node(), job: job)
        guard AllocationPlace.exists(place.intent), !AllocationPlace.exists(place.closed) else {
            throw AgentRefusal(.agentFailed, "the allocation \(place.name) is not wanted any more")
        }
        let settings = try place.settings()
        let mark = "\(note.node)-\(getpid())"
        guard try AllocationPlace.make(place.started, JSONText.encode(note), mark: mark) else {
            throw AgentRefusal(.agentFailed, "the allocation \(place.name) was begun before: nothing is run twice")
        }
        term = AllocationTerm(node: note.node, seconds: settings.seconds)
        try place.agent.makeDirectories()
        try Files.makeDirectory(place.sessions)
        daemon = try Daemon(place: place.agent, digest: digest, role: .pilot(term))
    }

    /// Serves until the allocation is to end, or nothing has run in it for a while. Says at last that it ends.
    func run() throws {
        defer {
            let word = daemon.holdsNothing ? AllocationPlace.endedEmpty : "ended\n"
            try? Files.write(Array(word.utf8), to: place.ended)
        }
        // Without that thread no coordinator is heard, and the allocation ends for having nothing to do.
        try daemon.run { _ = startDetachedThread { [self] in watch() } }
    }

    /// Beats, and looks for coordinators that come and for signs that the allocation is to end.
    private func watch() {
        var known: Set<String> = []
        var beatAt = 0.0
        while true {
            look(&known, &beatAt)
            usleep(UInt32(Self.lookSeconds * 1e6))
        }
    }

    // Inlined into the endless loop, it and `serve` would keep the optimiser busy for a quarter of an hour.
    @inline(never) private func look(_ known: inout Set<String>, _ beatAt: inout Double) {
        let now = posix_monotonic_seconds()
        if now - beatAt >= AllocationWatch.beatSeconds {
            beatAt = now
            beat()
        }
        AllocationPlace.refresh(place.agent.home)
        // A relay that forgets an allocation removes the intent.
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

    /// Serves a session that a relay has begun: one thread carries its bytes, the other bridges them to the agent.
    @inline(never) private func serve(_ name: String) {
        guard let pair = LocalPair() else { return }
        let bridge = Bridge(
            digest: digest, machine: place.name, input: pair.far, output: pair.far,
            reach: { [daemon] _ in try daemon.join() })
        _ = startDetachedThread {
            bridge.run()
            // The pump sees the end, and closes its own descriptor.
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
    /// Seconds without a byte from the coordinator after which the session is over. Coordinators ask far more often whether
    /// anybody is there.
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
