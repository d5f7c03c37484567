import GRDB
import JobContract
import SweepModel

/// Full states that a transaction's changes made superfluous.
final class RetiredStates {
    var digests: Set<String> = []
}

/// A full state is several times as large as its weights, and one comes every few minutes. Kept are a training's longest,
/// and those from which a wanted milestone that is still missing would be trained. Weights stay for ever.
extension Recording {
    /// Forgets the states of a training that a longer one supersedes.
    func retireStates(of training: Int64, reportedBy attempt: AttemptNumber) throws {
        try run(
            """
            DELETE FROM kept_state WHERE training = ?1 AND steps <= max(
                coalesce((SELECT steps FROM recovery_point WHERE training = ?1), 0),
                coalesce((SELECT max(t.steps) FROM milestone m JOIN trial t ON t.key = m.trial
                    WHERE t.training = ?1 AND m.state IS NOT NULL), 0))
            """, training)
        // Of two states of the same length the milestone's stays.
        let states = try rows(
            """
            SELECT t.steps, m.state, m.trial FROM milestone m JOIN trial t ON t.key = m.trial
            WHERE t.training = ?1 AND m.state IS NOT NULL
            UNION ALL SELECT steps, state, NULL FROM recovery_point WHERE training = ?1 ORDER BY 1, 3
            """, training
        ) { (steps: Int($0.integer(0)), state: $0.text(1), trial: $0.count(2)) }
        guard states.count > 1, try isAlone(attempt, on: training) else { return }
        for (state, longer) in zip(states, states.dropFirst()) {
            guard try !isMilestoneMissing(of: training, after: state.steps, through: longer.steps) else { continue }
            if let trial = state.trial {
                try run("UPDATE milestone SET state = NULL, state_bytes = NULL WHERE trial = ?", trial)
            } else {
                try run("DELETE FROM recovery_point WHERE training = ?", [training])
            }
            retired.digests.insert(state.state)
        }
    }

    /// Retires the recovery point that stands, where `point` is about to take its place.
    func retireRecoveryPoint(of training: Int64, for point: ResumePoint, reportedBy attempt: AttemptNumber) throws {
        let standing = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT steps, state FROM recovery_point WHERE training = ? AND steps < ?"),
            arguments: [training, point.steps])
        guard let standing, try isAlone(attempt, on: training),
            try !isMilestoneMissing(of: training, after: standing[0], through: point.steps)
        else { return }
        retired.digests.insert(standing[1])
    }

    /// Whether no other attempt at the training is open: another might be on its way to a host with an older state.
    private func isAlone(_ attempt: AttemptNumber, on training: Int64) throws -> Bool {
        let others = try db.cachedStatement(
            sql: """
                SELECT 1 FROM attempt WHERE outcome IS NULL AND training = ? AND kind = 'train' AND number <> ? LIMIT 1
                """)
        return try Int.fetchOne(others, arguments: [training, attempt.value]) == nil
    }

    private func isMilestoneMissing(of training: Int64, after low: Int, through high: Int) throws -> Bool {
        let missing = try db.cachedStatement(
            sql: """
                SELECT 1 FROM trial t WHERE t.training = ? AND t.steps > ? AND t.steps <= ?
                    AND NOT EXISTS (SELECT 1 FROM milestone m WHERE m.trial = t.key)
                    AND EXISTS (SELECT 1 FROM wish w JOIN sweep s ON s.revision = w.revision WHERE w.trial = t.key)
                LIMIT 1
                """)
        return try Int.fetchOne(missing, arguments: [training, low, high]) != nil
    }

    /// The retired states that no row names in any role.
    func unreferencedStates() throws -> [Digest] {
        let referenced = try db.cachedStatement(
            sql: """
                SELECT EXISTS (SELECT 1 FROM milestone WHERE state = ?1) OR EXISTS (
                    SELECT 1 FROM milestone WHERE weights = ?1) OR EXISTS (
                    SELECT 1 FROM recovery_point WHERE state = ?1) OR EXISTS (
                    SELECT 1 FROM artifact WHERE digest = ?1) OR EXISTS (SELECT 1 FROM training WHERE dataset = ?1)
                """)
        return try retired.digests.sorted().filter { try Bool.fetchOne(referenced, arguments: [$0]) == false }
            .map(CatalogueReader.digest)
    }
}
