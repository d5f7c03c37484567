import GRDB
import JobContract
import SweepModel

extension Merging {
    /// Takes in the trainings and trials whose names are the digests of their content. The others' names go to
    /// `outcome.misnamed`.
    func mergeTrials(_ outcome: inout MergeOutcome) throws {
        try mergeTrainings()
        outcome.misnamed = try refuseTrials()
        outcome.trials = try execute(
            """
            INSERT INTO main.trial (trial_id, training, steps, state, reason, ended_at)
            SELECT o.trial_id, m.key, o.steps, 'cancelled', o.reason, o.ended_at
            FROM other.trial o JOIN other.training r ON r.key = o.training
            JOIN main.training m ON m.training_id = r.training_id
            WHERE NOT EXISTS (SELECT 1 FROM main.trial t WHERE t.trial_id = o.trial_id) AND \(Self.accepts(.trial, "o.key"))
            ORDER BY o.key ON CONFLICT DO NOTHING
            """)
    }

    /// Takes in trainings. Their columns are made from the spec again, for their name is the digest of the spec alone.
    private func mergeTrainings() throws {
        let rows = try StoredRows(
            db,
            """
            SELECT o.key, o.training_id, o.spec, m.key FROM other.training o
            LEFT JOIN main.training m ON m.training_id = o.training_id ORDER BY o.key
            """, [])
        let insert = try db.makeStatement(
            sql: """
                INSERT INTO main.training (training_id, dataset, dataset_size, part, resolution, architecture, model_scale,
                    batch, seed, worker, spec)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """)
        var refused: [(key: Int64, name: String, reason: String)] = []
        while try rows.next() {
            let name = rows.text(1)
            guard let id = TrainingID(hex: name), let spec = JSONText.object(rows.text(2)),
                (try? TrainingID(spec: spec)) == id
            else {
                // The refusal has no words here, since the trials of the training are reported as misnamed.
                refused.append((rows.integer(0), name, ""))
                continue
            }
            let training = Training(id: id, spec: spec)
            guard Self.isSensible(spec) else {
                refused.append((rows.integer(0), name, "its spec has numbers that no training has"))
                continue
            }
            if rows.isNull(3) { try insert.execute(arguments: StoredForms.columns(training)) }
        }
        for row in refused { try refuse(.training, row.key, "training \(row.name.prefix(64))", row.reason) }
    }

    /// Whether the values that tables and figures compute with are counts in a sensible range.
    private static func isSensible(_ spec: [String: JSONValue]) -> Bool {
        ["training.batch", "dataset.size", "dataset.resolution", "model.scale"].allSatisfy { key in
            guard let value = spec[key] else { return true }
            return value.integerValue.map { 1...(1 << 40) ~= $0 } ?? false
        }
    }

    private func refuseTrials() throws -> [String] {
        let rows = try StoredRows(
            db,
            """
            SELECT t.key, t.trial_id, t.steps, r.training_id, x.reason, t.state IN (
                'waiting', 'running', 'succeeded', 'failed', 'cancelled')
                AND (t.reason IS NULL OR \(ForeignValues.text("t.reason", 1 << 20)))
                AND \(ForeignValues.optional("t.ended_at", ForeignValues.time)) AND \(ForeignValues.count("t.steps", from: 1, to: 100_000_000_000))
            FROM other.trial t LEFT JOIN other.training r ON r.key = t.training
            LEFT JOIN temp.refused x ON x.kind = 'training' AND x.key = r.key ORDER BY t.key
            """, [])
        var refused: [(key: Int64, name: String, reason: String)] = []
        while try rows.next() {
            let name = rows.text(1)
            let id = TrialID(hex: name)
            let isNamed =
                id != nil
                && TrainingID(hex: rows.text(3)).flatMap { try? TrialID(training: $0, steps: rows.count(2)) } == id
            if !isNamed || (!rows.isNull(4) && rows.text(4).isEmpty) {
                refused.append((rows.integer(0), name, ""))
            } else if !rows.isNull(4) {
                refused.append((rows.integer(0), name, "its training was refused"))
            } else if rows.integer(5) != 1 {
                refused.append((rows.integer(0), name, "its state, length, time or reason is none"))
            }
        }
        for row in refused { try refuse(.trial, row.key, "trial \(row.name.prefix(64))", row.reason) }
        return refused.filter(\.reason.isEmpty).map { String($0.name.prefix(64)) }
    }
}
