import CPosix
import Glibc
import JobContract

/// What the agent remembers of its coordinator, over restarts: who it was, and how workers are to be run.
struct CoordinatorMemory: Codable, Equatable {
    var generation: Int
    var nonce: String
    var place: CataloguePlace?
    var lease: Double?
    var hasLeft: Bool?
    var environment: [String: String]
    var slots: Int?
    var threads: Int
    var gpus: GPUChoice?
    var jobsPerGPU: Int?

    init(_ hello: AgentHello) {
        generation = hello.generation
        nonce = hello.nonce
        place = hello.place
        lease = hello.lease
        environment = hello.environment.filter { name, value in
            !name.isEmpty && !name.contains("=") && !name.utf8.contains(0) && !value.utf8.contains(0)
        }
        slots = hello.slots
        threads = max(1, hello.threads)
        gpus = hello.gpus
        jobsPerGPU = hello.jobsPerGPU
    }

    /// Nil when there is none, or when it is not as it was written, which the agent's log then says.
    static func load(_ place: AgentPlace) -> CoordinatorMemory? {
        guard let bytes = Files.read(place.memory) else { return nil }
        // Earlier agents wrote no digest before the object.
        let isPlain = bytes.first == UInt8(ascii: "{")
        let json = isPlain ? bytes[...] : bytes.dropFirst(65)
        if isPlain
            || bytes.count > 64 && bytes[64] == UInt8(ascii: " ")
                && Digest(hex: String(decoding: bytes.prefix(64), as: UTF8.self)) == Digest(of: json),
            let memory = try? JSONText.decode(CoordinatorMemory.self, from: Array(json))
        {
            return memory
        }
        Files.say("eigensweep-agent: \(place.memory) is damaged: which coordinator was served last is not known")
        return nil
    }

    func save(_ place: AgentPlace) throws(AgentRefusal) {
        let bytes: [UInt8]
        do {
            let json = try JSONText.encode(self)
            bytes = Array("\(Digest(of: json).hex) ".utf8) + json
        } catch {
            throw AgentRefusal(.agentFailed, "cannot write \(place.memory): \(explanation(of: error))")
        }
        try Files.write(bytes, to: place.memory)
    }

    var gpuWish: GPUPool.Wish? {
        gpus.map { GPUPool.Wish(choice: $0, jobsPerGPU: max(1, jobsPerGPU ?? 1), environment: environment) }
    }

    /// Attempts at a time.
    var width: Int { max(1, slots ?? HostSurvey.processors() / threads) }

    private var ownership: HostOwnership {
        var ownership = HostOwnership(
            generation: generation, nonce: nonce, place: place, leaseSeconds: min(max(0, lease ?? 0), 86_400))
        ownership.hasLeft = hasLeft ?? false
        return ownership
    }

    /// Why a caller is not the coordinator to serve; nil when it is.
    ///
    /// - Parameters:
    ///   - earlier: as in `HostOwnership.objection`.
    ///   - silence: seconds since the coordinator was heard.
    func objection(
        to caller: CoordinatorMemory, after earlier: [CoordinatorStart], silence: Double
    ) -> AgentRefusal? {
        guard let objection = ownership.objection(to: caller.ownership, after: earlier, silence: silence) else {
            return nil
        }
        let owner = place.map { "\($0.path) on \($0.host)" } ?? "another place"
        let heard = Self.text(time(nil) - time_t(silence))
        let words =
            switch objection {
            case .isLater:
                "a later coordinator of this catalogue (start \(generation), this one is \(caller.generation)), at "
                    + "\(owner), has the host; end that one, or work with it"
            case .isOtherCopy:
                "another copy of this catalogue, \(owner), had the host last, at \(heard); use that one, "
                    + "or `eigensweep doctor --separate` makes this one a catalogue of its own"
            case .isAtWork(let seconds):
                "it works for the original of this catalogue, \(owner), heard last at \(heard); work with "
                    + "that one, or `eigensweep doctor --separate` makes this copy a catalogue of its own. If the "
                    + "original is gone, the host is free in \(Int(seconds.rounded(.up))) s"
            }
        return AgentRefusal(.protocolViolation, words)
    }

    private static func text(_ time: time_t) -> String {
        var (time, parts) = (time, tm())
        gmtime_r(&time, &parts)
        var bytes = [CChar](repeating: 0, count: 32)
        let count = strftime(&bytes, bytes.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// When the coordinator was heard last. Kept as the time of the memory's file, which costs no write worth the name.
///
/// While the agent lives it goes by a clock that nobody sets.
struct LastHeard {
    private let path: String
    private var heardAt: Double
    private var notedAt: Double
    /// Seconds by which what the next agent knows may be too old.
    private static let pause = 5.0

    /// As the last agent left it; never in the future.
    init(_ place: AgentPlace) {
        path = place.memory
        var status = stat()
        let there = stat(path, &status) == 0 ? status.st_mtim.tv_sec : 0
        heardAt = posix_monotonic_seconds() - max(0, posix_wall_seconds() - Double(there))
        notedAt = heardAt
    }

    /// Seconds since then.
    var silence: Double { posix_monotonic_seconds() - heardAt }

    mutating func isNow() {
        heardAt = posix_monotonic_seconds()
        guard heardAt - notedAt >= Self.pause else { return }
        notedAt = heardAt
        utimensat(AT_FDCWD, path, nil, 0)
    }
}
