import GRDB
import JobContract
import SweepModel

/// A result that differs from the one that stands for the same milestone or measure.
package struct Evidence: Hashable, Sendable {
    /// The kind of result that differs. Catalogues store the raw values.
    package enum Kind: String, Hashable, Sendable { case milestone, measure }

    package var kind: Kind
    package var trial: TrialID
    /// The measure's name; nil for a milestone.
    package var measure: String?
    package var attempt: AttemptNumber
    package var host: HostName
    /// The result that stands and the one that came later, as JSON.
    package var kept: String
    package var found: String
    package var recordedAt: String
}

/// Why a trial failed.
package struct TrialFailure: Hashable, Sendable {
    package var trial: TrialID
    package var reason: String
    /// The last attempt at the trial, and its host.
    package var attempt: AttemptNumber?
    package var host: HostName?
    package var endedAt: String?
}

extension CatalogueReader {
    /// Results that disagreed with those that stand, in the order in which they came. Empty in a healthy catalogue.
    package func evidence() throws -> [Evidence] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT e.kind, t.trial_id, q.measure, e.attempt, a.host, e.kept, e.found, e.recorded_at
                    FROM evidence e JOIN trial t ON t.key = e.trial JOIN attempt a ON a.number = e.attempt
                    LEFT JOIN measure_request q ON q.key = e.request ORDER BY e.key
                    """
            ).map {
                Evidence(
                    kind: try Self.known($0[0]), trial: TrialID(try Self.digest($0[1])), measure: $0[2],
                    attempt: AttemptNumber($0[3]),
                    host: $0[4], kept: $0[5], found: $0[6], recordedAt: $0[7])
            }
        }
    }

    /// The failed trials of a sweep with their reasons, in the sweep's order.
    package func failures(of sweep: String) throws -> [TrialFailure] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT t.trial_id, t.reason, a.number, a.host, t.ended_at, a.reason
                    FROM trial t CROSS JOIN wish w ON w.trial = t.key CROSS JOIN sweep s ON s.revision = w.revision
                    LEFT JOIN attempt a ON a.number = (SELECT max(x.attempt) FROM attempt_trial x WHERE x.trial = t.key)
                    WHERE s.name = ? AND t.state = 'failed' AND NOT \(Schema.isComplete) AND NOT \(Schema.isCancelled)
                    ORDER BY w.position
                    """, arguments: [sweep]
            ).map { row in
                TrialFailure(
                    trial: TrialID(try Self.digest(row[0])),
                    reason: (row[1] as String?) ?? (row[5] as String?) ?? "no reason was recorded",
                    attempt: (row[2] as Int?).map(AttemptNumber.init), host: row[3], endedAt: row[4])
            }
        }
    }
}
