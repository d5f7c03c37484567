import Datasets
import JobContract

/// Which images a prepared file holds.
package struct DatasetListing: Sendable {
    /// The file's digest; nil for a generator's images, which their parameters name.
    package var digest: Digest?
    /// What the source calls each image, in the file's order.
    package var names: [String]
    /// What the file says of its images.
    package var notes: DatasetNotes
}
