import JobContract

/// Nanoseconds on the coordinator's awake clock: it does not run while the machine sleeps.
package struct Instant: Hashable, Sendable, Comparable {
    package let nanoseconds: Int64
    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    package static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
    package func advanced(bySeconds seconds: Double) -> Instant {
        Instant(nanoseconds: nanoseconds + Int64(seconds * 1e9))
    }
    package func seconds(since earlier: Instant) -> Double { Double(nanoseconds - earlier.nanoseconds) / 1e9 }
}

/// An order to start an attempt. Durable on the host before it answers, and idempotent by attempt number.
package struct StartOrder: Hashable, Sendable, Codable {
    package var description: JobDescription
    /// The canonical JSON of its spec, where it is known.
    package var specText: [UInt8]?
    /// The worker's argument vector, run in the attempt's directory.
    package var command: [String]
    /// Files placed in that directory: name, and content in the coordinator's store.
    package var uploads: [Upload]

    package struct Upload: Hashable, Sendable, Codable {
        package var name: String
        package var digest: Digest
        package init(name: String, digest: Digest) {
            self.name = name
            self.digest = digest
        }
    }

    package init(description: JobDescription, specText: [UInt8]? = nil, command: [String], uploads: [Upload]) {
        self.description = description
        self.specText = specText
        self.command = command
        self.uploads = uploads
    }

    package var attempt: AttemptNumber { description.attempt }
    /// Everything that must be in the host's store before the start.
    package var files: [Digest] { description.inputs + uploads.map(\.digest) }
}

/// What the coordinator asks of a host. Every command is idempotent; on a dead connection it is dropped, and the
/// coordinator asks again after the next `connected`.
package enum HostCommand: Hashable, Sendable {
    /// Bring the files the order names, then start it: at once when a slot is free, else from the backlog.
    case start(StartOrder)
    case cancel(AttemptNumber)
    /// Give the attempt back if it has not begun: it then ends as never started; otherwise nothing happens.
    case revoke(AttemptNumber)
    /// Everything up to this byte of the attempt's events is committed.
    case acknowledge(AttemptNumber, offset: Int)
    /// The attempt's end is committed: its directory may go.
    case release(AttemptNumber)
    /// Report again as after connecting: `connected`, then events from the last acknowledged offsets and ends.
    case enquire
}

/// An attempt a host knows of.
package struct HeldAttempt: Hashable, Sendable, Codable {
    package enum State: Hashable, Sendable, Codable {
        case backlog
        case running
        case ended(AttemptEnd)
    }
    package var attempt: AttemptNumber
    package var job: JobID
    package var state: State

    package init(attempt: AttemptNumber, job: JobID, state: State) {
        self.attempt = attempt
        self.job = job
        self.state = state
    }
}

/// What a host reports. Reports of one connection arrive in order.
package enum HostReport: Hashable, Sendable {
    /// The host answers: what it is and all the attempts it knows of this catalogue. Events of held attempts follow
    /// from the last acknowledged offset.
    case connected(HostFacts, held: [HeldAttempt])
    /// The connection is gone; the transport tries again by itself when the failure is transient.
    case disconnected(HostFailure)
    /// After the failure that was reported last, the next try to reach the host begins in so many seconds.
    case awaited(seconds: Double)
    /// The start order is durable on the host.
    case accepted(AttemptNumber)
    /// The attempt left the backlog and runs.
    case running(AttemptNumber)
    /// The order could not be taken; the attempt does not exist on the host.
    case refused(AttemptNumber, HostFailure)
    /// One durable event. Its files are already in the coordinator's store; a state that a later one of the attempt
    /// makes superfluous is left out. `end` is the offset to acknowledge.
    case event(AttemptNumber, WorkerEvent, end: Int)
    /// A recovery point whose state stays in the host's store: bringing it would take too much of the time until the
    /// next. Its event follows without the state.
    case stateKept(AttemptNumber, ResumePoint, bytes: Int)
    /// The latest progress; may be skipped or repeated.
    case progress(AttemptNumber, WorkerEvent.Progress)
    /// A file of the host's store was found damaged, in words; what needed it gets it again.
    case storeDamaged(String)
    /// The attempt is over and all its events were reported before.
    case ended(AttemptNumber, AttemptEnd, diagnostics: String)
}

/// The hosts as the coordination loop sees them. Sending never blocks and never fails: what comes of it is a report.
package protocol Fleet: AnyObject {
    /// May be kept until `flush`.
    func send(_ command: HostCommand, to host: HostName)
    /// Nothing more follows for now: what was sent goes out together.
    func flush()
}

extension Fleet {
    package func flush() {}
}

/// What wakes the coordination loop.
package enum CoordinatorInput: Sendable {
    case host(HostName, HostReport)
    /// First Ctrl-C, SIGTERM, SIGHUP: stop dispatching and leave jobs to their hosts.
    case stop
    /// Second Ctrl-C: cancel everything wanted here.
    case cancelAll
    /// What is wanted or where has changed in the catalogue: end, so that a run planned anew takes over.
    case replan
    /// Nothing came before the asked time.
    case timeout
}
