import JobContract
import SweepModel

/// Events on their way to the coordinator: in order within an attempt, and only after the files they name.
struct EventInbox {
    /// What there is to report and to send.
    struct Outcome {
        var reports: [HostReport] = []
        var frames: [Frame] = []
    }
    private enum Item {
        case event(WorkerEvent, end: Int)
        case end(AttemptEnd, String)
    }
    private let host: HostName
    private let depot: any FileDepot
    private var waiting: [AttemptNumber: [Item]] = [:]
    /// The bytes that the waiting events take, or more; counted anew when none waits.
    private var waitingBytes = 0
    private static let mostWaiting = 1 << 30
    private var fetches: FetchTable
    private let stateSeconds: Double

    init(host: HostName, depot: any FileDepot, stateSeconds: Double) {
        self.host = host
        self.depot = depot
        self.stateSeconds = stateSeconds
        fetches = FetchTable(host: host, depot: depot)
    }

    mutating func add(_ line: EventLine) throws -> Outcome {
        let event =
            WorkerEvent(line: line.line)
            ?? .failed(
                .init(
                    kind: .internal,
                    message: "the event before byte \(line.end) is not one this program knows: "
                        + String(decoding: line.line.prefix(160), as: UTF8.self)))
        if case .progress(let progress) = event {
            return Outcome(reports: [.progress(line.attempt, progress)])
        }
        try count(line.line.count)
        waiting[line.attempt, default: []].append(.event(event, end: line.end))
        return try advance(line.attempt)
    }

    mutating func add(end: AttemptEnd, diagnostics: String, of attempt: AttemptNumber) throws -> Outcome {
        try count(diagnostics.utf8.count)
        waiting[attempt, default: []].append(.end(end, diagnostics))
        return try advance(attempt)
    }

    /// An agent sends no more of an attempt before something is acknowledged than 8 MiB; who does is no agent of ours.
    private mutating func count(_ bytes: Int) throws(ProtocolError) {
        if waiting.isEmpty { waitingBytes = 0 }
        waitingBytes += bytes + 256
        guard waitingBytes <= Self.mostWaiting else {
            throw ProtocolError("it sends events without end and not the files that they name")
        }
    }

    mutating func open(_ transfer: UInt32, bytes: Int) throws -> Outcome {
        try settle(try fetches.open(transfer, bytes: bytes))
    }

    mutating func write(_ chunk: Chunk) throws -> Outcome { try settle(try fetches.write(chunk)) }

    mutating func missing(_ transfer: UInt32, _ refusal: AgentRefusal) throws -> Outcome {
        try settle(try fetches.missing(transfer, refusal))
    }

    /// Forgets the events that wait, for they come again; the files they wait for go on coming.
    mutating func forgetEvents() { waiting = [:] }

    /// Forgets everything: it comes again with the next connection.
    mutating func abandon() {
        fetches.abandon()
        waiting = [:]
    }

    private mutating func settle(_ step: FetchTable.Step) throws -> Outcome {
        var outcome = Outcome(frames: step.frames)
        if step.settled {
            for attempt in waiting.keys.sorted() {
                let more = try advance(attempt)
                outcome.reports += more.reports
                outcome.frames += more.frames
            }
            fetches.forgetFailures()
        }
        return outcome
    }

    /// Delivers an attempt's items up to the first whose files are not all here.
    private mutating func advance(_ attempt: AttemptNumber) throws -> Outcome {
        var outcome = Outcome()
        while let item = waiting[attempt]?.first {
            switch item {
            case .event(let sent, let end):
                let (event, kept) = withoutState(sent, of: attempt)
                var problem: String?
                var complete = true
                for file in event.files where depot.wholeFile(file.digest) == nil {
                    if let failure = fetches.failure(of: file.digest) {
                        problem = failure
                    } else {
                        complete = false
                        outcome.frames += try fetches.want(file)
                    }
                }
                guard complete || problem != nil else { return outcome }
                if let problem {
                    let failed = WorkerEvent.Failed(kind: .missingInput, message: problem)
                    outcome.reports.append(.event(attempt, .failed(failed), end: end))
                } else {
                    if let kept { outcome.reports.append(kept) }
                    outcome.reports.append(.event(attempt, event, end: end))
                }
            case .end(let end, let diagnostics):
                outcome.reports.append(.ended(attempt, end, diagnostics: diagnostics))
            }
            waiting[attempt]?.removeFirst()
        }
        waiting[attempt] = nil
        return outcome
    }

    /// The event less a state that need not come: a later checkpoint of the attempt has arrived too, or the way is so
    /// slow that it stays on the host, which the second value reports.
    private mutating func withoutState(_ event: WorkerEvent, of attempt: AttemptNumber) -> (WorkerEvent, HostReport?) {
        guard case .checkpoint(var checkpoint) = event, let state = checkpoint.state,
            depot.wholeFile(state.digest) == nil
        else { return (event, nil) }
        checkpoint.state = nil
        let isSuperseded = waiting[attempt, default: []].dropFirst().contains {
            if case .event(.checkpoint(let later), _) = $0 { later.state != nil } else { false }
        }
        if isSuperseded {
            fetches.drop(state.digest)
            return (.checkpoint(checkpoint), nil)
        }
        guard !checkpoint.milestone, let seconds = fetches.seconds(forBytes: state.bytes), seconds > stateSeconds
        else { return (event, nil) }
        let point = ResumePoint(steps: checkpoint.steps, state: state.digest)
        return (.checkpoint(checkpoint), .stateKept(attempt, point, bytes: state.bytes))
    }
}
