import Foundation
import GRDB
import JobContract
import SweepModel

/// What `store` did.
package struct StoredRevision: Hashable, Sendable {
    /// Counts from 1 within the sweep.
    package var number: Int
    /// False where the sweep was stored exactly so before: then nothing changed.
    package var isNew: Bool
    /// Trials that this catalogue did not know.
    package var newTrials: Int
    /// Trials of the revision before that this one no longer wants; their results stay.
    package var dropped: Int
}

extension Catalogue {
    /// Stores the sweep as the revision that is wanted from now on, in one transaction.
    ///
    /// New trials wait. Trials that have all that is now wanted of them become `succeeded`; succeeded trials that lack a
    /// measure wait again. Trials that failed for their measures alone wait for what else is wanted now, or succeed where
    /// those measures are wanted no more. Other failed trials, and trials that this sweep cancelled, are left alone; a trial
    /// that only other sweeps cancelled waits again. The declarations of `worker`, if given, are kept.
    @discardableResult
    package func store(
        _ sweep: ExpandedSweep, worker: WorkerDescription? = nil, files: [String: Digest] = [:]
    ) throws -> StoredRevision {
        let content = try CatalogueError.translating(path) { try Self.content(of: sweep) }
        let now = Timestamp.text(clock())
        return try write { db in
            let storing = Storing(recording: Recording(db: db, now: now, generation: generation, path: path))
            if let worker {
                try storing.store(worker)
                try storing.store(files, of: worker)
            }
            return try storing.store(sweep, content: content)
        }
    }

    /// A digest of everything a revision holds. What the trials asked for, and which dataset each reads, follows from
    /// the text, the overrides and the trials' IDs.
    static func content(of sweep: ExpandedSweep) throws -> String {
        var bytes = Array(
            try JSONText.write([
                sweep.about, sweep.text, JSONText.write(sweep.overrides), StoredForms.text(sweep.needs),
                StoredForms.text(sweep.worker),
            ]).utf8)
        for measure in sweep.measures {
            bytes += "\n\(measure.measure) \(measure.version) \(try JSONText.write(measure.parameters))".utf8
        }
        for dataset in try Set(sweep.datasets.values).map(StoredForms.text).sorted() { bytes += "\n\(dataset)".utf8 }
        for trial in sweep.trials { bytes += "\n\(trial.position) \(trial.id.hex)".utf8 }
        return Digest(of: bytes).hex
    }
}

/// The storing of one sweep inside a transaction.
struct Storing {
    let recording: Recording
    var db: Database { recording.db }

    func store(_ sweep: ExpandedSweep, content: String) throws -> StoredRevision {
        try recording.run(
            "INSERT INTO sweep (name, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING", [sweep.name, recording.now])
        guard
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT s.key, r.key, r.number, r.content FROM sweep s LEFT JOIN revision r ON r.key = s.revision
                    WHERE s.name = ?
                    """, arguments: [sweep.name])
        else { throw recording.unknown("sweep \(sweep.name) could not be stored") }
        let key: Int64 = row[0]
        let previous: Int64? = row[1]
        let number = (row[2] as Int?) ?? 0
        let misnamed = previous == nil ? [] : try CatalogueReader.sweep(named: sweep.name, db)?.misnamed ?? []
        if let previous, misnamed.isEmpty, (row[3] as String?) == content {
            try reconsider(previous)
            return StoredRevision(number: number, isNew: false, newTrials: 0, dropped: 0)
        }
        let revision = try insertRevision(sweep, of: key, number: number + 1, content: content)
        let trainings = try insertTrainings(sweep, revision: revision)
        try mend(Set(misnamed), of: sweep, trainings: trainings)
        let newTrials = try insertTrials(sweep, trainings: trainings, revision: revision)
        for (position, measure) in sweep.measures.enumerated() {
            try recording.run(
                """
                INSERT INTO wished_measure (revision, request, position) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
                """, [revision, try recording.key(of: measure), position])
        }
        for (position, comparison) in sweep.comparisons.enumerated() {
            try recording.run(
                "INSERT INTO wished_comparison (revision, position, trial, request, members) VALUES (?, ?, ?, ?, ?)",
                [
                    revision, position, try recording.key(of: comparison.trial),
                    try recording.key(of: comparison.request),
                    try StoredForms.members(of: comparison.trial, comparison.request),
                ])
        }
        try recording.run("UPDATE sweep SET revision = ? WHERE key = ?", [revision, key])
        try reconsider(revision)
        let dropped = try previous.map { previous in
            try Int.fetchOne(
                db,
                sql: """
                    SELECT count(*) FROM wish w WHERE w.revision = ? AND NOT EXISTS (
                        SELECT 1 FROM wish n WHERE n.trial = w.trial AND n.revision = ?)
                    """, arguments: [previous, revision]) ?? 0
        }
        return StoredRevision(number: number + 1, isNew: true, newTrials: newTrials, dropped: dropped ?? 0)
    }

    private func insertRevision(_ sweep: ExpandedSweep, of key: Int64, number: Int, content: String) throws -> Int64 {
        try recording.run(
            """
            INSERT INTO revision (sweep, number, about, text, overrides, needs, worker, content, stored_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                key, number, sweep.about, sweep.text, try JSONText.write(sweep.overrides),
                try StoredForms.text(sweep.needs), try StoredForms.text(sweep.worker), content, recording.now,
            ])
        return db.lastInsertedRowID
    }

    private func insertTrainings(_ sweep: ExpandedSweep, revision: Int64) throws -> [TrainingID: Int64] {
        let insert = try db.cachedStatement(
            sql: """
                INSERT INTO training (training_id, dataset, dataset_size, part, resolution, architecture, model_scale,
                    batch, seed, worker, spec)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        var requests = [DatasetRequest: Int64]()
        var keys = [TrainingID: Int64](minimumCapacity: sweep.trainings.count)
        // Trainings are stored in the order in which they will be worked on, so that rows recorded together lie together.
        for trial in sweep.trials where keys[trial.training] == nil {
            guard let training = sweep.trainings[trial.training] else { continue }
            let key: Int64
            let known = try recording.rows("SELECT key FROM training WHERE training_id = ?", training.id.digest) {
                $0.integer(0)
            }
            if let known = known.first {
                key = known
            } else {
                try insert.execute(arguments: StoredForms.columns(training))
                key = db.lastInsertedRowID
            }
            keys[training.id] = key
            guard let dataset = sweep.datasets[training.id] else { continue }
            if requests[dataset] == nil { requests[dataset] = try insertRequest(dataset) }
            try recording.run(
                "INSERT INTO wished_dataset (revision, training, dataset) VALUES (?, ?, ?)", revision, key,
                requests[dataset])
        }
        return keys
    }

    /// Stores again the spec and length that these trials are named for, where others were stored.
    private func mend(_ misnamed: Set<TrialID>, of sweep: ExpandedSweep, trainings: [TrainingID: Int64]) throws {
        for trial in sweep.trials where misnamed.contains(trial.id) {
            guard let key = trainings[trial.training], let training = sweep.trainings[trial.training] else { continue }
            try db.execute(
                sql: """
                    UPDATE training SET (training_id, dataset, dataset_size, part, resolution, architecture,
                        model_scale, batch, seed, worker, spec) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    WHERE key = ?
                    """, arguments: StoredForms.columns(training) + [key])
            try db.execute(
                sql: "UPDATE trial SET training = ?, steps = ? WHERE trial_id = ?",
                arguments: [key, trial.steps, trial.id.hex])
        }
    }

    private func insertRequest(_ dataset: DatasetRequest) throws -> Int64? {
        let text = try StoredForms.text(dataset)
        try recording.run("INSERT INTO dataset_request (request) VALUES (?) ON CONFLICT DO NOTHING", [text])
        return try Int64.fetchOne(db, sql: "SELECT key FROM dataset_request WHERE request = ?", arguments: [text])
    }

    private func insertTrials(
        _ sweep: ExpandedSweep, trainings: [TrainingID: Int64], revision: Int64
    ) throws -> Int {
        var new = 0
        for trial in sweep.trials {
            guard let training = trainings[trial.training] else {
                throw recording.unknown("trial \(trial.id.short) names a training that the sweep does not hold")
            }
            try recording.run(
                "INSERT INTO trial (trial_id, training, steps) VALUES (?, ?, ?) ON CONFLICT (trial_id) DO NOTHING",
                trial.id.digest, training, trial.steps)
            new += db.changesCount
            try recording.run(
                """
                INSERT INTO wish (revision, position, trial, asked)
                SELECT ?, ?, key, ? FROM trial WHERE trial_id = ?
                """, revision, trial.position, try JSONText.write(trial.asked), trial.id.digest)
        }
        return new
    }

    /// Sets `waiting` and `succeeded` of the revision's trials by what is recorded and wanted.
    func reconsider(_ revision: Int64) throws {
        let missing = Recording.isIncomplete
        let wished = "key IN (SELECT trial FROM wish WHERE revision = ?)"
        try recording.run(
            """
            UPDATE trial SET state = 'waiting', ended_at = NULL WHERE state = 'cancelled' AND key IN (
                SELECT w.trial FROM wish w JOIN revision r ON r.key = w.revision
                WHERE w.revision = ?1 AND NOT EXISTS (
                    SELECT 1 FROM cancelled_wish c WHERE c.sweep = r.sweep AND c.trial = w.trial))
            """, [revision])
        try recording.run(
            "UPDATE trial SET state = 'waiting', ended_at = NULL WHERE state = 'succeeded' AND \(wished) AND \(missing)",
            [revision])
        try recording.run(
            """
            UPDATE trial SET state = 'waiting', reason = NULL, ended_at = NULL
            WHERE \(wished) AND \(Recording.missesMeasures) AND (\(Recording.isOpen) OR NOT \(missing))
            """, [revision])
        try recording.run(
            """
            UPDATE trial SET state = 'succeeded', ended_at = ?
            WHERE state = 'waiting' AND reason IS NULL AND \(wished) AND NOT \(missing)
            """, [recording.now, revision])
    }
}
