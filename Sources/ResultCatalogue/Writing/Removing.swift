import GRDB
import JobContract
import SweepModel

/// What the removal of sweeps and trials takes away, and what it leaves.
package struct Removal: Hashable, Sendable, Codable {
    /// Names of sweeps that go, sorted.
    package var sweeps: [String] = []
    /// Trials that go, with their attempts and results.
    package var trials = 0
    /// Trials of theirs that stay, since other sweeps list them.
    package var staying = 0
    /// The sweeps that list those, sorted.
    package var keepers: [String] = []
    package var measurements = 0
    /// Attempts at the trials that hosts still have: nothing is removed while there are any.
    package var openAttempts = 0
    /// Files of the store that nothing names any more once the rows are gone, and their bytes.
    package var files = 0
    package var bytes = 0

    package init() {}
}

extension Catalogue {
    /// What `remove` would take away. A trial that a sweep not named here lists, in any revision, stays; so does a trial named
    /// by itself that several sweeps list. Throws `CatalogueError.query` for a sweep or trial that there is not.
    package func removal(ofSweeps sweeps: [String], trials: [TrialID]) throws -> Removal {
        try CatalogueError.translating(path) {
            try queue.inDatabase { db in
                var removal = Removal()
                try db.inTransaction(.immediate) {
                    removal = try Removing(db, path: path).plan(sweeps, trials)
                    return .rollback
                }
                return removal
            }
        }
    }

    /// Removes sweeps, and trials with their attempts, measurements and notes, in one transaction; what stays is as
    /// `removal` tells. A sweep that loses a trial lists it again when its file is launched anew. Attempt
    /// numbers are not given again. Throws as that does, and where hosts have attempts at the trials.
    @discardableResult
    package func remove(sweeps: [String], trials: [TrialID]) throws -> Removal {
        defer { knownKeys.forget() }
        let now = Timestamp.text(clock())
        return try withoutForeignKeys {
            try write { db in
                let removing = Removing(db, path: path)
                let removal = try removing.plan(sweeps, trials)
                guard removal.openAttempts == 0 else {
                    throw CatalogueError(
                        .query, "\(path): hosts have \(removal.openAttempts) attempts at what was to be removed")
                }
                try removing.perform(now)
                try Self.recount(db)
                return removal
            }
        }
    }

    /// Foreign keys are looked up from the row that goes, and most rows name measures and attempts without an index: each
    /// would cost a look at the whole table. `Removing` takes rows away before what they name.
    private func withoutForeignKeys<Value>(_ body: () throws -> Value) throws -> Value {
        try CatalogueError.translating(path) {
            try queue.inDatabase { try $0.execute(sql: "PRAGMA foreign_keys = OFF") }
        }
        defer { try? queue.inDatabase { try $0.execute(sql: "PRAGMA foreign_keys = ON") } }
        return try body()
    }

    /// Gives a sweep another name. Throws `CatalogueError.query` where there is no such sweep, or another has the name.
    package func rename(_ sweep: String, to name: String) throws {
        try write { db in
            guard
                try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM sweep WHERE name = ?)", arguments: [name])
                    != true
            else { throw CatalogueError(.query, "\(path): there is a sweep \"\(name)\" already") }
            try db.execute(sql: "UPDATE sweep SET name = ? WHERE name = ?", arguments: [name, sweep])
            guard db.changesCount > 0 else { throw CatalogueError(.query, "\(path): there is no sweep \"\(sweep)\"") }
        }
    }
}

/// The removal inside one transaction or snapshot: first what goes is put into temporary tables.
private struct Removing {
    let db: Database
    let path: String

    init(_ db: Database, path: String) {
        self.db = db
        self.path = path
    }

    func plan(_ sweeps: [String], _ trials: [TrialID]) throws -> Removal {
        try db.execute(
            sql: """
                DROP TABLE IF EXISTS temp.gone_sweep; DROP TABLE IF EXISTS temp.gone_trial;
                DROP TABLE IF EXISTS temp.gone_measured; DROP TABLE IF EXISTS temp.gone_training;
                CREATE TEMP TABLE gone_sweep (key INTEGER PRIMARY KEY);
                CREATE TEMP TABLE gone_trial (key INTEGER PRIMARY KEY);
                CREATE TEMP TABLE gone_measured (key INTEGER PRIMARY KEY);
                CREATE TEMP TABLE gone_training (key INTEGER PRIMARY KEY);
                DROP TABLE IF EXISTS temp.kept_trial;
                CREATE TEMP TABLE kept_trial (key INTEGER PRIMARY KEY);
                """)
        var removal = Removal()
        removal.sweeps = sweeps.sorted()
        for sweep in sweeps {
            try db.execute(
                sql: "INSERT INTO gone_sweep SELECT key FROM sweep WHERE name = ? ON CONFLICT DO NOTHING",
                arguments: [sweep])
            guard db.changesCount > 0 || Set(sweeps).count < sweeps.count else {
                throw CatalogueError(.query, "\(path): there is no sweep \"\(sweep)\"")
            }
        }
        try db.execute(
            sql: """
                INSERT INTO gone_trial SELECT DISTINCT w.trial FROM gone_sweep g JOIN revision r ON r.sweep = g.key
                JOIN wish w ON w.revision = r.key
                """)
        removal.staying = try keepListed("r.sweep NOT IN (SELECT key FROM gone_sweep)", least: 1, &removal.keepers)
        for trial in trials { try add(trial, &removal) }
        try db.execute(
            sql: """
                INSERT INTO gone_measured SELECT d.key FROM measured d JOIN gone_trial g ON g.key = d.trial;
                INSERT INTO gone_measured SELECT d.key FROM measured d WHERE d.members <> '' AND EXISTS (
                    SELECT 1 FROM json_each(d.members) m JOIN trial t ON t.trial_id = m.value
                    JOIN gone_trial g ON g.key = t.key) ON CONFLICT DO NOTHING;
                INSERT INTO gone_training SELECT DISTINCT t.training FROM gone_trial g JOIN trial t ON t.key = g.key
                WHERE NOT EXISTS (
                    SELECT 1 FROM trial o WHERE o.training = t.training AND o.key NOT IN (SELECT key FROM gone_trial));
                """)
        removal.trials = try count("SELECT count(*) FROM gone_trial")
        removal.measurements = try count(
            """
            SELECT count(*) FROM gone_measured g JOIN measured d ON d.key = g.key
            JOIN quantity q ON q.request = d.request JOIN measurement v ON v.quantity = q.key AND v.measured = g.key
            """)
        removal.openAttempts = try count(
            """
            SELECT count(*) FROM attempt a WHERE a.outcome IS NULL AND EXISTS (
                SELECT 1 FROM attempt_trial x JOIN gone_trial g ON g.key = x.trial WHERE x.attempt = a.number)
            """)
        let files = try Row.fetchOne(db, sql: "SELECT count(*), coalesce(sum(bytes), 0) FROM (\(Self.files))")
        (removal.files, removal.bytes) = (files?[0] ?? 0, files?[1] ?? 0)
        return removal
    }

    /// Takes out of what goes the trials that at least so many sweeps list of which the condition holds, and notes these.
    private func keepListed(_ condition: String, least: Int, _ keepers: inout [String]) throws -> Int {
        let listed = """
            SELECT w.trial, r.sweep FROM gone_trial g JOIN wish w ON w.trial = g.key JOIN revision r ON r.key = w.revision
            WHERE \(condition)
            """
        let kept = "SELECT trial FROM (\(listed)) GROUP BY trial HAVING count(DISTINCT sweep) >= \(least)"
        let names = try String.fetchAll(
            db,
            sql: "SELECT DISTINCT s.name FROM (\(listed)) x JOIN sweep s ON s.key = x.sweep WHERE x.trial IN (\(kept))")
        keepers = Set(keepers).union(names).sorted()
        try db.execute(sql: "INSERT INTO kept_trial \(kept) ON CONFLICT DO NOTHING")
        try db.execute(sql: "DELETE FROM gone_trial WHERE key IN (\(kept))")
        return db.changesCount
    }

    private func add(_ trial: TrialID, _ removal: inout Removal) throws {
        guard
            let key = try Int64.fetchOne(db, sql: "SELECT key FROM trial WHERE trial_id = ?", arguments: [trial.hex])
        else { throw CatalogueError(.query, "\(path): there is no trial \(trial.short)") }
        try db.execute(sql: "INSERT INTO gone_trial VALUES (?) ON CONFLICT DO NOTHING", arguments: [key])
        removal.staying += try keepListed(
            "g.key = \(key) AND r.sweep NOT IN (SELECT key FROM gone_sweep)", least: 2, &removal.keepers)
    }

    private func count(_ sql: String) throws -> Int { try Int.fetchOne(db, sql: sql) ?? 0 }

    /// Files that only rows name that go: SQL of `digest` and `bytes`.
    private static let files = """
        SELECT digest, max(bytes) AS bytes FROM (
            SELECT m.weights AS digest, m.weights_bytes AS bytes FROM milestone m JOIN gone_trial g ON g.key = m.trial
            UNION SELECT m.state, m.state_bytes FROM milestone m JOIN gone_trial g ON g.key = m.trial
            WHERE m.state NOT NULL AND \(isOfGoneTraining)
            UNION SELECT p.state, p.bytes FROM recovery_point p JOIN gone_training g ON g.key = p.training
            UNION SELECT f.digest, f.bytes FROM artifact f JOIN gone_measured g ON g.key = f.measured
        ) x
        WHERE NOT EXISTS (
            SELECT 1 FROM milestone m WHERE m.weights = x.digest AND m.trial NOT IN (SELECT key FROM gone_trial))
        AND NOT EXISTS (
            SELECT 1 FROM milestone m WHERE m.state = x.digest AND m.trial NOT IN (SELECT key FROM gone_trial))
        AND NOT EXISTS (
            SELECT 1 FROM recovery_point p WHERE p.state = x.digest AND p.training NOT IN (SELECT key FROM gone_training))
        AND NOT EXISTS (
            SELECT 1 FROM artifact f WHERE f.digest = x.digest AND f.measured NOT IN (SELECT key FROM gone_measured))
        GROUP BY digest
        """

    private static let isOfGoneTraining =
        "(SELECT training FROM trial WHERE key = m.trial) IN (SELECT key FROM gone_training)"

    /// Takes away what `plan` found, rows before what they name.
    func perform(_ now: String) throws {
        // Another trial's training may go on from a state of one that goes.
        try db.execute(
            sql: """
                INSERT INTO recovery_point (training, attempt, steps, state, bytes, recorded_at)
                SELECT t.training, m.attempt, max(t.steps), m.state, m.state_bytes, m.recorded_at
                FROM gone_trial g JOIN trial t ON t.key = g.key JOIN milestone m ON m.trial = g.key
                WHERE m.state NOT NULL AND NOT \(Self.isOfGoneTraining) GROUP BY t.training
                ON CONFLICT (training) DO UPDATE SET attempt = excluded.attempt, steps = excluded.steps,
                    state = excluded.state, bytes = excluded.bytes, recorded_at = excluded.recorded_at
                WHERE excluded.steps > recovery_point.steps;

                DELETE FROM measurement WHERE (quantity, measured) IN (
                    SELECT q.key, g.key FROM gone_measured g JOIN measured d ON d.key = g.key
                    JOIN quantity q ON q.request = d.request);
                DELETE FROM artifact WHERE measured IN (SELECT key FROM gone_measured);
                DELETE FROM measured WHERE key IN (SELECT key FROM gone_measured);
                DELETE FROM milestone WHERE trial IN (SELECT key FROM gone_trial);
                DELETE FROM evidence WHERE trial IN (SELECT key FROM gone_trial);
                DELETE FROM failed_comparison WHERE trial IN (SELECT key FROM gone_trial) OR \(Self.namesGone("members"));
                DELETE FROM wished_comparison WHERE trial IN (SELECT key FROM gone_trial) OR \(Self.namesGone("members"));
                UPDATE revision SET content = '' WHERE key IN (
                    SELECT w.revision FROM gone_trial g JOIN wish w ON w.trial = g.key);
                DELETE FROM wish WHERE trial IN (SELECT key FROM gone_trial);
                DELETE FROM cancelled_wish WHERE trial IN (SELECT key FROM gone_trial);
                DELETE FROM note WHERE trial IN (SELECT key FROM gone_trial);
                DELETE FROM tag WHERE trial IN (SELECT key FROM gone_trial);
                """)
        try removeSweeps()
        try removeTrials()
        try settle(now)
    }

    private static func namesGone(_ members: String) -> String {
        """
        (\(members) <> '' AND EXISTS (SELECT 1 FROM json_each(\(members)) m JOIN trial t ON t.trial_id = m.value
            JOIN gone_trial g ON g.key = t.key))
        """
    }

    private func removeSweeps() throws {
        let revisions = "(SELECT r.key FROM revision r JOIN gone_sweep g ON g.key = r.sweep)"
        for table in ["wish", "wished_comparison", "wished_dataset", "wished_measure"] {
            try db.execute(sql: "DELETE FROM \(table) WHERE revision IN \(revisions)")
        }
        for table in ["cancelled_wish", "sweep_count", "sweep_work", "note", "tag", "forecast", "revision"] {
            try db.execute(sql: "DELETE FROM \(table) WHERE sweep IN (SELECT key FROM gone_sweep)")
        }
        try db.execute(sql: "DELETE FROM sweep WHERE key IN (SELECT key FROM gone_sweep)")
    }

    /// What only a sweep that went wanted of the trials that stay is not waited for any more.
    private func settle(_ now: String) throws {
        let kept = "key IN (SELECT key FROM kept_trial) AND state IN ('waiting', 'running')"
        try db.execute(
            sql: "UPDATE trial SET state = 'cancelled', ended_at = ? WHERE \(kept) AND NOT \(Recording.isWanted)",
            arguments: [now])
        try db.execute(
            sql: """
                UPDATE trial SET state = 'succeeded', ended_at = ?
                WHERE \(kept) AND reason IS NULL AND NOT \(Recording.isIncomplete)
                """, arguments: [now])
    }

    /// The attempt with the largest number stays, without its trials, and its training with it: the next is counted from it.
    private func removeTrials() throws {
        try db.execute(
            sql: """
                DROP TABLE IF EXISTS temp.gone_attempt;
                CREATE TEMP TABLE gone_attempt (number INTEGER PRIMARY KEY);
                INSERT INTO gone_attempt
                SELECT DISTINCT x.attempt FROM gone_trial g JOIN attempt_trial x ON x.trial = g.key
                UNION SELECT a.number FROM attempt a JOIN gone_training g ON g.key = a.training;
                DELETE FROM attempt_trial WHERE trial IN (SELECT key FROM gone_trial);
                DELETE FROM recovery_point WHERE training IN (SELECT key FROM gone_training);
                DELETE FROM kept_state WHERE training IN (SELECT key FROM gone_training);
                DELETE FROM reach WHERE training IN (SELECT key FROM gone_training);
                DELETE FROM wished_dataset WHERE training IN (SELECT key FROM gone_training);
                DELETE FROM dataset_request WHERE key NOT IN (SELECT dataset FROM wished_dataset);
                DELETE FROM gone_attempt WHERE number = (SELECT max(number) FROM attempt)
                OR EXISTS (SELECT 1 FROM attempt_trial x WHERE x.attempt = number)
                OR number IN (SELECT attempt FROM recovery_point UNION SELECT attempt FROM kept_state
                    UNION SELECT attempt FROM milestone UNION SELECT attempt FROM measured UNION SELECT attempt FROM evidence);
                DELETE FROM merged_attempt WHERE attempt IN (SELECT number FROM gone_attempt);
                DELETE FROM attempt WHERE number IN (SELECT number FROM gone_attempt);
                DELETE FROM trial WHERE key IN (SELECT key FROM gone_trial);
                DELETE FROM training WHERE key IN (SELECT key FROM gone_training)
                AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.training = training.key);
                DROP TABLE gone_attempt;
                """)
    }
}
