import GRDB

/// The catalogue's migrations: append only, never edited once released, one transaction each.
enum Schema {
    /// "ESwp", which marks a file as a catalogue in its header.
    static let applicationID: Int32 = 0x4553_7770

    static let migrations: [Migration] = [
        Migration("0001-wishes", wishes),
        Migration("0002-results", results),
        Migration("0003-stable-views", stableViews),
        Migration("0004-kept-states", keptStates),
        Migration("0005-cancelled-wishes", cancelledWishes),
        Migration("0006-drained-hosts", drainedHosts),
        Migration("0007-charges", charges),
        Migration("0008-coordinator-starts", coordinatorStarts),
        Migration("0009-attempt-diagnostics", attemptDiagnostics),
        Migration("0010-counts", counts),
        Migration("0011-settled-trials", settledTrials),
        Migration("0012-quantities", quantities),
        Migration("0013-merged-attempts", mergedAttempts),
        Migration("0014-comparisons", comparisons),
        Migration("0015-places", places),
        Migration("0016-declarations", declarations),
        Migration("0017-sealed-pages", sealedPages),
        Migration("0018-failed-measures", failedMeasures),
        Migration("0019-trials-made-again", trialsMadeAgain),
        Migration("0020-gpus", "ALTER TABLE host ADD COLUMN gpus TEXT"),
        Migration("0021-worker-files", workerFiles),
        Migration("0022-trial-weights", trialWeights),
        Migration("0023-work-by-architecture", workByArchitecture),
        Migration("0024-early-tables", mendEarlyTables),
        Migration("0025-remarks", remarks),
    ]

    /// The step that `mendEarlyTables` comes after.
    static let mendingStep = 23

    /// What this release writes to `user_version`.
    static var version: Int { migrations.count }
}

/// One step from a schema to the next, named for what it does.
struct Migration {
    let name: String
    /// Its statements; empty where `work` makes them by what it finds.
    let sql: String
    let work: @Sendable (Database) throws -> Void

    init(_ name: String, _ work: @escaping @Sendable (Database) throws -> Void) {
        self.name = name
        sql = ""
        self.work = work
    }

    init(_ name: String, _ sql: String) {
        self.name = name
        self.sql = sql
        work = { try $0.execute(sql: sql) }
    }
}

extension Schema {
    /// Marks the file as a catalogue. This comes before all else, so that a file is either empty or marked, wherever the
    /// making of it was cut off.
    static func claim(_ queue: DatabaseQueue) throws {
        try queue.inDatabase { db in
            let id = try Int32.fetchOne(db, sql: "PRAGMA application_id")
            if id != applicationID { try db.execute(sql: "PRAGMA application_id = \(applicationID)") }
        }
    }

    /// Claims the file and applies the migrations that it lacks.
    static func migrate(_ queue: DatabaseQueue, through last: Int = version) throws {
        try claim(queue)
        var migrator = DatabaseMigrator()
        for (index, migration) in migrations.prefix(last).enumerated() {
            migrator.registerMigration(migration.name) { db in
                try migration.work(db)
                try db.execute(sql: "PRAGMA user_version = \(index + 1)")
            }
        }
        try migrator.migrate(queue)
    }
}
