import JobContract
import SweepModel

extension CatalogueReader {
    /// Names of all sweeps, sorted or by age.
    package func sweepNames(oldestFirst: Bool = false) throws -> [String] {
        try rows("SELECT name FROM sweep ORDER BY \(oldestFirst ? "key" : "name")").rows.compactMap { $0[0].text }
    }

    /// Names of the workers that trainings are of.
    package func workerNames() throws -> [String] {
        try rows("SELECT DISTINCT worker FROM training WHERE worker NOT NULL ORDER BY 1").rows.compactMap { $0[0].text }
    }

    /// Names of the hosts that were ever connected.
    package func hostNames() throws -> [HostName] {
        try rows("SELECT name FROM host").rows.compactMap { $0[0].text }
    }

    /// What was last seen of each host: `name`, `free_mib`, `cores`, `cpu`, `seen_at`, its `open` attempts, and its `gpus`
    /// as stored.
    package func hostSightings() throws -> CatalogueRows {
        try rows(
            """
            SELECT h.name, h.free / 1048576 AS free_mib, h.cores, h.cpu, h.seen_at,
                (SELECT count(*) FROM attempt a WHERE a.host = h.name AND a.outcome IS NULL) AS open, h.gpus,
                (SELECT count(*) FROM attempt a
                    WHERE a.host = h.name AND a.outcome IS NULL AND a.started_at NOT NULL) AS running
            FROM host h
            """)
    }

    /// The GPUs of a host, read from what is stored.
    package static func gpus(_ stored: String?) -> [GPUFacts]? { StoredForms.gpus(stored) }

    /// Recovery points whose only copy is on a host.
    package func statesOnHosts() throws -> [Digest] {
        try rows("SELECT state FROM kept_state").rows.compactMap { $0[0].text.flatMap { Digest(hex: $0) } }
    }

    /// What hosts trained, a row for each training and host: `host`, what a step's cost depends on (`model_scale`,
    /// `resolution`, `batch`), the most `steps` and `seconds`, the host's `cores`, and the `architecture`. Trainings of less than a second are
    /// left out.
    package func trainingTimes() throws -> CatalogueRows {
        try rows(
            """
            SELECT a.host, r.model_scale, r.resolution, r.batch, max(t.steps) AS steps, max(m.seconds) AS seconds,
                max(h.cores) AS cores, r.architecture
            FROM milestone m JOIN trial t ON t.key = m.trial JOIN training r ON r.key = t.training
            JOIN attempt a ON a.number = m.attempt JOIN host h ON h.name = a.host
            WHERE m.seconds > 1 GROUP BY t.training, a.host
            """)
    }

    /// The mean size of the weights in the latest checkpoints of a worker's trainings; nil where it has none.
    package func weightsSeen(of worker: WorkerName) throws -> Int? {
        let sizes = try rows(
            """
            SELECT CAST(avg(bytes) AS INTEGER) FROM (
                SELECT m.weights_bytes AS bytes FROM milestone m CROSS JOIN trial t ON t.key = m.trial
                CROSS JOIN training r ON r.key = t.training
                WHERE r.worker = ? ORDER BY m.recorded_at DESC LIMIT 1000)
            """, [.text(StoredForms.worker(worker.name, numerics: worker.numerics))])
        return sizes.rows.first?.first?.integer
    }
}
