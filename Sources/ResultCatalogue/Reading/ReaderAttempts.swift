import GRDB
import JobContract
import SweepModel

/// What the catalogue knows of one attempt. Times are ISO 8601, UTC.
package struct AttemptStory: Hashable, Sendable {
    package var attempt: AttemptNumber
    package var kind: AttemptKind
    package var training: TrainingID
    package var host: HostName
    package var intendedAt: String
    package var startedAt: String?
    package var endedAt: String?
    /// Nil while its end is not recorded.
    package var outcome: String?
    package var reason: String?
    /// The last of its standard error; nil while it runs, and where it wrote nothing.
    package var diagnostics: String?

    package var isOpen: Bool { outcome == nil }
}

extension CatalogueReader {
    /// The IDs of the trials that begin with `prefix`, `limit` at most, sorted.
    package func trials(startingWith prefix: String, limit: Int) throws -> [TrialID] {
        try read { db in
            try String.fetchAll(
                db,
                sql: "SELECT trial_id FROM trial WHERE trial_id >= ?1 AND trial_id < ?1 || 'g' ORDER BY 1 LIMIT ?2",
                arguments: [prefix.lowercased(), limit]
            ).map { TrialID(try Self.digest($0)) }
        }
    }

    /// Every attempt at the trial, the first first.
    package func attempts(at trial: TrialID) throws -> [AttemptStory] {
        try stories(
            """
            JOIN attempt_trial x ON x.attempt = a.number JOIN trial t ON t.key = x.trial WHERE t.trial_id = ?
            ORDER BY a.number
            """, [trial.hex])
    }

    /// The attempt of that number; nil when this catalogue issued none.
    package func attempt(_ number: AttemptNumber) throws -> AttemptStory? {
        try stories("WHERE a.number = ?", [number.value]).first
    }

    private func stories(_ condition: String, _ arguments: StatementArguments) throws -> [AttemptStory] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT a.number, a.kind, r.training_id, a.host, a.intended_at, a.started_at, a.ended_at, a.outcome,
                        a.reason, a.diagnostics
                    FROM attempt a JOIN training r ON r.key = a.training \(condition)
                    """, arguments: arguments
            ).map { row in
                AttemptStory(
                    attempt: AttemptNumber(row[0]), kind: try Self.known(row[1]),
                    training: TrainingID(try Self.digest(row[2])),
                    host: row[3], intendedAt: row[4], startedAt: row[5], endedAt: row[6], outcome: row[7],
                    reason: row[8], diagnostics: row[9])
            }
        }
    }
}
