extension Schema {
    /// What happened: hosts, attempts, checkpoints, measurements, and results that disagreed.
    static let results = """
        CREATE TABLE host (
            name TEXT PRIMARY KEY,
            machine TEXT NOT NULL,
            boot TEXT NOT NULL,
            cpu TEXT NOT NULL,
            cores INTEGER NOT NULL,
            memory INTEGER NOT NULL,
            free INTEGER NOT NULL,
            seen_at TEXT NOT NULL
        ) STRICT;

        CREATE TABLE attempt (
            number INTEGER PRIMARY KEY,
            job TEXT NOT NULL,
            training INTEGER NOT NULL REFERENCES training,
            kind TEXT NOT NULL,
            host TEXT NOT NULL,
            machine TEXT NOT NULL,
            boot TEXT NOT NULL,
            cpu TEXT NOT NULL,
            generation INTEGER NOT NULL,
            intended_at TEXT NOT NULL,
            started_at TEXT,
            ended_at TEXT,
            outcome TEXT,
            reason TEXT,
            worker TEXT,
            numerics INTEGER,
            build TEXT,
            worker_cpu TEXT,
            kernels TEXT
        ) STRICT;
        CREATE INDEX attempt_open ON attempt (number) WHERE outcome IS NULL;

        CREATE TABLE attempt_trial (
            attempt INTEGER NOT NULL REFERENCES attempt,
            position INTEGER NOT NULL,
            trial INTEGER NOT NULL REFERENCES trial,
            PRIMARY KEY (attempt, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX attempt_by_trial ON attempt_trial (trial, attempt);

        CREATE TABLE milestone (
            trial INTEGER PRIMARY KEY REFERENCES trial,
            attempt INTEGER NOT NULL REFERENCES attempt,
            weights TEXT NOT NULL,
            weights_bytes INTEGER NOT NULL,
            state TEXT,
            state_bytes INTEGER,
            parameters INTEGER NOT NULL,
            losses TEXT,
            seconds REAL NOT NULL,
            recorded_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX milestone_by_weights ON milestone (weights);
        CREATE INDEX milestone_by_state ON milestone (state) WHERE state IS NOT NULL;

        CREATE TABLE recovery_point (
            training INTEGER PRIMARY KEY REFERENCES training,
            attempt INTEGER NOT NULL REFERENCES attempt,
            steps INTEGER NOT NULL,
            state TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            recorded_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX recovery_by_state ON recovery_point (state);

        CREATE TABLE measured (
            key INTEGER PRIMARY KEY,
            trial INTEGER NOT NULL REFERENCES trial,
            request INTEGER NOT NULL REFERENCES measure_request,
            attempt INTEGER NOT NULL REFERENCES attempt,
            checkpoint TEXT NOT NULL,
            members TEXT NOT NULL DEFAULT '',
            seconds REAL NOT NULL,
            recorded_at TEXT NOT NULL,
            UNIQUE (trial, request, members)
        ) STRICT;
        CREATE INDEX measured_by_request ON measured (request, trial);

        CREATE TABLE measurement (
            measured INTEGER NOT NULL REFERENCES measured,
            ordinal INTEGER NOT NULL,
            quantity TEXT NOT NULL,
            sigma REAL,
            position INTEGER,
            value REAL,
            n INTEGER,
            stderr REAL,
            PRIMARY KEY (measured, ordinal)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE artifact (
            measured INTEGER NOT NULL REFERENCES measured,
            ordinal INTEGER NOT NULL,
            name TEXT NOT NULL,
            media_type TEXT NOT NULL,
            digest TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            PRIMARY KEY (measured, ordinal)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX artifact_by_digest ON artifact (digest);

        CREATE TABLE evidence (
            key INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            trial INTEGER NOT NULL REFERENCES trial,
            request INTEGER REFERENCES measure_request,
            attempt INTEGER NOT NULL REFERENCES attempt,
            kept TEXT NOT NULL,
            found TEXT NOT NULL,
            recorded_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX evidence_by_trial ON evidence (trial, attempt);
        """
}
