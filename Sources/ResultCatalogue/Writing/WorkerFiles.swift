import GRDB
import JobContract
import SweepModel

/// The files of which a worker of the user's own consists, as they were when its results were recorded: its name and numerics
/// tell results apart only as long as they rise with every change.
extension CatalogueReader {
    /// The names of the files that are other ones now, or are new or gone, since results of the worker were recorded or
    /// trainings of it began that are not over; none where there are neither, or nobody knows what they were made with.
    package func changedFiles(_ files: [String: Digest], of worker: WorkerDescription) throws -> [String] {
        guard !files.isEmpty else { return [] }
        return try read { db in
            let known = try WorkerFiles.known(of: worker.storedName, db)
            let text = try StoredForms.files(files)
            guard let latest = known.first, !known.contains(text), try WorkerFiles.areUsed(worker.storedName, db) else {
                return []
            }
            return WorkerFiles.changed(from: latest, to: text)
        }
    }

    /// The files of which workers of users' own consisted last.
    package func latestWorkerFiles() throws -> Set<Digest> {
        let texts = try read { db in
            try String.fetchAll(
                db,
                sql: "SELECT files FROM worker_files WHERE key IN (SELECT max(key) FROM worker_files GROUP BY worker)")
        }
        return Set(
            texts.flatMap { (JSONText.object($0) ?? [:]).values }.compactMap {
                $0.stringValue.flatMap { Digest(hex: $0) }
            })
    }
}

extension Storing {
    /// Records the worker's files. As long as nothing came of it, the ones before do not matter.
    func store(_ files: [String: Digest], of worker: WorkerDescription) throws {
        guard !files.isEmpty else { return }
        if try !WorkerFiles.areUsed(worker.storedName, db) {
            try recording.run("DELETE FROM worker_files WHERE worker = ?", [worker.storedName])
        }
        try recording.run(
            "INSERT INTO worker_files (worker, files, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [worker.storedName, try StoredForms.files(files), recording.now])
    }
}

extension Merging {
    /// Takes in of which files the workers there consisted, before results are: those of workers of which nothing came here
    /// did not matter so far.
    func mergeWorkerFiles(_ outcome: inout MergeOutcome) throws {
        let rows = try StoredRows(
            db,
            "SELECT worker, files, iif(\(ForeignValues.time("since")), since, NULL) FROM other.worker_files ORDER BY key",
            [])
        var theirs: [(worker: String, files: String, since: String)] = []
        while try rows.next() {
            let (worker, files) = (rows.text(0), rows.text(1))
            guard let written = Self.files(files), Self.isWorker(worker) else {
                outcome.refused.append(
                    .init(what: "files of the worker \(worker.prefix(80))", reason: "they are not as they are stored"))
                continue
            }
            theirs.append((worker, written, rows.isNull(2) ? recording.now : rows.text(2)))
        }
        var isUsed: [String: Bool] = [:]
        for (worker, files, since) in theirs {
            if isUsed[worker] == nil {
                let used = try WorkerFiles.areUsed(worker, db)
                isUsed[worker] = used
                if !used { try execute("DELETE FROM main.worker_files WHERE worker = ?", [worker]) }
            }
            let known = try WorkerFiles.known(of: worker, db)
            if isUsed[worker] == true, let latest = known.first, !known.contains(files) {
                outcome.otherFiles.append(.init(worker: worker, files: WorkerFiles.changed(from: latest, to: files)))
            }
            try execute(
                "INSERT INTO main.worker_files (worker, files, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [worker, files, since])
        }
    }

    private static func isWorker(_ text: String) -> Bool {
        guard let slash = text.lastIndex(of: "/"), Int(text[text.index(after: slash)...]) != nil else { return false }
        return PlainName.fault(String(text[..<slash])) == nil
    }

    /// As they are stored; nil for what are no digests by the names of files.
    private static func files(_ text: String) -> String? {
        guard text.utf8.count <= 1 << 20, let object = JSONText.object(text), !object.isEmpty else { return nil }
        let files = object.compactMapValues { $0.stringValue.flatMap { Digest(hex: $0) } }
        guard files.count == object.count, files.keys.allSatisfy(PlainName.isComponent) else { return nil }
        return try? StoredForms.files(files)
    }
}

private enum WorkerFiles {
    /// The stored forms of a worker's files, the latest first.
    static func known(of worker: String, _ db: Database) throws -> [String] {
        try String.fetchAll(
            db, sql: "SELECT files FROM main.worker_files WHERE worker = ? ORDER BY key DESC", arguments: [worker])
    }

    /// The names of files that are not the same in both stored forms.
    static func changed(from before: String, to after: String) -> [String] {
        let (before, after) = (JSONText.object(before) ?? [:], JSONText.object(after) ?? [:])
        return Set(before.keys).union(after.keys).sorted().filter { before[$0] != after[$0] }
    }

    /// Whether a checkpoint or a state to go on from is there of a training of the worker's, or an attempt at one that may
    /// still leave some.
    static func areUsed(_ worker: String, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (
                    SELECT 1 FROM main.attempt a JOIN main.training r ON r.key = a.training
                    WHERE a.outcome IS NULL AND a.kind = 'train' AND r.worker = ?1)
                OR EXISTS (
                    SELECT 1 FROM main.training r WHERE r.worker = ?1 AND (
                        EXISTS (
                            SELECT 1 FROM main.trial t JOIN main.milestone m ON m.trial = t.key WHERE t.training = r.key)
                        OR EXISTS (SELECT 1 FROM main.recovery_point p WHERE p.training = r.key)
                        OR EXISTS (SELECT 1 FROM main.kept_state k WHERE k.training = r.key)))
                """, arguments: [worker]) ?? false
    }
}

extension WorkerDescription {
    fileprivate var storedName: String { StoredForms.worker(name, numerics: numerics) }
}
