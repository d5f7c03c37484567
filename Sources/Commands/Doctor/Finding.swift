import ResultCatalogue

/// Something that is not as it should be.
struct Finding {
    var about: String
    var problem: String
    /// What would help, or did.
    var remedy: String
    /// Whether `--repair` mends it, and how; nil: a person must.
    var repair: (() throws -> Void)?
}
