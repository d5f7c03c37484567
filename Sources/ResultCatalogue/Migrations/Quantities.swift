extension Schema {
    /// Measurements lie in the file by quantity, so that a million values of one quantity are read one after the other, and
    /// name it by a number. A `quantity` belongs to one request, and so to one measure, version and parameters.
    static let quantities = """
        CREATE TABLE quantity (
            key INTEGER PRIMARY KEY,
            request INTEGER NOT NULL REFERENCES measure_request,
            name TEXT NOT NULL,
            UNIQUE (request, name)
        ) STRICT;
        INSERT INTO quantity (request, name)
        SELECT d.request, v.quantity FROM measurement v JOIN measured d ON d.key = v.measured
        GROUP BY 1, 2 ORDER BY 1, min(v.ordinal);

        DROP VIEW measurements;
        CREATE TEMP TABLE earlier_measurement AS SELECT * FROM measurement;
        DROP TABLE measurement;
        CREATE TABLE measurement (
            quantity INTEGER NOT NULL REFERENCES quantity,
            measured INTEGER NOT NULL REFERENCES measured,
            ordinal INTEGER NOT NULL,
            sigma REAL,
            position INTEGER,
            value REAL,
            n INTEGER,
            stderr REAL,
            PRIMARY KEY (quantity, measured, ordinal)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO measurement
        SELECT k.key, v.measured, v.ordinal, v.sigma, v.position, v.value, v.n, v.stderr
        FROM earlier_measurement v JOIN measured d ON d.key = v.measured
        JOIN quantity k ON k.request = d.request AND k.name = v.quantity ORDER BY 1, 2, 3;
        DROP TABLE earlier_measurement;

        CREATE VIEW measurements AS
        SELECT
            t.trial_id, q.measure, q.version, q.parameters, k.name AS quantity, v.sigma, v.position, v.value, v.n,
            v.stderr, nullif(d.members, '') AS members, d.attempt, a.host, d.checkpoint
        FROM measured d
        JOIN trial t ON t.key = d.trial
        JOIN measure_request q ON q.key = d.request
        JOIN attempt a ON a.number = d.attempt
        JOIN quantity k ON k.request = d.request
        JOIN measurement v ON v.quantity = k.key AND v.measured = d.key;
        """
}
