import JobContract

/// A stored file that is not what its name says, and what became of it.
package struct Damage: Hashable, Sendable, CustomStringConvertible {
    package var digest: Digest
    /// What lay in the file's place, in words.
    package var problem: String
    /// Where it is kept now; nil where it could not be moved from its place.
    package var kept: String?
    /// How many files that were put aside earlier were removed to make room for it.
    package var removed = 0

    package var description: String {
        let place = kept.map { "put aside as \($0)" } ?? "it could not be put aside, and is not used"
        let room =
            removed == 0 ? "" : "; the \(removed) oldest kept there \(removed == 1 ? "was" : "were") removed for it"
        return "the stored file \(digest.short) is damaged (it \(problem)): \(place)\(room)"
    }
}
