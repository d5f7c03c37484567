import GRDB
import JobContract
import SweepModel

extension Catalogue {
    /// Commits all changes in one durable transaction, or none and throws. Applying a change again changes nothing.
    ///
    /// The first result of a milestone or a measure stands; a later one with other bits is kept as evidence
    /// (`CatalogueReader.evidence`). Throws `.unknown` for trainings, trials and attempts that were never stored, and
    /// for a milestone without weights: such events must be refused before they get here.
    package func commit(_ changes: [CatalogueChange]) throws { _ = try record(changes) }

    /// Commits as `commit` does, and returns the full states that nothing in the catalogue needs any more: their files
    /// can go from the content store (`Recording.retireStates` says which are kept).
    package func record(_ changes: [CatalogueChange]) throws -> [Digest] {
        let now = Timestamp.text(clock())
        knownKeys.bound()
        do {
            return try write { db in
                let recording = Recording(db: db, now: now, generation: generation, path: path, known: knownKeys)
                for change in changes.withoutSuperseded { try recording.apply(change) }
                return try recording.unreferencedStates()
            }
        } catch {
            knownKeys.forget()
            throw error
        }
    }
}

extension [CatalogueChange] {
    /// The changes without those that a later one overwrites: a short job begins and ends in one transaction.
    fileprivate var withoutSuperseded: [CatalogueChange] {
        var states: Set<TrialID> = []
        var starts: Set<AttemptNumber> = []
        var kept: [CatalogueChange] = []
        kept.reserveCapacity(count)
        for change in reversed() {
            switch change {
            case .trialState(let trial, _, _):
                if states.insert(trial).inserted { kept.append(change) }
            case .attemptStarted(let attempt, let started):
                if started != nil { starts.insert(attempt) }
                if started != nil || !starts.contains(attempt) { kept.append(change) }
            default: kept.append(change)
            }
        }
        kept.reverse()
        return kept
    }
}

/// The recording of changes inside one transaction.
struct Recording {
    let db: Database
    let now: String
    let generation: Int
    let path: String
    var known = KnownKeys()
    let retired = RetiredStates()

    func apply(_ change: CatalogueChange) throws {
        switch change {
        case .attemptIntended(let record): try intend(record)
        case .attemptStarted(let attempt, let started): try start(attempt, started)
        case .attemptEnded(let attempt, let outcome): try end(attempt, outcome)
        case .attemptSaid(let attempt, let diagnostics):
            try check(attempt)
            try run("UPDATE attempt SET diagnostics = ? WHERE number = ?", [diagnostics, attempt.value])
        case .milestone(let training, let trial, let attempt, let checkpoint):
            try record(checkpoint, of: trial, training: training, attempt: attempt)
        case .recoveryPoint(let training, let attempt, let point, let bytes):
            try recover(training, attempt, point, bytes: bytes)
        case .stateKept(let training, let attempt, let point, let bytes):
            try keep(training, attempt, point, bytes: bytes)
        case .measured(let attempt, let measured): try record(measured, attempt: attempt)
        case .measureFailed(let trial, let request, let reason): try fail(request, of: trial, reason)
        case .trialState(let trial, let state, let reason): try set(trial, to: state, reason: reason)
        case .attemptExcused(let attempt, let reason): try excuse(attempt, reason)
        case .hostSeen(let host, let facts): try see(host, facts)
        case .hostSilent(let host, let seconds):
            try run("UPDATE host SET silent_seconds = ? WHERE name = ?", [seconds, host])
        case .hostPace(let host, let pace): try run("UPDATE host SET pace = ? WHERE name = ?", [pace, host])
        }
    }

    func run(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?]) throws {
        try db.cachedStatement(sql: sql).execute(arguments: StatementArguments(arguments))
    }

    func unknown(_ what: String) -> CatalogueError {
        CatalogueError(.unknown, "\(path): \(what); nothing was recorded")
    }

    func key(of trial: TrialID) throws -> Int64 {
        if let key = known.trials[trial] { return key }
        let found = try rows("SELECT key FROM trial WHERE trial_id = ?", trial.digest) { $0.integer(0) }
        guard let key = found.first else {
            throw unknown("trial \(trial.short) belongs to no stored sweep")
        }
        known.trials[trial] = key
        return key
    }

    func key(of training: TrainingID) throws -> Int64 {
        if let key = known.trainings[training] { return key }
        let found = try rows("SELECT key FROM training WHERE training_id = ?", training.digest) { $0.integer(0) }
        guard let key = found.first else {
            throw unknown("training \(training.short) belongs to no stored sweep")
        }
        known.trainings[training] = key
        return key
    }

    /// Throws unless this catalogue issued the attempt.
    func check(_ attempt: AttemptNumber) throws {
        if known.attempts.contains(attempt) { return }
        let statement = try db.cachedStatement(sql: "SELECT 1 FROM attempt WHERE number = ?")
        guard try Int.fetchOne(statement, arguments: [attempt.value]) != nil else {
            throw unknown("attempt \(attempt) was never intended here")
        }
        known.attempts.insert(attempt)
    }
}

// MARK: Attempts, states, hosts

extension Recording {
    private func intend(_ record: AttemptRecord) throws {
        try run(
            """
            INSERT INTO attempt (number, job, training, kind, host, machine, boot, cpu, generation, intended_at, task)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """,
            record.attempt.value, record.job.digest, try key(of: record.training), record.kind.rawValue, record.host,
            record.machine, record.boot, record.cpu, generation, now, try record.task.map(StoredForms.text))
        guard db.changesCount > 0 else {
            let known = try db.cachedStatement(sql: "SELECT job FROM attempt WHERE number = ?")
            guard try String.fetchOne(known, arguments: [record.attempt.value]) == record.job.hex else {
                throw unknown("attempt \(record.attempt) was already given to another job")
            }
            return
        }
        for (position, trial) in record.trials.enumerated() {
            try run(
                "INSERT INTO attempt_trial (attempt, position, trial) VALUES (?, ?, ?)",
                record.attempt.value, position, try key(of: trial))
        }
        known.attempts.insert(record.attempt)
    }

    private func start(_ attempt: AttemptNumber, _ started: WorkerEvent.Started?) throws {
        try check(attempt)
        guard let started else {
            return try run(
                "UPDATE attempt SET started_at = ? WHERE number = ? AND started_at IS NULL", [now, attempt.value])
        }
        try run(
            """
            UPDATE attempt SET started_at = coalesce(started_at, ?), worker = ?, numerics = ?, build = ?,
                worker_cpu = ?, kernels = ?
            WHERE number = ? AND worker IS NULL
            """,
            now, started.worker, started.numerics, started.build, started.cpu, started.kernels, attempt.value)
    }

    private func end(_ attempt: AttemptNumber, _ outcome: AttemptOutcome) throws {
        try check(attempt)
        try run(
            """
            UPDATE attempt SET ended_at = ?, outcome = ?, reason = ?, task = NULL WHERE number = ? AND outcome IS NULL
            """,
            now, outcome.name, outcome.reason, attempt.value)
    }

    private func excuse(_ attempt: AttemptNumber, _ reason: String) throws {
        try check(attempt)
        try run(
            "UPDATE attempt SET outcome = 'host-fault', reason = ? WHERE number = ? AND outcome = 'job-fault'",
            [reason, attempt.value])
    }

    /// Whether a trial lacks its milestone, or a measure that some sweep wants now. SQL over a row of `trial`.
    static let isIncomplete = lacks("")

    /// Whether something is still to be done for a trial: it lacks the same, measures that could not be taken aside.
    static let isOpen = lacks("AND NOT EXISTS (\(lostMeasure) AND f.request = q.request)")

    private static func lacks(_ condition: String) -> String {
        """
        (NOT EXISTS (SELECT 1 FROM milestone m WHERE m.trial = trial.key) OR EXISTS (
            SELECT 1 FROM wish w JOIN sweep s ON s.revision = w.revision
            JOIN wished_measure q ON q.revision = w.revision
            WHERE w.trial = trial.key AND NOT EXISTS (
                SELECT 1 FROM cancelled_wish c WHERE c.sweep = s.key AND c.trial = w.trial)
            AND NOT EXISTS (
                SELECT 1 FROM measured d WHERE d.trial = trial.key AND d.request = q.request) \(condition)))
        """
    }

    /// Whether a trial is trained, and some measure of it could not be taken.
    private static let hasLostMeasures = """
        (EXISTS (SELECT 1 FROM milestone m WHERE m.trial = trial.key) AND EXISTS (\(lostMeasure)))
        """

    /// Whether a trial failed for its measures alone.
    static let missesMeasures = "(trial.state = 'failed' AND \(hasLostMeasures))"

    private static let lostMeasure = "SELECT 1 FROM failed_comparison f WHERE f.trial = trial.key AND f.members = ''"

    private static let selectMissing = """
        SELECT \(isIncomplete), \(isOpen), (
            SELECT group_concat(measure || ' is missing: ' || reason, '; ') FROM (
                SELECT r.measure, f.reason FROM failed_comparison f JOIN measure_request r ON r.key = f.request
                WHERE f.trial = trial.key AND f.members = '' ORDER BY r.measure, r.key))
        FROM trial WHERE key = ?
        """

    /// Sets a trial's state. A run knows only the sweeps that it was started for: a trial that is done for these still waits
    /// where another sweep wants more, and has failed where a measure that the other wants could not be taken.
    private func set(_ trial: TrialID, to given: TrialState, reason: String?) throws {
        var (state, reason) = (given, reason)
        if given == .succeeded || given == .failed && reason == nil {
            let found = try rows(Self.selectMissing, try key(of: trial)) {
                (any: $0.integer(0) == 1, open: $0.integer(1) == 1, why: $0.textIfAny(2))
            }
            if let missing = found.first {
                if !missing.any {
                    state = .succeeded
                } else {
                    (state, reason) = missing.open ? (.waiting, nil) : (.failed, missing.why)
                }
            }
        }
        let isOver = state == .succeeded || state == .failed || state == .cancelled
        try run(
            "UPDATE trial SET state = ?, reason = ?, ended_at = ? WHERE key = ? AND (state <> ? OR reason IS NOT ?)",
            state.rawValue, reason, isOver ? now : nil, try key(of: trial), state.rawValue, reason)
    }

    private func see(_ host: HostName, _ facts: HostFacts) throws {
        try run(
            """
            INSERT INTO host (name, machine, boot, cpu, cores, memory, free, gpus, seen_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET machine = excluded.machine, boot = excluded.boot, cpu = excluded.cpu,
                cores = excluded.cores, memory = excluded.memory, free = excluded.free, gpus = excluded.gpus, seen_at = excluded.seen_at,
                silent_seconds = 0
            """,
            [
                host, facts.machine, facts.boot, facts.cpu, facts.cores, facts.memory, facts.free,
                StoredForms.text(facts.gpus), now,
            ])
    }
}
