extension Schema {
    /// A sweep's wish for a trial can be taken back without touching what other sweeps want of it.
    static let cancelledWishes = """
        CREATE TABLE cancelled_wish (
            sweep INTEGER NOT NULL REFERENCES sweep,
            trial INTEGER NOT NULL REFERENCES trial,
            cancelled_at TEXT NOT NULL,
            PRIMARY KEY (sweep, trial)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX cancelled_wish_by_trial ON cancelled_wish (trial);

        DROP VIEW sweep_trials;
        CREATE VIEW sweep_trials AS
        SELECT
            s.name AS sweep, t.trial_id, w.position, w.asked,
            CASE
                WHEN EXISTS (SELECT 1 FROM milestone m WHERE m.trial = t.key)
                    AND NOT EXISTS (
                        SELECT 1 FROM wished_measure q WHERE q.revision = w.revision AND NOT EXISTS (
                            SELECT 1 FROM measured d WHERE d.trial = t.key AND d.request = q.request))
                THEN 'succeeded'
                WHEN EXISTS (SELECT 1 FROM cancelled_wish c WHERE c.sweep = s.key AND c.trial = t.key)
                THEN 'cancelled'
                WHEN t.state = 'succeeded' THEN 'waiting'
                ELSE t.state
            END AS state
        FROM sweep s
        JOIN wish w ON w.revision = s.revision
        JOIN trial t ON t.key = w.trial;
        """

    /// What an attempt said last on standard error, for `logs` when its host has forgotten it.
    static let attemptDiagnostics = """
        ALTER TABLE attempt ADD COLUMN diagnostics TEXT;
        """

    /// Hosts that people took out of use: they get no more jobs until they are put back.
    static let drainedHosts = """
        CREATE TABLE drained_host (
            name TEXT PRIMARY KEY,
            reason TEXT NOT NULL,
            drained_at TEXT NOT NULL
        ) STRICT;
        """

    /// Starts of coordinators, by which hosts tell copies of one catalogue apart.
    static let coordinatorStarts = """
        CREATE TABLE coordinator_start (
            generation INTEGER PRIMARY KEY,
            nonce TEXT NOT NULL,
            started_at TEXT NOT NULL
        ) STRICT;
        """

    /// Where coordinators worked on the catalogue, by which a copy is told from its original.
    static let places = """
        ALTER TABLE coordinator_start ADD COLUMN place TEXT;
        """

    /// Finds the trials of a training that are left alone, which are few among many.
    static let settledTrials = """
        CREATE INDEX trial_settled ON trial (training) WHERE state IN ('failed', 'cancelled');
        """
}
