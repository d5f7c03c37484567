import GRDB
import JobContract
import SweepModel

// MARK: Checkpoints

extension Recording {
    func record(
        _ checkpoint: WorkerEvent.Checkpoint, of trial: TrialID, training: TrainingID, attempt: AttemptNumber
    ) throws {
        try check(attempt)
        let trialKey = try key(of: trial)
        let known = try rows(
            """
            SELECT t.training = ? AND t.steps = ?, m.weights, m.state
            FROM trial t LEFT JOIN milestone m ON m.trial = t.key WHERE t.key = ?
            """, try key(of: training), checkpoint.steps, trialKey
        ) { (belongs: $0.integer(0) == 1, weights: $0.textIfAny(1), state: $0.textIfAny(2)) }
        guard let standing = known.first, standing.belongs else {
            throw unknown("trial \(trial.short) is not training \(training.short) after \(checkpoint.steps) steps")
        }
        guard let weights = checkpoint.weights else {
            throw unknown("the milestone of trial \(trial.short) came without weights")
        }
        try progress(key(of: training), attempt)
        if let standingWeights = standing.weights {
            let found = (weights: weights.digest.hex, state: checkpoint.state?.digest.hex)
            let kept = (weights: standingWeights, state: standing.state)
            let isSame =
                kept.weights == found.weights && (kept.state == nil || found.state == nil || kept.state == found.state)
            if !isSame {
                try addEvidence(
                    kind: .milestone, trial: trialKey, request: nil, attempt: attempt,
                    kept: try Self.text(weights: kept.weights, state: kept.state),
                    found: try Self.text(weights: found.weights, state: found.state))
            } else if kept.state == nil, let state = checkpoint.state {
                try run(
                    "UPDATE milestone SET state = ?, state_bytes = ? WHERE trial = ?",
                    [state.digest.hex, state.bytes, trialKey])
                try retireStates(of: key(of: training), reportedBy: attempt)
            }
            return
        }
        let losses = try checkpoint.losses.map { String(decoding: try JSONText.encode($0), as: UTF8.self) }
        try run(
            """
            INSERT INTO milestone
                (trial, attempt, weights, weights_bytes, state, state_bytes, parameters, losses, seconds, recorded_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            trialKey, attempt.value, weights.digest, weights.bytes, checkpoint.state?.digest,
            checkpoint.state?.bytes, checkpoint.parameters, losses, checkpoint.seconds, now)
        try retireStates(of: key(of: training), reportedBy: attempt)
    }

    static func text(weights: String, state: String?) throws -> String {
        try JSONText.write(["weights": .string(weights), "state": state.map(JSONValue.string) ?? .null])
    }

    func recover(_ training: TrainingID, _ attempt: AttemptNumber, _ point: ResumePoint, bytes: Int) throws {
        try check(attempt)
        let training = try key(of: training)
        try progress(training, attempt)
        try retireRecoveryPoint(of: training, for: point, reportedBy: attempt)
        try run(
            """
            INSERT INTO recovery_point (training, attempt, steps, state, bytes, recorded_at) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (training) DO UPDATE SET attempt = excluded.attempt, steps = excluded.steps,
                state = excluded.state, bytes = excluded.bytes, recorded_at = excluded.recorded_at
            WHERE excluded.steps > recovery_point.steps
            """,
            [training, attempt.value, point.steps, point.state.hex, bytes, now])
        try retireStates(of: training, reportedBy: attempt)
    }

    /// Remembers a state that is only on its host.
    func keep(_ training: TrainingID, _ attempt: AttemptNumber, _ point: ResumePoint, bytes: Int) throws {
        try check(attempt)
        try progress(key(of: training), attempt)
        try run(
            """
            INSERT INTO kept_state (training, attempt, steps, state, bytes, recorded_at) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (training) DO UPDATE SET attempt = excluded.attempt, steps = excluded.steps,
                state = excluded.state, bytes = excluded.bytes, recorded_at = excluded.recorded_at
            WHERE excluded.steps > kept_state.steps
            """,
            [try key(of: training), attempt.value, point.steps, point.state.hex, bytes, now])
    }

    /// Notes that an attempt left a checkpoint.
    private func progress(_ training: Int64, _ attempt: AttemptNumber) throws {
        try run("UPDATE training SET progressed = ?2 WHERE key = ?1 AND progressed < ?2", training, attempt.value)
    }

    /// Keeps a result that differs from the one that stands. The same result of the same attempt is kept once.
    func addEvidence(
        kind: Evidence.Kind, trial: Int64, request: Int64?, attempt: AttemptNumber, kept: String, found: String
    ) throws {
        try run(
            """
            INSERT INTO evidence (kind, trial, request, attempt, kept, found, recorded_at)
            SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS (
                SELECT 1 FROM evidence WHERE trial = ?2 AND attempt = ?4 AND kind = ?1 AND request IS ?3 AND found = ?6)
            """,
            [kind.rawValue, trial, request, attempt.value, kept, found, now])
    }
}

// MARK: Measures

extension Recording {
    /// The key of a request, whichever trials it compares.
    func key(of request: MeasureRequest) throws -> Int64 {
        let arguments: [(any DatabaseValueConvertible)?] = [
            request.measure, request.version, try JSONText.write(request.ownParameters),
        ]
        try run(
            "INSERT INTO measure_request (measure, version, parameters) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            arguments)
        let statement = try db.cachedStatement(
            sql: "SELECT key FROM measure_request WHERE measure = ? AND version = ? AND parameters = ?")
        guard let key = try Int64.fetchOne(statement, arguments: StatementArguments(arguments)) else {
            throw unknown("measure \(request.measure) could not be stored")
        }
        return key
    }

    private func key(ofQuantity name: String, request: Int64) throws -> Int64 {
        let quantity = KnownKeys.Quantity(request: request, name: name)
        if let key = known.quantities[quantity] { return key }
        try run("INSERT INTO quantity (request, name) VALUES (?, ?) ON CONFLICT DO NOTHING", [request, name])
        let statement = try db.cachedStatement(sql: "SELECT key FROM quantity WHERE request = ? AND name = ?")
        guard let key = try Int64.fetchOne(statement, arguments: [request, name]) else {
            throw unknown("quantity \(name) could not be stored")
        }
        known.quantities[quantity] = key
        return key
    }

    func record(_ measured: WorkerEvent.Measured, attempt: AttemptNumber) throws {
        try check(attempt)
        let trial = try key(of: measured.trial)
        let request = try key(of: measured.request)
        let members = try StoredForms.members(of: measured.trial, measured.request)
        let standing = try Row.fetchOne(
            db.cachedStatement(
                sql: "SELECT key FROM measured WHERE trial = ? AND request = ? AND members = ?"),
            arguments: [trial, request, members])
        if let standing {
            let kept = try text(ofMeasured: standing[0])
            let found = try Self.text(
                checkpoint: measured.checkpoint.hex, rows: measured.rows,
                artifacts: measured.artifacts.map { ($0.name, $0.file.digest.hex) })
            if kept != found {
                try addEvidence(
                    kind: .measure, trial: trial, request: request, attempt: attempt, kept: kept, found: found)
            }
            return
        }
        try run(
            """
            INSERT INTO measured (trial, request, attempt, checkpoint, members, seconds, recorded_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [trial, request, attempt.value, measured.checkpoint.hex, members, measured.seconds, now])
        let key = db.lastInsertedRowID
        try run(
            "DELETE FROM failed_comparison WHERE trial = ? AND request = ? AND members = ?", [trial, request, members])
        for (ordinal, row) in measured.rows.enumerated() {
            try run(
                """
                INSERT INTO measurement (quantity, measured, ordinal, sigma, position, value, n, stderr)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    try self.key(ofQuantity: row.quantity, request: request), key, ordinal, row.sigma, row.position,
                    row.value, row.n, row.stderr,
                ])
        }
        for (ordinal, artifact) in measured.artifacts.enumerated() {
            try run(
                "INSERT INTO artifact (measured, ordinal, name, media_type, digest, bytes) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    key, ordinal, artifact.name, artifact.mediaType, artifact.file.digest.hex, artifact.file.bytes,
                ])
        }
    }

    /// Notes a measure, or a comparison, that could not be taken. Earlier faults no longer count against the trial.
    func fail(_ measure: MeasureRequest, of trial: TrialID, _ reason: String) throws {
        let key = try key(of: trial)
        try run(
            """
            INSERT INTO failed_comparison (trial, request, members, reason, failed_at)
            SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (
                SELECT 1 FROM measured WHERE trial = ?1 AND request = ?2 AND members = ?3)
            ON CONFLICT DO NOTHING
            """,
            [key, try self.key(of: measure), try StoredForms.members(of: trial, measure), reason, now])
        guard db.changesCount > 0 else { return }
        try run(
            "UPDATE trial SET forgiven = (SELECT coalesce(max(number), 0) FROM attempt) WHERE key = ?", [key])
    }

    /// The text, for comparison, of what is stored under a key of `measured`, here or in a catalogue that is attached under
    /// the name `schema`.
    func text(ofMeasured key: Int64, in schema: String = "main") throws -> String {
        let checkpoint = try String.fetchOne(
            db.cachedStatement(sql: "SELECT checkpoint FROM \(schema).measured WHERE key = ?"), arguments: [key])
        return try Self.text(
            checkpoint: checkpoint ?? "", rows: rows(of: key, in: schema), artifacts: artifacts(of: key, in: schema))
    }

    private func rows(of key: Int64, in schema: String) throws -> [MeasureRow] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT k.name, v.sigma, v.position, v.value, v.n, v.stderr
                    FROM \(schema).measured d JOIN \(schema).quantity k ON k.request = d.request
                    JOIN \(schema).measurement v ON v.quantity = k.key AND v.measured = d.key
                    WHERE d.key = ? ORDER BY v.ordinal
                    """),
            arguments: [key]
        ).map {
            MeasureRow(quantity: $0[0], sigma: $0[1], position: $0[2], value: $0[3], n: $0[4], stderr: $0[5])
        }
    }

    private func artifacts(of key: Int64, in schema: String) throws -> [(String, String)] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT name, digest FROM \(schema).artifact WHERE measured = ? ORDER BY ordinal"),
            arguments: [key]
        ).map { ($0[0], $0[1]) }
    }

    /// A text that is equal for results that count as the same; seconds are no part of it. NaN is null, as it is stored.
    static func text(checkpoint: String, rows: [MeasureRow], artifacts: [(String, String)]) throws -> String {
        func number(_ value: Double?) -> JSONValue { value.map { $0.isFinite ? .number($0) : .null } ?? .null }
        func count(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
        return try JSONText.write([
            "checkpoint": .string(checkpoint),
            "rows": .array(
                rows.map {
                    .array([
                        .string($0.quantity), number($0.sigma), count($0.position), number($0.value), count($0.n),
                        number($0.stderr),
                    ])
                }),
            "artifacts": .array(artifacts.map { .array([.string($0.0), .string($0.1)]) }),
        ])
    }
}
