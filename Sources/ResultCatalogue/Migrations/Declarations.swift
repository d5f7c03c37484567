extension Schema {
    /// What workers declare of the quantities of their measures, as JSON (`QuantityDeclaration`), by the version of the
    /// measure; a later declaration of the same replaces it.
    static let declarations = """
        CREATE TABLE declared_quantity (
            measure TEXT NOT NULL,
            version INTEGER NOT NULL,
            name TEXT NOT NULL,
            declaration TEXT NOT NULL,
            PRIMARY KEY (measure, version, name)
        ) STRICT, WITHOUT ROWID;
        """
}
