import GRDB
import JobContract
import SweepModel

/// The files of which a worker of the user's own consists, as they were when its results were recorded: its name and numerics
/// tell results apart only as long as they rise with every change.
extension CatalogueReader {
    /// The names of the files that are other ones now, or are new or gone, since results of the worker were recorded; none
    /// where there are no results yet, or nobody knows what they were made with.
    package func changedFiles(_ files: [String: Digest], of worker: WorkerDescription) throws -> [String] {
        guard !files.isEmpty else { return [] }
        return try read { db in
            let known = try String.fetchAll(
                db, sql: "SELECT files FROM worker_files WHERE worker = ? ORDER BY key DESC",
                arguments: [worker.storedName])
            let text = try StoredForms.files(files)
            guard let latest = known.first, !known.contains(text), try WorkerFiles.haveResults(worker, db) else {
                return []
            }
            let before = JSONText.object(latest) ?? [:]
            return Set(before.keys).union(files.keys).sorted().filter { before[$0]?.stringValue != files[$0]?.hex }
        }
    }
}

extension Storing {
    /// Records the worker's files. As long as it has no results, the ones before do not matter.
    func store(_ files: [String: Digest], of worker: WorkerDescription) throws {
        guard !files.isEmpty else { return }
        if try !WorkerFiles.haveResults(worker, db) {
            try recording.run("DELETE FROM worker_files WHERE worker = ?", [worker.storedName])
        }
        try recording.run(
            "INSERT INTO worker_files (worker, files, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [worker.storedName, try StoredForms.files(files), recording.now])
    }
}

private enum WorkerFiles {
    /// Whether a checkpoint or a state to go on from is there of a training of the worker's.
    static func haveResults(_ worker: WorkerDescription, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (
                    SELECT 1 FROM training r WHERE r.worker = ? AND (
                        EXISTS (SELECT 1 FROM trial t JOIN milestone m ON m.trial = t.key WHERE t.training = r.key)
                        OR EXISTS (SELECT 1 FROM recovery_point p WHERE p.training = r.key)
                        OR EXISTS (SELECT 1 FROM kept_state k WHERE k.training = r.key)))
                """, arguments: [worker.storedName]) ?? false
    }
}

extension WorkerDescription {
    fileprivate var storedName: String { StoredForms.worker(name, numerics: numerics) }
}
