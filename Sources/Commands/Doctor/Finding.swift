import ResultCatalogue

/// Something that is not as it should be.
struct Finding {
    var about: String
    var problem: String
    /// The remedy that people may take, or that was taken.
    var remedy: String
    /// Whether it does no harm but take up room, and so does not count as left.
    var isHarmless = false
    /// How `--repair` mends it; nil where a person must.
    var repair: (() throws -> Void)?
}
