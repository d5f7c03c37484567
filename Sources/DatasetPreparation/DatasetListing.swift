import Datasets
import JobContract

/// Which images a prepared file holds.
package struct DatasetListing: Sendable {
    /// The file's digest; nil for a generator's images, which are identified by its parameters.
    package var digest: Digest?
    /// The name of each image in the source, in the file's order.
    package var names: [String]
    /// What the file says of its images.
    package var notes: DatasetNotes
}
