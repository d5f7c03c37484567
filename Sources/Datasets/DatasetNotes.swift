/// What a prepared dataset may say of its images besides their pixels.
package struct DatasetNotes: Hashable, Sendable {
    /// So many images, the first, may be trained on, and the others are for holding out; nil: a permutation says which.
    package var pool: Int?
    /// For who draws by the source's order: of how many images those of the file are left, and which of them each is. Nil:
    /// none is missing.
    package var source: Source?

    /// The images of a source, of which some were left out.
    package struct Source: Hashable, Sendable {
        package var found: Int
        /// Ascending or not, each once and below `found`.
        package var numbers: [Int]

        package init(found: Int, numbers: [Int]) {
            self.found = found
            self.numbers = numbers
        }
    }

    package init(pool: Int? = nil, source: Source? = nil) {
        self.pool = pool
        self.source = source
    }
}
