import GRDB
import JobContract
import SweepModel

/// A sweep and how far it is.
package struct SweepSummary: Hashable, Sendable {
    package var name: String
    package var about: String
    /// The number of the revision that is wanted.
    package var revision: Int
    /// ISO 8601, UTC.
    package var storedAt: String
    /// Trials by state; states without trials are absent.
    package var counts: [TrialState: Int]

    package var trials: Int { counts.values.reduce(0, +) }
    /// Measures over several trials by state. One is `cancelled` where a trial of it failed or was cancelled. States without
    /// any are absent.
    package var comparisons: [TrialState: Int]

    /// Whether something still waits or runs.
    package var isUnfinished: Bool {
        counts[.waiting, default: 0] + counts[.running, default: 0] + comparisons[.waiting, default: 0] > 0
    }
}

extension CatalogueReader {
    /// Every sweep, the oldest first.
    package func sweeps() throws -> [SweepSummary] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT s.name, r.about, r.number, r.stored_at, s.key
                    FROM sweep s JOIN revision r ON r.key = s.revision ORDER BY s.key
                    """
            ).map { row in
                var counts = [TrialState: Int]()
                let states = try Row.fetchAll(
                    db, sql: "SELECT state, trials FROM sweep_count WHERE sweep = ? AND trials <> 0",
                    arguments: [row[4] as Int64])
                for row in states { if let state = TrialState(rawValue: row[0]) { counts[state] = Self.count(row[1]) } }
                return SweepSummary(
                    name: row[0], about: row[1], revision: row[2], storedAt: row[3], counts: counts,
                    comparisons: try Self.comparisonCounts(of: row[0], db))
            }
        }
    }

    /// A stored count as one that can be added to others, whoever wrote it.
    private static func count(_ stored: Int) -> Int { min(max(0, stored), 1 << 53) }

    private static func comparisonCounts(of sweep: String, _ db: Database) throws -> [TrialState: Int] {
        try Row.fetchAll(
            db, sql: "SELECT state, count(*) FROM comparisons WHERE sweep = ? GROUP BY state", arguments: [sweep]
        ).reduce(into: [:]) { counts, row in
            if let state = TrialState(rawValue: row[0]) { counts[state] = row[1] }
        }
    }

    /// The sweeps of which something waits or runs, which an open attempt serves, or of which a lost file is to be made
    /// again.
    package func unfinishedSweeps() throws -> [String] {
        let others = try read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT s.name FROM attempt a JOIN attempt_trial x ON x.attempt = a.number
                    JOIN wish w ON w.trial = x.trial JOIN sweep s ON s.revision = w.revision WHERE a.outcome IS NULL
                    UNION
                    SELECT s.name FROM trial t CROSS JOIN wish w ON w.trial = t.key
                    CROSS JOIN sweep s ON s.revision = w.revision WHERE t.state = 'waiting' AND t.reason IS NOT NULL
                    """)
        }
        return try sweeps().filter { $0.isUnfinished || others.contains($0.name) }.map(\.name)
    }

    /// The sweep of that name as it was last stored, without what its trials asked for, which `resume` does not need. Nil
    /// where there is none. Trials whose name is not the digest of their stored spec come in `misnamed` alone.
    package func sweep(named name: String) throws -> ExpandedSweep? { try read { try Self.sweep(named: name, $0) } }

    static func sweep(named name: String, _ db: Database) throws -> ExpandedSweep? {
        guard
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT r.key, r.about, r.text, r.overrides, r.needs, r.worker
                    FROM sweep s JOIN revision r ON r.key = s.revision WHERE s.name = ?
                    """, arguments: [name])
        else { return nil }
        let revision: Int64 = row[0]
        var sweep = ExpandedSweep(
            name: name, about: row[1], text: row[2], overrides: StoredForms.strings(JSONText.read(row[3])),
            trials: [], trainings: [:], datasets: [:], measures: try measures(of: revision, db),
            comparisons: try comparisons(of: revision, db),
            needs: StoredForms.needs(row[4]), worker: StoredForms.worker(row[5]))
        try addTrials(of: revision, to: &sweep, db)
        sweep.takeOutMisnamed()
        return sweep
    }

    /// The worker of the sweep of that name; nil where there is no such sweep.
    package func worker(of sweep: String) throws -> WorkerCommand? {
        try read { db in
            try String.fetchOne(
                db, sql: "SELECT r.worker FROM sweep s JOIN revision r ON r.key = s.revision WHERE s.name = ?",
                arguments: [sweep]
            ).map(StoredForms.worker)
        }
    }

    private static func measures(of revision: Int64, _ db: Database) throws -> [MeasureRequest] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT q.measure, q.version, q.parameters
                FROM wished_measure w JOIN measure_request q ON q.key = w.request WHERE w.revision = ?
                ORDER BY w.position
                """, arguments: [revision]
        ).map { MeasureRequest(measure: $0[0], version: $0[1], parameters: JSONText.object($0[2]) ?? [:]) }
    }

    private static func comparisons(of revision: Int64, _ db: Database) throws -> [Comparison] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT t.trial_id, q.measure, q.version, q.parameters, c.members
                FROM wished_comparison c JOIN trial t ON t.key = c.trial JOIN measure_request q ON q.key = c.request
                WHERE c.revision = ? ORDER BY c.position
                """, arguments: [revision]
        ).map { row in
            let request = MeasureRequest(measure: row[1], version: row[2], parameters: JSONText.object(row[3]) ?? [:])
            return Comparison(
                trial: TrialID(try digest(row[0])), request: StoredForms.comparison(request, of: row[4]))
        }
    }

    private static func addTrials(of revision: Int64, to sweep: inout ExpandedSweep, _ db: Database) throws {
        let rows = try StoredRows(
            db,
            """
            SELECT t.training, t.trial_id, t.steps, w.position
            FROM wish w CROSS JOIN trial t ON t.key = w.trial WHERE w.revision = ? ORDER BY w.position
            """, [revision])
        var found: [(id: TrialID, training: Int32, steps: Int, position: Int)] = []
        var keys: [Int64] = []
        var places: [Int64: Int32] = [:]
        let last = try Int.fetchOne(db, sql: "SELECT max(position) FROM wish WHERE revision = ?", arguments: [revision])
        found.reserveCapacity((last ?? 0) + 1)
        while try rows.next() {
            let key = rows.integer(0)
            var place = found.last?.training ?? 0
            if keys.isEmpty || keys[Int(place)] != key {
                place = places[key] ?? Int32(keys.count)
                if place == keys.count {
                    keys.append(key)
                    places[key] = place
                }
            }
            found.append((TrialID(try rows.digest(1)), place, rows.count(2), rows.count(3)))
        }
        let trainings = try addTrainings(keys, of: revision, to: &sweep, db)
        sweep.trials = found.map { trial in
            Trial(
                id: trial.id, training: trainings[Int(trial.training)], steps: trial.steps, position: trial.position,
                asked: [:])
        }
    }

    /// The IDs of the trainings with these keys, in the keys' order.
    private static func addTrainings(
        _ keys: [Int64], of revision: Int64, to sweep: inout ExpandedSweep, _ db: Database
    ) throws -> [TrainingID] {
        let rows = try StoredRows(
            db,
            """
            SELECT r.training_id, r.spec, r.batch, r.resolution, r.model_scale, d.key, d.request, j.key, r.architecture
            FROM json_each(?) j CROSS JOIN training r ON r.key = j.value
            LEFT JOIN wished_dataset x ON x.revision = ? AND x.training = r.key
            LEFT JOIN dataset_request d ON d.key = x.dataset
            """, [StoredRows.array(keys), revision])
        var ids: [TrainingID] = []
        var costs: [Double] = []
        var specs = TextColumn(count: keys.count)
        // Rows may come in any order: sorting them would cost more than all the rest.
        var rowOfKey = [Int](repeating: 0, count: keys.count)
        var datasets: [Int64: DatasetRequest] = [:]
        sweep.datasets.reserveCapacity(keys.count)
        while try rows.next() {
            let id = TrainingID(try rows.digest(0))
            rowOfKey[rows.count(7)] = ids.count
            ids.append(id)
            specs.append(1, of: rows)
            costs.append(
                Training.costPerStep(
                    architecture: rows.isNull(8) ? nil : rows.text(8), batch: rows.count(2), resolution: rows.number(3),
                    scale: rows.number(4)))
            guard !rows.isNull(5) else { continue }
            let key = rows.integer(5)
            if datasets[key] == nil { datasets[key] = StoredForms.dataset(rows.text(6)) }
            sweep.datasets[id] = datasets[key]
        }
        guard ids.count == keys.count else {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "\(keys.count - ids.count) trainings of trials are missing")
        }
        let table = TextTable(texts: specs.texts, ends: specs.ends)
        sweep.trainings.reserveCapacity(keys.count)
        for (index, id) in ids.enumerated() {
            sweep.trainings[id] = Training(id: id, spec: .text(table, index), costPerStep: costs[index])
        }
        return rowOfKey.map { ids[$0] }
    }

    /// The state of every trial the sweep wants, in the sweep's order.
    package func trialStates(of sweep: String) throws -> [(trial: TrialID, state: TrialState)] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT trial_id, state FROM sweep_trials WHERE sweep = ? ORDER BY position",
                arguments: [sweep]
            ).compactMap { row in
                try TrialState(rawValue: row[1]).map { (TrialID(try Self.digest(row[0])), $0) }
            }
        }
    }
}
