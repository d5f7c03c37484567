import GRDB
import JobContract
import SweepModel

/// A file in the store that the catalogue names.
package struct ReferencedFile: Hashable, Sendable {
    package enum Role: String, Hashable, Sendable {
        case weights, state, artifact, dataset
        case recoveryPoint = "recovery point"
    }
    package var digest: Digest
    package var role: Role
    /// The trial that the file belongs to; nil for a training's file.
    package var trial: TrialID?
    /// The recorded size; nil where none was recorded.
    package var bytes: Int?
    /// Whether its trial waits or runs: then the file, if lost, is made again.
    package var isOfOpenTrial = false
}

extension CatalogueReader {
    /// What SQLite finds wrong with the file, and rows that name rows that are not there. Empty in a sound catalogue.
    package func damage() throws -> [String] {
        try read { db in
            let findings = try String.fetchAll(db, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
            let dangling = try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").prefix(20).map { row in
                "a row of \(row[0] as String? ?? "?") names a missing row of \(row[2] as String? ?? "?")"
            }
            return findings + dangling
        }
    }

    /// Trials that are said to run while no attempt at them is open.
    package func stuckTrials() throws -> [TrialID] {
        try read { db in
            try String.fetchAll(db, sql: "SELECT trial_id FROM trial WHERE \(Self.isStuck) ORDER BY key")
                .map { TrialID(try Self.digest($0)) }
        }
    }

    /// SQL over a row of `trial`.
    static let isStuck = """
        state = 'running' AND key NOT IN (
            SELECT x.trial FROM attempt a JOIN attempt_trial x ON x.attempt = a.number WHERE a.outcome IS NULL)
        """

    /// Every file that the catalogue names, once for each use.
    package func referencedFiles() throws -> [ReferencedFile] {
        let parts: [(ReferencedFile.Role, String)] = [
            (
                .weights,
                "SELECT m.weights, t.trial_id, m.weights_bytes, t.state FROM milestone m JOIN trial t ON t.key = m.trial"
            ),
            (
                .state,
                """
                SELECT m.state, t.trial_id, m.state_bytes, t.state FROM milestone m JOIN trial t ON t.key = m.trial
                WHERE m.state NOT NULL
                """
            ),
            (.recoveryPoint, "SELECT state, NULL, bytes, NULL FROM recovery_point"),
            (
                .artifact,
                """
                SELECT f.digest, t.trial_id, f.bytes, t.state FROM artifact f JOIN measured d ON d.key = f.measured
                JOIN trial t ON t.key = d.trial
                """
            ),
        ]
        return try read { db in
            var files: [ReferencedFile] = []
            for (role, sql) in parts {
                let rows = try Row.fetchCursor(db, sql: sql)
                while let row = try rows.next() {
                    let trial = try (row[1] as String?).map { TrialID(try Self.digest($0)) }
                    files.append(
                        ReferencedFile(
                            digest: try Self.digest(row[0]), role: role, trial: trial, bytes: row[2],
                            isOfOpenTrial: ["waiting", "running"].contains(row[3] as String?)))
                }
            }
            // For a generated dataset the column holds the generator's name, which is no digest.
            let datasets = try String.fetchAll(db, sql: "SELECT DISTINCT dataset FROM training WHERE dataset NOT NULL")
            return files
                + datasets.compactMap { Digest(hex: $0).map { ReferencedFile(digest: $0, role: .dataset, trial: nil) } }
        }
    }
}

extension Catalogue {
    /// Makes trials wait again that are said to run while no attempt at them is open, and returns how many they were.
    @discardableResult
    package func releaseStuckTrials() throws -> Int {
        try write { db in
            try db.execute(sql: "UPDATE trial SET state = 'waiting' WHERE \(CatalogueReader.isStuck)")
            return db.changesCount
        }
    }
}
