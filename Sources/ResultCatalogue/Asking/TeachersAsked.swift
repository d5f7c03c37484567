import JobContract
import SweepModel

/// Trials whose networks draw images for others.
extension CatalogueReader {
    /// A trial as a teacher, with the images that the newest sweep which lists its training asks for. Nil for one that is not
    /// here, or whose stored spec has another name.
    package func teacher(_ trial: TrialID) throws -> Teacher? {
        let row = try rows(
            """
            SELECT t.steps, r.training_id, r.spec, (
                SELECT d.request FROM wished_dataset x JOIN dataset_request d ON d.key = x.dataset
                WHERE x.training = r.key ORDER BY x.revision DESC LIMIT 1)
            FROM trial t JOIN training r ON r.key = t.training WHERE t.trial_id = ?
            """, [.text(trial.hex)]
        ).rows.first
        guard let row, let steps = row[0].integer, let id = row[1].text.flatMap(TrainingID.init(hex:)),
            let spec = row[2].text.flatMap(JSONText.object)
        else { return nil }
        let training = Training(id: id, spec: spec)
        guard (try? TrainingID(spec: spec)) == id, (try? TrialID(training: id, steps: steps)) == trial else {
            return nil
        }
        let dataset = row[3].text.flatMap(StoredForms.dataset)
        return Teacher(
            trial: trial, steps: steps, training: training,
            dataset: dataset.flatMap { $0.agrees(with: spec) ? $0 : nil })
    }

    /// The samples that a sweep's trainings read, or those of all sweeps.
    /// - Parameter areAwaited: only of trials that wait or run for the sweep.
    package func samplesRead(by sweep: String?, areAwaited: Bool) throws -> Set<SamplesSource> {
        let found = try rows(
            """
            SELECT DISTINCT d.request FROM dataset_request d JOIN wished_dataset x ON x.dataset = d.key
            JOIN sweep s ON s.revision = x.revision
            WHERE json_extract(d.request, '$.source') LIKE '{%' AND (?1 = '' OR s.name = ?1) AND (?2 = 0 OR EXISTS (
                SELECT 1 FROM trial t JOIN wish w ON w.trial = t.key AND w.revision = s.revision
                WHERE t.training = x.training AND t.state IN ('waiting', 'running') AND NOT EXISTS (
                    SELECT 1 FROM cancelled_wish c WHERE c.sweep = s.key AND c.trial = t.key)))
            """, [.text(sweep ?? ""), .integer(areAwaited ? 1 : 0)])
        return Set(found.rows.compactMap { $0[0].text.flatMap(StoredForms.dataset)?.samples })
    }

    /// The file of a teacher's samples; nil while they are not recorded.
    package func samples(_ source: SamplesSource) throws -> Digest? {
        let request = source.request
        return try rows(
            """
            SELECT f.digest FROM trial t JOIN measured d ON d.trial = t.key JOIN measure_request q ON q.key = d.request
            JOIN artifact f ON f.measured = d.key
            WHERE t.trial_id = ? AND q.measure = ? AND q.version = ? AND q.parameters = ? AND f.name = ?
            """,
            [
                .text(source.trial), .text(request.measure), .integer(Int64(request.version)),
                .text(try JSONText.write(request.parameters)), .text(SamplesSource.file),
            ]
        ).rows.first?.first?.text.flatMap { Digest(hex: $0) }
    }
}
