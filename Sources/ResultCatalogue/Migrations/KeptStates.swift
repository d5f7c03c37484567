extension Schema {
    /// Recovery points whose state stays on its host, because bringing it to the coordinator would take too long; and the
    /// bytes of all files that the catalogue names, counted as rows come and go.
    static let keptStates = """
        CREATE TABLE kept_state (
            training INTEGER PRIMARY KEY REFERENCES training,
            attempt INTEGER NOT NULL REFERENCES attempt,
            steps INTEGER NOT NULL,
            state TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            recorded_at TEXT NOT NULL
        ) STRICT;

        CREATE TABLE stored_bytes (kind TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT;
        INSERT INTO stored_bytes SELECT 'weights', coalesce(sum(weights_bytes), 0) FROM milestone;
        INSERT INTO stored_bytes SELECT 'states', coalesce(sum(state_bytes), 0)
            + (SELECT coalesce(sum(bytes), 0) FROM recovery_point) FROM milestone;
        INSERT INTO stored_bytes SELECT 'artifacts', coalesce(sum(bytes), 0) FROM artifact;
        CREATE TRIGGER count_milestone AFTER INSERT ON milestone BEGIN
            UPDATE stored_bytes SET bytes = bytes + NEW.weights_bytes WHERE kind = 'weights';
            UPDATE stored_bytes SET bytes = bytes + coalesce(NEW.state_bytes, 0) WHERE kind = 'states';
        END;
        CREATE TRIGGER count_milestone_state AFTER UPDATE OF state_bytes ON milestone BEGIN
            UPDATE stored_bytes SET bytes = bytes + coalesce(NEW.state_bytes, 0) - coalesce(OLD.state_bytes, 0)
            WHERE kind = 'states';
        END;
        CREATE TRIGGER count_recovery AFTER INSERT ON recovery_point BEGIN
            UPDATE stored_bytes SET bytes = bytes + NEW.bytes WHERE kind = 'states';
        END;
        CREATE TRIGGER count_later_recovery AFTER UPDATE OF bytes ON recovery_point BEGIN
            UPDATE stored_bytes SET bytes = bytes + NEW.bytes - OLD.bytes WHERE kind = 'states';
        END;
        CREATE TRIGGER discount_recovery AFTER DELETE ON recovery_point BEGIN
            UPDATE stored_bytes SET bytes = bytes - OLD.bytes WHERE kind = 'states';
        END;
        CREATE TRIGGER count_artifact AFTER INSERT ON artifact BEGIN
            UPDATE stored_bytes SET bytes = bytes + NEW.bytes WHERE kind = 'artifacts';
        END;
        """
}
