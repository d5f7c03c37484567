extension Schema {
    /// What people write of sweeps and trials: one note each, and tags; and what was foretold of runs, with what came. In the
    /// views a `name` is a sweep's name or a trial's ID.
    static let remarks =
        """
        CREATE TABLE note (
            key INTEGER PRIMARY KEY,
            sweep INTEGER UNIQUE REFERENCES sweep,
            trial INTEGER UNIQUE REFERENCES trial,
            text TEXT NOT NULL,
            written_at TEXT NOT NULL,
            CHECK ((sweep IS NULL) <> (trial IS NULL))
        ) STRICT;
        CREATE TABLE tag (
            key INTEGER PRIMARY KEY,
            sweep INTEGER REFERENCES sweep,
            trial INTEGER REFERENCES trial,
            tag TEXT NOT NULL,
            tagged_at TEXT NOT NULL,
            UNIQUE (sweep, tag),
            UNIQUE (trial, tag),
            CHECK ((sweep IS NULL) <> (trial IS NULL))
        ) STRICT;
        CREATE INDEX tag_by_name ON tag (tag);

        CREATE VIEW notes AS
        SELECT iif(n.sweep IS NULL, 'trial', 'sweep') AS subject, coalesce(s.name, t.trial_id) AS name, n.text, n.written_at
        FROM note n LEFT JOIN sweep s ON s.key = n.sweep LEFT JOIN trial t ON t.key = n.trial;
        CREATE VIEW tags AS
        SELECT iif(n.sweep IS NULL, 'trial', 'sweep') AS subject, coalesce(s.name, t.trial_id) AS name, n.tag, n.tagged_at
        FROM tag n LEFT JOIN sweep s ON s.key = n.sweep LEFT JOIN trial t ON t.key = n.trial;

        CREATE TABLE forecast (
            key INTEGER PRIMARY KEY,
            sweep INTEGER NOT NULL REFERENCES sweep,
            made_at TEXT NOT NULL,
            seconds REAL,
            bytes INTEGER NOT NULL,
            took REAL NOT NULL,
            kept INTEGER NOT NULL
        ) STRICT;

        """ + ["note", "tag", "forecast"].map(editTriggers).joined()
}
