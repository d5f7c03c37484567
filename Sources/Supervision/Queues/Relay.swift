import CPosix
import Glibc
import JobContract

/// The agent on a login node: asks the queue for allocations, watches them, and carries bytes between one coordinator and
/// their agents. It may be ended at any moment: what is true stands in the shared directory, and the next one reads it
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
    private var outgoing: [UInt8] = []
    private var pause = LookPause()
    private var listing = LookPause(least: 3, most: 60)
    private var listedAt = -100.0
    private var lastListing: [QueueEntry] = []
    private var isOver = false

    /// - Parameters:
    ///   - digest: content of this executable.
    ///   - input: what the coordinator says, in frames.
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

    /// Why the queue would not take such an allocation, in its words; nil: it would.
    static func objection(in place: RelayPlace, to settings: QueueSettings) throws -> String? {
        let agent = try AgentPlace(directory: place.directory, catalogue: place.catalogue)
        try Files.makeDirectory(agent.root, durably: true)
        let script = "\(agent.root)/queue-test.\(getpid())"
        try Files.write(Array("#!/bin/sh\nexit 0\n".utf8), to: script, durably: false)
        defer { unlink(script) }
        let order = SubmissionOrder(name: "es-test", settings: settings, script: script, output: "/dev/null")
        do throws(QueueRefusal) { return try queue(place.kind).objection(to: order) } catch { return error.words }
    }

    /// Ends a catalogue's allocations, and returns how many there were. What those that run have done stays for the next
    /// coordinator; of those that wait nothing is left.
    static func endAllocations(in place: RelayPlace, isRehearsal: Bool) throws -> Int {
        let homes = try AllocationPlace.all(in: place).map { try AllocationPlace(place, name: $0) }
        guard !isRehearsal else { return homes.count }
        for home in homes {
            let hasBegun = AllocationPlace.exists(home.started)
            if hasBegun { try Files.write(Array("closed\n".utf8), to: home.closed) } else { home.remove() }
            do throws(QueueRefusal) { try queue(place.kind).cancel(name: home.name) } catch {
                throw AgentRefusal(.agentFailed, "the allocation \(home.name) cannot be cancelled: \(error.words)")
            }
        }
        return homes.count
    }

    /// A copy of this program that nobody replaces while nodes run it.
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

    /// Makes what the allocation's job runs. Its words are quoted for the shell.
    private static func order(for place: AllocationPlace, program: String, digest: Digest) throws -> SubmissionOrder {
        let settings = try JSONText.decode(QueueSettings.self, from: Files.read(place.intent) ?? [])
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
    /// - Parameter bytes: came already.
    func run(after bytes: [UInt8]) throws {
        defer {
            for channel in channels.values { channel.close() }
            // What was asked of the queue before the coordinator went is still done.
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

    /// Whether a frame came. What goes to one channel is written in one piece.
    private func takeFrames() throws -> Bool {
        var bytes: [UInt32: [UInt8]] = [:]
        var moved = false
        while let frame = try reader.next() {
            moved = true
            switch frame.kind {
            case .relayed where frame.payload.count >= 4:
                bytes[frame.payload.little(UInt32.self, at: 0), default: []] += frame.payload[4...]
            case .control:
                // In their order: a channel may be closed behind the last bytes for it.
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
                // Durable before the queue hears of it: whoever comes after this relay knows that there may be a job.
                try Files.write(JSONText.encode(settings), to: place.intent)
                allocations[name] = RelayedAllocation(submitting: place)
                desk.ask(.submit(name: name))
            } catch {
                tell(.refused(name: name, words: "\(error)".cut(toBytes: OutsideValues.wordsLength)))
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
        try? allocation.close()
        AllocationPlace.refresh(allocation.place.agent.home)
        // Without a pilot, and none can begin any more, there is nothing to wait for.
        if allocation.isSubmitted, !AllocationPlace.exists(allocation.place.started) { remove(name, words: "") }
    }

    /// Gives up a submission of which nobody knows whether the queue took it. A pilot that begins all the same finds that it
    /// is not wanted.
    private func abandon(_ place: AllocationPlace) {
        place.remove()
        desk.ask(.cancel(name: place.name))
    }

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

    /// Whether bytes came.
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
            // How the queue says it ended is no complaint: it was of use.
            if channel.isCollected { remove(channel.name, words: "") }
        }
        return moved
    }

    private func handle(_ answer: QueueDesk.Answer) {
        switch answer {
        case .submitted(let name, let job):
            listing.sawSomething()
            guard allocations[name] != nil else { return desk.ask(.cancel(name: name)) }
            // Where the number cannot be kept the next relay takes its fate for unknown.
            try? allocations[name]?.isSubmitted(as: job)
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
        var byName: [String: QueueEntry] = [:]
        for entry in entries where AllocationName.seat(of: entry.name, catalogue: place.catalogue) != nil {
            // Of two jobs of one name the one that lives counts.
            if byName[entry.name].map({ $0.state == .over }) ?? true { byName[entry.name] = entry }
        }
        for name in allocations.keys where allocations[name]?.isSubmitted == true {
            allocations[name]?.isListed(byName[name])
        }
        // Jobs that no place wants: a cancellation that the queue did not hear.
        for entry in byName.values where entry.state != .over && allocations[entry.name] == nil {
            desk.ask(.cancel(name: entry.name))
        }
    }

    /// Lists when it is time, looks at files, and tells what is new.
    private func watch() {
        let now = posix_monotonic_seconds()
        if !allocations.isEmpty, now - listedAt >= listing.seconds {
            listedAt = now
            desk.ask(.list)
        }
        for name in allocations.keys.sorted() {
            guard let news = allocations[name]?.look(), let allocation = allocations[name] else { continue }
            guard news.state == .over else {
                tell(news)
                continue
            }
            // A pilot that was killed did not say that its sessions are over.
            for channel in channels.values where channel.name == name {
                _ = carry(channel)
                if channels[channel.number] != nil { drop(channel, words: "the allocation has ended") }
            }
            // The queue may have it all the same: what it lists is a hint.
            desk.ask(.cancel(name: name))
            if !allocation.isBegun {
                remove(name, words: allocation.lastWords)
            } else if allocation.isEmpty {
                remove(name, words: "")
            } else {
                tell(news)
            }
        }
    }
}
