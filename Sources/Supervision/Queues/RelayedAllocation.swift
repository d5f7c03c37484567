import CPosix
import Glibc
import JobContract

/// What a relay knows of one allocation.
struct RelayedAllocation {
    let place: AllocationPlace
    private var watch: AllocationWatch
    private(set) var standing: AllocationStanding
    /// What the last look told the coordinator.
    private var told: AllocationStanding?
    /// Whether the queue has answered its submission. The coordinator is told nothing of it before.
    private(set) var isSubmitted: Bool
    /// Whether a pilot has begun. Where none has, none ever will once the place is removed.
    private(set) var hasBegun = false
    private var lookedAt = 0.0
    /// Seconds between looks at its files.
    private static let lookSeconds = 1.0

    /// An allocation whose submission begins.
    init(submitting place: AllocationPlace) {
        self.place = place
        isSubmitted = false
        watch = AllocationWatch(at: posix_monotonic_seconds())
        standing = AllocationStanding(name: place.name, state: .waiting)
    }

    /// An allocation that an earlier relay submitted. Nil where that relay did not live to hear the queue's answer and no
    /// pilot has begun: the queue may have a job of it, and a second submission might start it twice.
    init?(found place: AllocationPlace) {
        self.init(submitting: place)
        isSubmitted = true
        standing.job = Files.text(place.job).flatMap { $0.split(separator: "\n").first.map(String.init) }
        AllocationPlace.refresh(place.agent.home)
        if standing.job == nil, !AllocationPlace.exists(place.started) { return nil }
    }

    /// Records that the queue has taken the submission.
    /// - Parameter job: the queue's number.
    /// - Throws: where the number cannot be written to its file.
    mutating func recordSubmission(as job: String) throws(AgentRefusal) {
        isSubmitted = true
        standing.job = job
        watch = AllocationWatch(at: posix_monotonic_seconds())
        try Files.write(Array("\(job)\n".utf8), to: place.job)
    }

    /// Records a listing of the queue.
    /// - Parameter entry: the allocation's line; nil: the listing has none.
    mutating func record(_ entry: QueueEntry?) {
        watch.record(entry, at: posix_monotonic_seconds())
        if let entry, !hasBegun || entry.state == .over { standing.words = entry.words }
    }

    /// Looks at its files when it is time, and returns what is to be told; nil: nothing new.
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
        watch.record(
            hasBegun: hasBegun, beats: hasBegun ? AllocationPlace.size(of: place.beat) : 0,
            hasEnded: hasBegun && AllocationPlace.exists(place.ended), at: now)
        switch watch.verdict(at: now) {
        case .waiting: standing.state = .waiting
        case .running: standing.state = .running
        case .over:
            // A pilot that lives all the same must end. Where that cannot be written, a later look says that it is over.
            guard (try? place.markClosed()) != nil else { return nil }
            standing.state = .over
        }
        guard standing != told else { return nil }
        told = standing
        return standing
    }

    /// Whether its pilot has ended and left nothing to collect.
    var isEmpty: Bool { Files.text(place.ended) == AllocationPlace.endedEmpty }

    /// What the queue says of its job, and what the job printed last: for one that ended before it was of use.
    var lastWords: String {
        let said = Files.tail(place.output, bytes: 1000).split(separator: "\n").joined(separator: " / ")
        return [standing.words, said].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}
