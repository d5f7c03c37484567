import JobContract

/// What a preparation made.
package struct PreparedDataset: Hashable, Sendable, Codable {
    /// The prepared file, in the depot.
    package var digest: Digest
    /// Images in the prepared file.
    package var images: Int
    /// Images left out because an earlier one has the same pixels or, where that is asked for, nearly the same.
    package var duplicates: Int
    /// Images that were smaller than asked for.
    package var enlarged: Int

    package init(digest: Digest, images: Int, duplicates: Int, enlarged: Int = 0) {
        self.digest = digest
        self.images = images
        self.duplicates = duplicates
        self.enlarged = enlarged
    }
}

/// How far a preparation is.
package struct PreparationProgress: Hashable, Sendable {
    package var source: String
    package var done: Int
    package var total: Int

    package init(source: String, done: Int, total: Int) {
        self.source = source
        self.done = done
        self.total = total
    }
}
