import CPosix
import Glibc
import JobContract

/// What a relay knows of one allocation.
struct RelayedAllocation {
    let place: AllocationPlace
    var watch: AllocationWatch
    private(set) var standing: AllocationStanding
    /// What the last look gave the coordinator to know.
    private var told: AllocationStanding?
    /// Whether its submission was answered. The coordinator is told of nothing before.
    var isSubmitted: Bool
    private var hasBegun = false
    private var lookedAt = 0.0
    private static let lookSeconds = 1.0

    /// One whose submission begins.
    init(submitting place: AllocationPlace) {
        self.place = place
        isSubmitted = false
        watch = AllocationWatch(at: posix_monotonic_seconds())
        standing = AllocationStanding(name: place.name, state: .waiting)
    }

    /// One that an earlier relay submitted; nil where that did not live to hear the queue's answer, and nothing has begun:
    /// asking the queue again might start it twice.
    init?(found place: AllocationPlace) {
        self.init(submitting: place)
        isSubmitted = true
        standing.job = Files.text(place.job).flatMap { $0.split(separator: "\n").first.map(String.init) }
        AllocationPlace.refresh(place.agent.home)
        if standing.job == nil, !AllocationPlace.exists(place.started) { return nil }
    }

    mutating func isSubmitted(as job: String) throws(AgentRefusal) {
        isSubmitted = true
        standing.job = job
        watch = AllocationWatch(at: posix_monotonic_seconds())
        try Files.write(Array("\(job)\n".utf8), to: place.job)
    }

    /// Lets nothing begin any more, and asks what runs to end.
    func close() throws(AgentRefusal) { try Files.write(Array("closed\n".utf8), to: place.closed) }

    /// Whether a pilot has begun; one that has not begun in a place that is removed never will.
    var isBegun: Bool { hasBegun }

    mutating func isListed(_ entry: QueueEntry?) {
        watch.isListed(entry, at: posix_monotonic_seconds())
        if let entry, !hasBegun || entry.state == .over { standing.words = entry.words }
    }

    /// Looks at its files, and says what there is to tell; nil: nothing new.
    mutating func look() -> AllocationStanding? {
        let now = posix_monotonic_seconds()
        guard isSubmitted, standing.state != .over, now - lookedAt >= Self.lookSeconds else { return nil }
        lookedAt = now
        AllocationPlace.refresh(place.agent.home)
        if !hasBegun, let bytes = Files.read(place.started),
            let note = try? JSONText.decode(PilotNote.self, from: bytes)
        {
            hasBegun = true
            standing.node = note.node.cut(toBytes: OutsideValues.nameLength)
            standing.job = standing.job ?? note.job?.cut(toBytes: 40)
            standing.words = ""
        }
        watch.isSeen(
            hasBegun: hasBegun, beats: hasBegun ? AllocationPlace.size(of: place.beat) : 0,
            hasEnded: hasBegun && AllocationPlace.exists(place.ended), at: now)
        switch watch.verdict(at: now) {
        case .waiting: standing.state = .waiting
        case .running: standing.state = .running
        case .over:
            // A pilot that lives all the same ends when it sees that; where it cannot be written, it is over later.
            guard (try? close()) != nil else { return nil }
            standing.state = .over
        }
        guard standing != told else { return nil }
        told = standing
        return standing
    }

    /// Whether its pilot left nothing to collect.
    var isEmpty: Bool { Files.text(place.ended) == AllocationPlace.endedEmpty }

    /// What the allocation's job printed last, for one that ended before it was of use.
    var lastWords: String {
        let said = Files.tail(place.output, bytes: 1000).split(separator: "\n").joined(separator: " / ")
        return [standing.words, said].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}
