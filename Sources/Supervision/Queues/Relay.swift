import CPosix
import Glibc
import JobContract

/// The program on a login node that asks the queue for allocations, watches them, and carries bytes between one coordinator
/// and their agents. It may be ended at any moment: the shared directory has how things stand, and the next relay reads it
/// there.
final class Relay {
    private let place: RelayPlace
    private let digest: Digest
    private let root: String
    private let input: Int32
    private let output: Int32
    private let desk: QueueDesk
    private var reader = FrameReader()
    private var allocations: [String: RelayedAllocation] = [:]
    private var channels: [UInt32: RelayChannel] = [:]
    /// Frames for the coordinator.
    private var outgoing: [UInt8] = []
    /// Between looks at channels.
    private var pause = LookPause()
    /// Between listings of the queue.
    private var listing = LookPause(least: 3, most: 60)
    private var listedAt = -Double.infinity
    /// Whether the queue has answered once: an earlier relay may have ended before its last cancellation reached the queue.
    private var hasListing = false
    private var lastListing: [QueueEntry] = []

    /// - Parameters:
    ///   - digest: content of this executable.
    ///   - input: the coordinator's frames come from it.
    ///   - output: frames for the coordinator go to it.
    init(_ place: RelayPlace, digest: Digest, input: Int32, output: Int32) throws(AgentRefusal) {
        self.place = place
        self.digest = digest
        self.input = input
        self.output = output
        let agent = try AgentPlace(directory: place.directory, catalogue: place.catalogue)
        try Files.makeDirectory(agent.root, durably: true)
        root = agent.root
        let program = try Self.keepProgram(digest, in: agent.root)
        desk = QueueDesk(Self.queue(place.kind)) { name in
            try Self.order(for: AllocationPlace(place, name: name), program: program, digest: digest)
        }
    }

    private static func queue(_ kind: QueueSettings.Kind) -> any BatchQueue & Sendable {
        switch kind {
        case .slurm: SlurmQueue()
        }
    }

    /// Why the queue would not take such an allocation or does not say, in its words; nil: it would.
    static func objection(in place: RelayPlace, to settings: QueueSettings) throws -> String? {
        let agent = try AgentPlace(directory: place.directory, catalogue: place.catalogue)
        try Files.makeDirectory(agent.root, durably: true)
        let script = "\(agent.root)/queue-test.\(getpid())"
        try Files.write(Array("#!/bin/sh\nexit 0\n".utf8), to: script, durably: false)
        defer { unlink(script) }
        let order = SubmissionOrder(name: "es-test", settings: settings, script: script, output: "/dev/null")
        do throws(QueueRefusal) { try queue(place.kind).examine(order) } catch { return error.words }
        return nil
    }

    /// Ends a catalogue's allocations, or with `isRehearsal` does nothing, and returns how many there were. Those that have
    /// begun leave what they did to the next coordinator; those that wait leave nothing.
    static func endAllocations(in place: RelayPlace, isRehearsal: Bool) throws -> Int {
        let homes = try AllocationPlace.all(in: place).map { try AllocationPlace(place, name: $0) }
        guard !isRehearsal else { return homes.count }
        for home in homes {
            if AllocationPlace.exists(home.started) { try home.markClosed() } else { home.remove() }
            do throws(QueueRefusal) { try queue(place.kind).cancel(name: home.name) } catch {
                throw AgentRefusal(.agentFailed, "the allocation \(home.name) cannot be cancelled: \(error.words)")
            }
        }
        return homes.count
    }

    /// Makes a copy of this program that nobody replaces while nodes run it, unless there is one, and returns its path.
    private static func keepProgram(_ digest: Digest, in root: String) throws(AgentRefusal) -> String {
        let path = "\(root)/agents/\(digest.hex)"
        if access(path, X_OK) == 0 { return path }
        try Files.makeDirectory("\(root)/agents")
        guard let bytes = Files.read("/proc/self/exe", limit: 1 << 30) else {
            throw Files.refusal("read /proc/self/exe")
        }
        let temporary = "\(path).\(getpid())"
        try Files.write(bytes, to: temporary)
        guard chmod(temporary, 0o700) == 0, rename(temporary, path) == 0 else { throw Files.refusal("make \(path)") }
        return path
    }

    /// The submission of an allocation. Writes the script that its job runs.
    private static func order(for place: AllocationPlace, program: String, digest: Digest) throws -> SubmissionOrder {
        let settings = try place.settings()
        func quoted(_ text: String) -> String {
            "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
        }
        let words = [
            program, "pilot", "--directory", place.agent.root, "--catalogue", place.agent.catalogue, "--digest",
            digest.hex, "--allocation", place.name,
        ]
        let script = "#!/bin/sh\nexec \(words.map(quoted).joined(separator: " "))\n"
        try Files.write(Array(script.utf8), to: place.script)
        return SubmissionOrder(name: place.name, settings: settings, script: place.script, output: place.output)
    }

    /// Serves until the coordinator's end of the connection closes.
    /// - Parameter bytes: what the coordinator has already sent behind its request for a relay.
    func run(after bytes: [UInt8]) throws {
        defer {
            for channel in channels.values { channel.close() }
            // The queue still hears what the coordinator asked for before it went.
            desk.finish(seconds: 30)
        }
        say(.served(.relaying))
        for name in try AllocationPlace.all(in: place) {
            let home = try AllocationPlace(place, name: name)
            guard let found = RelayedAllocation(found: home) else {
                abandon(home)
                continue
            }
            allocations[name] = found
            tell(found.standing)
        }
        tell(.ready)
        reader.push(bytes)
        repeat {
            var moved = try takeFrames()
            for answer in desk.takeAnswers() {
                handle(answer)
                moved = true
            }
            watch()
            for channel in channels.values.sorted(by: { $0.number < $1.number }) where carry(channel) { moved = true }
            guard flush() else { return }
            if moved { pause.sawSomething() } else { pause.sawNothing() }
        } while wait()
    }

    private func say(_ message: AgentMessage) {
        if let frame = try? AgentProtocol.frame(message) { frame.append(to: &outgoing) }
    }
    private func tell(_ report: RelayReport) { say(.relayed(report)) }
    private func tell(_ standing: AllocationStanding) {
        var standing = standing
        standing.words = standing.words.cut(toBytes: OutsideValues.wordsLength)
        tell(.standing(standing))
    }

    private func flush() -> Bool {
        defer { outgoing = [] }
        return outgoing.isEmpty || Files.writeAll(output, outgoing)
    }

    /// Waits for something to happen; false once the coordinator has gone.
    private func wait() -> Bool {
        var polls = [
            pollfd(fd: input, events: Int16(POLLIN), revents: 0),
            pollfd(fd: desk.answered.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        for channel in channels.values where channel.socket >= 0 {
            polls.append(pollfd(fd: channel.socket, events: Int16(POLLIN), revents: 0))
        }
        let seconds = channels.isEmpty ? 1 : pause.seconds
        _ = poll(&polls, nfds_t(polls.count), Int32(seconds * 1000) + 1)
        guard polls[0].revents != 0 else { return true }
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(input, &piece, piece.count)
        if count > 0 { reader.push(piece[..<count]) }
        return count > 0 || count < 0 && (errno == EAGAIN || errno == EINTR)
    }

    /// Does what the frames ask for that have come, and returns whether there were any. Bytes of several frames for one
    /// channel are written in one piece.
    private func takeFrames() throws -> Bool {
        var bytes: [UInt32: [UInt8]] = [:]
        var moved = false
        while let frame = try reader.next() {
            moved = true
            switch frame.kind {
            case .relayed where frame.payload.count >= 4:
                bytes[frame.payload.little(UInt32.self, at: 0), default: []] += frame.payload[4...]
            case .control:
                // Requests keep their order among bytes: a channel may be closed right behind the last bytes for it.
                send(&bytes)
                guard case .relay(let request) = try AgentProtocol.message(CoordinatorMessage.self, in: frame) else {
                    throw ProtocolError("a relay was asked what it does not do")
                }
                handle(request)
            case .relayed, .chunk, .received, .event, .attempt:
                throw ProtocolError("a relay was sent what it does not take")
            }
        }
        send(&bytes)
        return moved
    }

    private func send(_ bytes: inout [UInt32: [UInt8]]) {
        for (number, bytes) in bytes { channels[number]?.send(bytes) }
        bytes = [:]
    }

    private func handle(_ request: RelayRequest) {
        switch request {
        case .submit(let name, let settings):
            if let known = allocations[name] { return tell(known.standing) }
            do {
                let place = try AllocationPlace(place, name: name)
                try place.agent.makeDirectories()
                try Files.makeDirectory(place.sessions)
                // The intent is durable before the queue hears of it, so that the next relay knows that there may be a job.
                try Files.write(JSONText.encode(settings), to: place.intent)
                allocations[name] = RelayedAllocation(submitting: place)
                desk.ask(.submit(name: name))
            } catch {
                tell(.refused(name: name, words: explanation(of: error).cut(toBytes: OutsideValues.wordsLength)))
            }
        case .cancel(let name): cancel(name)
        case .open(let number, let name): open(number, name)
        case .close(let number): channels.removeValue(forKey: number)?.close()
        }
    }

    private func cancel(_ name: String) {
        guard let allocation = allocations[name] else {
            return tell(.standing(AllocationStanding(name: name, state: .gone)))
        }
        desk.ask(.cancel(name: name))
        try? allocation.place.markClosed()
        AllocationPlace.refresh(allocation.place.agent.home)
        // No pilot has begun, and none can begin any more: there is nothing to wait for.
        if allocation.isSubmitted, !AllocationPlace.exists(allocation.place.started) { remove(name, words: "") }
    }

    /// Gives up a submission that the queue may have taken or not. A pilot that begins all the same finds that it is not
    /// wanted.
    private func abandon(_ place: AllocationPlace) {
        place.remove()
        desk.ask(.cancel(name: place.name))
    }

    /// Removes an allocation of which nothing is needed.
    /// - Parameter words: why it was of no use; empty: it was.
    private func remove(_ name: String, words: String) {
        guard let allocation = allocations.removeValue(forKey: name) else { return }
        allocation.place.remove()
        tell(AllocationStanding(name: name, state: .gone, job: allocation.standing.job, words: words))
    }

    private func open(_ number: UInt32, _ name: String) {
        do throws(AgentRefusal) {
            guard let allocation = allocations[name] else {
                throw AgentRefusal(.agentFailed, "there is no such allocation")
            }
            for other in channels.values where other.name == name { drop(other, words: "a later channel took over") }
            channels[number] =
                allocation.standing.state == .over
                ? try RelayChannel(number, collecting: allocation.place, digest: digest)
                : try RelayChannel(number, to: allocation.place)
        } catch {
            tell(.closed(channel: number, words: error.message))
        }
    }

    private func drop(_ channel: RelayChannel, words: String) {
        channel.close()
        channels[channel.number] = nil
        tell(.closed(channel: channel.number, words: words.cut(toBytes: OutsideValues.wordsLength)))
    }

    /// Carries what has come from a channel to the coordinator, and returns whether there was anything. Drops a channel that
    /// has ended.
    private func carry(_ channel: RelayChannel) -> Bool {
        var moved = false
        while outgoing.count < 8 << 20, case let bytes = channel.receive(), !bytes.isEmpty {
            moved = true
            var rest = bytes[...]
            while !rest.isEmpty {
                var payload: [UInt8] = []
                payload.append(little: channel.number)
                payload += rest.prefix(1 << 20)
                rest = rest.dropFirst(1 << 20)
                Frame(.relayed, payload).append(to: &outgoing)
            }
        }
        if let words = channel.ending {
            drop(channel, words: words)
            // It was of use: how the queue says that it ended is no complaint.
            if channel.isCollected { remove(channel.name, words: "") }
        }
        return moved
    }

    private func handle(_ answer: QueueDesk.Answer) {
        switch answer {
        case .submitted(let name, let job):
            listing.sawSomething()
            guard allocations[name] != nil else { return desk.ask(.cancel(name: name)) }
            // Without the number in its file the next relay takes the submission's fate for unknown.
            try? allocations[name]?.recordSubmission(as: job)
            if let standing = allocations[name]?.standing { tell(standing) }
        case .refused(let name, let refusal):
            if let allocation = allocations.removeValue(forKey: name) { abandon(allocation.place) }
            tell(.refused(name: name, words: refusal.words.cut(toBytes: OutsideValues.wordsLength)))
        case .listed(let entries): note(entries)
        case .mute(let refusal): tell(.mute(words: refusal.words.cut(toBytes: OutsideValues.wordsLength)))
        }
    }

    private func note(_ entries: [QueueEntry]) {
        if entries == lastListing { listing.sawNothing() } else { listing.sawSomething() }
        lastListing = entries
        hasListing = true
        var byName: [String: QueueEntry] = [:]
        for entry in entries where AllocationName.seat(of: entry.name, catalogue: place.catalogue) != nil {
            // A job that lives counts before one of the same name that is over.
            if byName[entry.name].map({ $0.state == .over }) ?? true { byName[entry.name] = entry }
        }
        for name in allocations.keys where allocations[name]?.isSubmitted == true {
            allocations[name]?.record(byName[name])
        }
        // A job without an allocation lives on where the queue did not hear its cancellation.
        for entry in byName.values where entry.state != .over && allocations[entry.name] == nil {
            desk.ask(.cancel(name: entry.name))
        }
    }

    /// Asks for a listing when it is time, looks at allocations' files, and tells what is new.
    private func watch() {
        let now = posix_monotonic_seconds()
        if !allocations.isEmpty || !hasListing, now - listedAt >= listing.seconds {
            listedAt = now
            desk.ask(.list)
        }
        for name in allocations.keys.sorted() {
            guard let news = allocations[name]?.look(), let allocation = allocations[name] else { continue }
            guard news.state == .over else {
                tell(news)
                continue
            }
            // A pilot that was killed has left its sessions open.
            for channel in channels.values where channel.name == name {
                _ = carry(channel)
                if channels[channel.number] != nil { drop(channel, words: "the allocation has ended") }
            }
            // The queue may still have a job of it: a listing is only a hint.
            desk.ask(.cancel(name: name))
            if !allocation.hasBegun {
                remove(name, words: allocation.lastWords)
            } else if allocation.isEmpty {
                remove(name, words: "")
            } else {
                tell(news)
            }
        }
    }
}
