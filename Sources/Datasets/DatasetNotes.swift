/// What a prepared dataset may say of its images besides their pixels.
package struct DatasetNotes: Hashable, Sendable {
    /// How many images, from the first, may be trained on; the others are for holding out. Nil where a permutation decides.
    package var pool: Int?
    /// The number of images in the source, and the number that each image of the file has there, which drawing by the
    /// source's order needs. Nil where no image is missing.
    package var source: Source?

    /// The images of a source, of which some were left out.
    package struct Source: Hashable, Sendable {
        package var found: Int
        /// Numbers below `found`, each once, in any order.
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
