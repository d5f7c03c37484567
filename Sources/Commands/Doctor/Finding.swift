import ResultCatalogue

/// Something that is not as it should be.
struct Finding {
    var about: String
    var problem: String
    /// What would help, or did.
    var remedy: String
    /// Takes up room, and nothing else: no reason to call the catalogue unwell.
    var isHarmless = false
    /// Whether `--repair` mends it, and how; nil: a person must.
    var repair: (() throws -> Void)?
}
