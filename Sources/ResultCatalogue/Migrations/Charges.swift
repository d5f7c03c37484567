extension Schema {
    /// What a coordinator needs to judge as the one before it would have: what open attempts were asked, which faults
    /// still count (`progressed`: the last attempt that left a checkpoint; `forgiven`: the last attempt whose faults no
    /// longer count), how long a host has been silent and how fast it is.
    static let charges = """
        ALTER TABLE attempt ADD COLUMN task TEXT;
        ALTER TABLE training ADD COLUMN progressed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE trial ADD COLUMN forgiven INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE host ADD COLUMN silent_seconds REAL NOT NULL DEFAULT 0;
        ALTER TABLE host ADD COLUMN pace REAL;
        CREATE INDEX attempt_charged ON attempt (number) WHERE outcome IN ('job-fault', 'host-fault', 'killed');
        CREATE INDEX attempt_open_by_training ON attempt (training) WHERE outcome IS NULL;
        """
}
