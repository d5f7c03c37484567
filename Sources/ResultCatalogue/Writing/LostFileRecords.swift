import GRDB
import JobContract
import SweepModel

/// Records that files of results are lost for good: the numbers stand, and the files are made again.
extension Catalogue {
    /// Makes succeeded trials that a sweep still wants wait again, so that a lost file of theirs is made again. Returns how
    /// many they are. What is made again is compared with what is recorded.
    @discardableResult
    package func wantAgain(_ trials: [TrialID], because reason: String) throws -> Int {
        try write { db in
            let update = try db.cachedStatement(
                sql: """
                    UPDATE trial SET state = 'waiting', ended_at = NULL, reason = ?2
                    WHERE trial_id = ?1 AND state = 'succeeded' AND \(Recording.isWanted)
                    """)
            return try trials.reduce(0) { count, trial in
                try update.execute(arguments: [trial.hex, reason])
                return count + db.changesCount
            }
        }
    }

    /// Forgets a full state, so that no training goes on from it.
    package func forgetState(_ state: Digest) throws {
        try write { db in
            try db.execute(
                sql: "UPDATE milestone SET state = NULL, state_bytes = NULL WHERE state = ?1", arguments: [state.hex])
            try db.execute(sql: "DELETE FROM recovery_point WHERE state = ?1", arguments: [state.hex])
        }
    }
}

extension Schema {
    /// Finds the trials whose results are recorded and of which a file is to be made again.
    static let trialsMadeAgain =
        "CREATE INDEX trial_made_again ON trial (key) WHERE state = 'waiting' AND reason IS NOT NULL;"
}
