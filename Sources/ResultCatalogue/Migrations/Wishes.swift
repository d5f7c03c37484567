extension Schema {
    /// What is wanted: trainings, trials, sweeps and their revisions.
    static let wishes = """
        CREATE TABLE catalogue_identity (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            catalogue_id TEXT NOT NULL,
            generation INTEGER NOT NULL,
            created_at TEXT NOT NULL
        ) STRICT;

        CREATE TABLE training (
            key INTEGER PRIMARY KEY,
            training_id TEXT NOT NULL UNIQUE,
            dataset TEXT,
            dataset_size INTEGER,
            part TEXT,
            resolution INTEGER,
            architecture TEXT,
            model_scale INTEGER,
            batch INTEGER NOT NULL,
            seed INTEGER,
            worker TEXT,
            spec TEXT NOT NULL
        ) STRICT;
        CREATE INDEX training_by_dataset ON training (dataset);

        CREATE TABLE trial (
            key INTEGER PRIMARY KEY,
            trial_id TEXT NOT NULL UNIQUE,
            training INTEGER NOT NULL REFERENCES training,
            steps INTEGER NOT NULL,
            state TEXT NOT NULL DEFAULT 'waiting'
                CHECK (state IN ('waiting', 'running', 'succeeded', 'failed', 'cancelled')),
            reason TEXT,
            ended_at TEXT,
            UNIQUE (training, steps)
        ) STRICT;

        CREATE TABLE sweep (
            key INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            created_at TEXT NOT NULL,
            revision INTEGER
        ) STRICT;

        CREATE TABLE revision (
            key INTEGER PRIMARY KEY,
            sweep INTEGER NOT NULL REFERENCES sweep,
            number INTEGER NOT NULL,
            about TEXT NOT NULL,
            text TEXT NOT NULL,
            overrides TEXT NOT NULL,
            needs TEXT NOT NULL,
            worker TEXT NOT NULL,
            content TEXT NOT NULL,
            stored_at TEXT NOT NULL,
            UNIQUE (sweep, number)
        ) STRICT;

        CREATE TABLE wish (
            revision INTEGER NOT NULL REFERENCES revision,
            position INTEGER NOT NULL,
            trial INTEGER NOT NULL REFERENCES trial,
            asked TEXT NOT NULL,
            PRIMARY KEY (revision, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX wish_by_trial ON wish (trial, revision);

        CREATE TABLE dataset_request (
            key INTEGER PRIMARY KEY,
            request TEXT NOT NULL UNIQUE
        ) STRICT;

        CREATE TABLE wished_dataset (
            revision INTEGER NOT NULL REFERENCES revision,
            training INTEGER NOT NULL REFERENCES training,
            dataset INTEGER NOT NULL REFERENCES dataset_request,
            PRIMARY KEY (revision, training)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE measure_request (
            key INTEGER PRIMARY KEY,
            measure TEXT NOT NULL,
            version INTEGER NOT NULL,
            parameters TEXT NOT NULL,
            UNIQUE (measure, version, parameters)
        ) STRICT;

        CREATE TABLE wished_measure (
            revision INTEGER NOT NULL REFERENCES revision,
            request INTEGER NOT NULL REFERENCES measure_request,
            position INTEGER NOT NULL,
            PRIMARY KEY (revision, request)
        ) STRICT, WITHOUT ROWID;
        """
}
