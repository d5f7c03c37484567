extension Schema {
    /// Where attempts came from that another catalogue made: its id, and the number there.
    static let mergedAttempts = """
        CREATE TABLE merged_attempt (
            catalogue TEXT NOT NULL,
            number INTEGER NOT NULL,
            attempt INTEGER NOT NULL REFERENCES attempt,
            PRIMARY KEY (catalogue, number)
        ) STRICT, WITHOUT ROWID;
        """
}
