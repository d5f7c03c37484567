import GRDB
import JobContract
import SweepModel

extension CatalogueReader {
    /// What is recorded of these trainings, and every attempt whose end is not recorded. Of trainings that the catalogue
    /// does not know there is nothing.
    package func holdings(of trainings: some Sequence<TrainingID>) throws -> Holdings {
        try read { db in
            var holdings = Holdings()
            let known = try Self.addStates(of: trainings, to: &holdings, db)
            try Self.addSettled(of: known, to: &holdings, db)
            try Self.addResults(of: known, to: &holdings, db)
            holdings.openAttempts = try Self.openAttempts(db)
            try Self.forgetOthersAttempts(in: &holdings, db)
            holdings.openTrials = try Self.openTrials(db)
            holdings.takenBack = try Self.takenBack(db)
            holdings.failedMeasures = try Self.failedMeasures(db)
            holdings.startedAttempts = try Self.startedAttempts(db)
            holdings.faults = try Self.faults(db)
            holdings.hosts = try Self.knownHosts(db)
            holdings.measureSeconds = try Self.measureSeconds(db)
            return holdings
        }
    }

    private typealias Known = (key: Int64, id: TrainingID)

    /// Adds recovery points and states kept on hosts, and returns the trainings that the catalogue knows.
    private static func addStates(
        of trainings: some Sequence<TrainingID>, to holdings: inout Holdings, _ db: Database
    ) throws -> [Known] {
        let asked = Array(trainings)
        let rows = try StoredRows(
            db,
            """
            SELECT j.key, r.key, p.steps, p.state, k.steps, k.state, a.host
            FROM json_each(?) j CROSS JOIN training r ON r.training_id = j.value
            LEFT JOIN recovery_point p ON p.training = r.key
            LEFT JOIN kept_state k ON k.training = r.key LEFT JOIN attempt a ON a.number = k.attempt
            """, ["[\"" + asked.map(\.hex).joined(separator: "\",\"") + "\"]"])
        var known: [Known] = []
        while try rows.next() {
            let id = asked[rows.count(0)]
            known.append((rows.integer(1), id))
            if !rows.isNull(2) {
                holdings.states[id] = ResumePoint(steps: rows.count(2), state: try rows.digest(3))
            }
            if !rows.isNull(4), !rows.isNull(6) {
                let point = ResumePoint(steps: rows.count(4), state: try rows.digest(5))
                holdings.keptStates[id] = .init(point: point, host: rows.text(6))
            }
        }
        return known
    }

    private static func addSettled(of trainings: [Known], to holdings: inout Holdings, _ db: Database) throws {
        let rows = try StoredRows(
            db,
            """
            SELECT trial.trial_id, trial.state FROM json_each(?) j CROSS JOIN trial INDEXED BY trial_settled
                ON trial.training = j.value
            WHERE trial.state IN ('failed', 'cancelled') AND NOT \(Recording.missesMeasures)
            """, [StoredRows.array(trainings.lazy.map(\.key))])
        while try rows.next() {
            holdings.settled[TrialID(try rows.digest(0))] = TrialState(rawValue: rows.text(1))
        }
    }

    /// Adds milestones, measures and artifacts of the trainings that have reached anything.
    private static func addResults(of trainings: [Known], to holdings: inout Holdings, _ db: Database) throws {
        let rows = try StoredRows(
            db,
            """
            SELECT j.key, t.key, t.trial_id, t.steps, t.state, m.weights, m.state, d.request, d.members, d.key, m.attempt
            FROM json_each(?) j CROSS JOIN reach e ON e.training = j.value CROSS JOIN trial t ON t.training = e.training
            LEFT JOIN milestone m ON m.trial = t.key LEFT JOIN measured d ON d.trial = t.key
            """, [StoredRows.array(trainings.lazy.map(\.key))])
        var measured: [Int64: Set<TrialID>] = [:]
        var compared: [(trial: TrialID, request: Int64, members: String)] = []
        var last: Int64?
        var open: [Int64: (trial: TrialID, request: Int64, members: String)] = [:]
        while try rows.next() {
            let trial = TrialID(try rows.digest(2))
            if !rows.isNull(7) {
                if let state = TrialState(rawValue: rows.text(4)), state == .waiting || state == .running {
                    open[rows.integer(9)] = (trial, rows.integer(7), rows.text(8))
                }
                if rows.text(8).isEmpty {
                    measured[rows.integer(7), default: []].insert(trial)
                } else {
                    compared.append((trial, rows.integer(7), rows.text(8)))
                }
            }
            // A trial has a row for each of its measures, one after the other.
            guard last != rows.integer(1) else { continue }
            last = rows.integer(1)
            let training = trainings[rows.count(0)].id
            let steps = rows.count(3)
            if TrialState(rawValue: rows.text(4)) == .succeeded { holdings.succeeded.insert(trial) }
            if !rows.isNull(5) {
                holdings.milestones[training, default: []].append(
                    .init(steps: steps, weights: try rows.digest(5), attempt: AttemptNumber(rows.count(10))))
            }
            if !rows.isNull(6) { holdings.addState(ResumePoint(steps: steps, state: try rows.digest(6)), of: training) }
        }
        for training in holdings.milestones.keys { holdings.milestones[training]?.sort { $0.steps < $1.steps } }
        holdings.keptStates = holdings.keptStates.filter { $1.point.steps > holdings.states[$0]?.steps ?? 0 }
        let requests = try requests(db)
        for (key, request) in requests { holdings.measured.insert(measured[key] ?? [], with: request) }
        for unit in compared {
            guard let request = requests[unit.request] else { continue }
            holdings.measured.insert(
                .init(trial: unit.trial, request: StoredForms.comparison(request, of: unit.members)))
        }
        let artifacts = try StoredRows(
            db,
            """
            SELECT f.measured, f.digest FROM json_each(?) j CROSS JOIN artifact f ON f.measured = j.value
            JOIN measured d ON d.key = f.measured
            WHERE NOT EXISTS (
                SELECT 1 FROM evidence e WHERE e.trial = d.trial AND e.request = d.request
                AND instr(e.kept, f.digest) > 0 AND instr(e.found, f.digest) = 0)
            """, [StoredRows.array(open.keys.lazy.map { $0 })])
        while try artifacts.next() {
            guard let unit = open[artifacts.integer(0)], let request = requests[unit.request] else { continue }
            let named = unit.members.isEmpty ? request : StoredForms.comparison(request, of: unit.members)
            holdings.artifacts[.init(trial: unit.trial, request: named), default: []].append(try artifacts.digest(1))
        }
    }

    /// Forgets the attempts of milestones that came with a merge: their numbers say nothing of how far attempts here are.
    private static func forgetOthersAttempts(in holdings: inout Holdings, _ db: Database) throws {
        let trainings = Set(holdings.openAttempts.map(\.training)).filter { holdings.milestones[$0] != nil }
        let attempts = trainings.flatMap { holdings.milestones[$0] ?? [] }.compactMap(\.attempt)
        guard !attempts.isEmpty else { return }
        let merged = Set(
            try Int.fetchAll(
                db, sql: "SELECT attempt FROM merged_attempt WHERE attempt IN (SELECT value FROM json_each(?))",
                arguments: [StoredRows.array(attempts.lazy.map { Int64($0.value) })]))
        guard !merged.isEmpty else { return }
        for training in trainings {
            for index in (holdings.milestones[training] ?? []).indices {
                guard let attempt = holdings.milestones[training]?[index].attempt, merged.contains(attempt.value)
                else { continue }
                holdings.milestones[training]?[index].attempt = nil
            }
        }
    }

    private static func requests(_ db: Database) throws -> [Int64: MeasureRequest] {
        try Row.fetchAll(db, sql: "SELECT key, measure, version, parameters FROM measure_request").reduce(into: [:]) {
            $0[$1[0]] = MeasureRequest(measure: $1[1], version: $1[2], parameters: JSONText.object($1[3]) ?? [:])
        }
    }

    private static func failedMeasures(_ db: Database) throws -> [Holdings.MeasuredUnit: String] {
        var failed: [Holdings.MeasuredUnit: String] = [:]
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT t.trial_id, q.measure, q.version, q.parameters, f.members, f.reason
                FROM failed_comparison f JOIN trial t ON t.key = f.trial JOIN measure_request q ON q.key = f.request
                """)
        for row in rows {
            let request = MeasureRequest(
                measure: row[1], version: row[2], parameters: JSONText.object(row[3]) ?? [:])
            let members: String = row[4]
            let named = members.isEmpty ? request : StoredForms.comparison(request, of: members)
            failed[.init(trial: TrialID(try digest(row[0])), request: named)] = row[5]
        }
        return failed
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
                kind: try known(row[3]), trials: try trials.map { TrialID(try digest($0)) }, host: row[4],
                machine: row[5],
                boot: row[6], cpu: row[7], task: (row[8] as String?).flatMap(StoredForms.task))
        }
    }

    private static func openTrials(_ db: Database) throws -> [TrialID: Holdings.OpenTrial] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT DISTINCT trial.trial_id, trial.steps, m.weights,
                    (trial.state NOT IN ('failed', 'cancelled') OR \(Recording.missesMeasures)) AND EXISTS (
                        SELECT 1 FROM wish w JOIN sweep s ON s.revision = w.revision
                        WHERE w.trial = trial.key AND NOT EXISTS (
                            SELECT 1 FROM cancelled_wish c WHERE c.sweep = s.key AND c.trial = w.trial))
                FROM attempt a JOIN attempt_trial x ON x.attempt = a.number JOIN trial ON trial.key = x.trial
                LEFT JOIN milestone m ON m.trial = trial.key WHERE a.outcome IS NULL
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

    /// The value that is stored as `text`. Throws for text that no release has stored.
    static func known<Value: RawRepresentable>(_ text: String) throws -> Value where Value.RawValue == String {
        guard let value = Value(rawValue: text) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "\"\(text.prefix(80))\" is no \(Value.self)")
        }
        return value
    }
}

extension Holdings {
    /// Adds a milestone's state: the longest stands in `states`, a milestone's in place of a recovery point of its length.
    fileprivate mutating func addState(_ point: ResumePoint, of training: TrainingID) {
        guard let known = states[training] else { return states[training] = point }
        states[training] = point.steps >= known.steps ? point : known
        let shorter = point.steps >= known.steps ? known : point
        shorterStates[training, default: []].append(shorter)
    }
}
