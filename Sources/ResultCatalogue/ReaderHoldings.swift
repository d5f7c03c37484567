import GRDB
import JobContract
import SweepModel

extension CatalogueReader {
    /// What is recorded of these trainings, and every attempt whose end is not. Trainings the catalogue does not know
    /// hold nothing.
    package func holdings(of trainings: some Sequence<TrainingID>) throws -> Holdings {
        try read { db in
            var holdings = Holdings()
            let select = try db.cachedStatement(sql: "SELECT key FROM training WHERE training_id = ?")
            for training in trainings {
                guard let key = try Int64.fetchOne(select, arguments: [training.hex]) else { continue }
                try Self.add(training, key: key, to: &holdings, db)
            }
            holdings.openAttempts = try Self.openAttempts(db)
            holdings.openTrials = try Self.openTrials(db)
            holdings.takenBack = try Self.takenBack(db)
            holdings.startedAttempts = try Self.startedAttempts(db)
            holdings.faults = try Self.faults(db)
            holdings.hosts = try Self.knownHosts(db)
            holdings.measureSeconds = try Self.measureSeconds(db)
            return holdings
        }
    }

    private static func add(_ training: TrainingID, key: Int64, to holdings: inout Holdings, _ db: Database) throws {
        let recovery = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT steps, state FROM recovery_point WHERE training = ?"), arguments: [key])
        var longest = try recovery.map { ResumePoint(steps: $0[0], state: try digest($0[1])) }
        var checkpoints = [Holdings.Checkpoint]()
        var settled = [TrialID: TrialState]()
        let trials = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT t.trial_id, t.steps, t.state, m.weights, m.state
                    FROM trial t LEFT JOIN milestone m ON m.trial = t.key WHERE t.training = ? ORDER BY t.steps
                    """),
            arguments: [key])
        while let row = try trials.next() {
            let steps: Int = row[1]
            switch TrialState(rawValue: row[2]) {
            case .failed?: settled[TrialID(try digest(row[0]))] = .failed
            case .cancelled?: settled[TrialID(try digest(row[0]))] = .cancelled
            case .succeeded?: holdings.succeeded.insert(TrialID(try digest(row[0])))
            case .waiting?, .running?, nil: break
            }
            if let weights: String = row[3] {
                checkpoints.append(.init(steps: steps, weights: try digest(weights)))
            }
            if let state: String = row[4], steps >= longest?.steps ?? 0 {
                longest = ResumePoint(steps: steps, state: try digest(state))
            }
        }
        let kept = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT k.steps, k.state, a.host FROM kept_state k JOIN attempt a ON a.number = k.attempt
                    WHERE k.training = ?
                    """),
            arguments: [key])
        if let kept, case let steps = kept[0] as Int, steps > longest?.steps ?? 0 {
            holdings.keptStates[training] = .init(
                point: ResumePoint(steps: steps, state: try digest(kept[1])), host: kept[2])
        }
        if !checkpoints.isEmpty { holdings.milestones[training] = checkpoints }
        holdings.states[training] = longest
        holdings.settled.merge(settled) { $1 }
        let measured = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT t.trial_id, q.measure, q.version, q.parameters
                    FROM trial t JOIN measured d ON d.trial = t.key JOIN measure_request q ON q.key = d.request
                    WHERE t.training = ?
                    """),
            arguments: [key])
        while let row = try measured.next() {
            let request = MeasureRequest(
                measure: row[1], version: row[2], parameters: JSONText.object(row[3]) ?? [:])
            holdings.measured.insert(.init(trial: TrialID(try digest(row[0])), request: request))
        }
    }

    /// Attempts whose intent is durable and whose end is not recorded, oldest first.
    package func openAttempts() throws -> [AttemptRecord] { try read(Self.openAttempts) }

    private static func openAttempts(_ db: Database) throws -> [AttemptRecord] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT a.number, a.job, r.training_id, a.kind, a.host, a.machine, a.boot, a.cpu, a.task
                FROM attempt a JOIN training r ON r.key = a.training WHERE a.outcome IS NULL ORDER BY a.number
                """
        ).map { row in
            let trials = try String.fetchAll(
                db,
                sql: """
                    SELECT t.trial_id FROM attempt_trial x JOIN trial t ON t.key = x.trial WHERE x.attempt = ?
                    ORDER BY x.position
                    """, arguments: [row[0] as Int])
            return AttemptRecord(
                attempt: AttemptNumber(row[0]), job: JobID(try digest(row[1])),
                training: TrainingID(try digest(row[2])),
                kind: row[3], trials: try trials.map { TrialID(try digest($0)) }, host: row[4], machine: row[5],
                boot: row[6], cpu: row[7], task: (row[8] as String?).flatMap(StoredForms.task))
        }
    }

    private static func openTrials(_ db: Database) throws -> [TrialID: Holdings.OpenTrial] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT DISTINCT t.trial_id, t.steps, m.weights,
                    t.state NOT IN ('failed', 'cancelled') AND EXISTS (
                        SELECT 1 FROM wish w JOIN sweep s ON s.revision = w.revision
                        WHERE w.trial = t.key AND NOT EXISTS (
                            SELECT 1 FROM cancelled_wish c WHERE c.sweep = s.key AND c.trial = w.trial))
                FROM attempt a JOIN attempt_trial x ON x.attempt = a.number JOIN trial t ON t.key = x.trial
                LEFT JOIN milestone m ON m.trial = t.key WHERE a.outcome IS NULL
                """)
        var trials: [TrialID: Holdings.OpenTrial] = [:]
        for row in rows {
            let weights: String? = row[2]
            trials[TrialID(try digest(row[0]))] = Holdings.OpenTrial(
                steps: row[1], weights: try weights.map(digest), isWanted: row[3])
        }
        return trials
    }

    private static func takenBack(_ db: Database) throws -> [String: Set<TrialID>] {
        var result: [String: Set<TrialID>] = [:]
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT s.name, t.trial_id FROM cancelled_wish c JOIN sweep s ON s.key = c.sweep
                JOIN trial t ON t.key = c.trial
                """)
        while let row = try rows.next() {
            result[row[0], default: []].insert(TrialID(try digest(row[1])))
        }
        return result
    }

    static func digest(_ hex: String) throws -> Digest {
        guard let digest = Digest(hex: hex) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "\"\(hex.prefix(80))\" is no digest")
        }
        return digest
    }
}
