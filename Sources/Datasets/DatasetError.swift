/// Why a prepared dataset cannot be used.
package enum DatasetError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A system call failed; `reason` is the system's message.
    case system(doing: String, path: String, reason: String)
    /// The file is not a prepared dataset, or not a whole one.
    case malformed(path: String, reason: String)
    /// An image was asked for that the dataset does not have.
    case noSuchImage(path: String, index: Int, count: Int)
    /// Held-out images and parts need more images than there are.
    case tooFewImages(have: Int, heldOut: Int, size: Int, parts: Int)
    /// There are fewer images for training, or fewer others, than are asked for, where a file says which are which.
    case tooFewGiven(training: Int, others: Int, heldOut: Int, size: Int, parts: Int)
    /// A key of the spec is missing or has no sensible value.
    case badKey(String, expected: String, got: String)

    package var description: String {
        switch self {
        case .system(let doing, let path, let reason):
            "cannot \(doing) \(path): \(reason)"
        case .malformed(let path, let reason):
            "\(path) is not a whole prepared dataset: \(reason)"
        case .noSuchImage(let path, let index, let count):
            "\(path) has images 0 to \(count - 1); there is no image \(index)"
        case .tooFewImages(let have, let heldOut, let size, let parts):
            "the dataset has \(have) images, but \(heldOut) held out and \(parts == 1 ? "" : "\(parts) parts of ")"
                + "\(size) to train on need \(heldOut + parts * size); lower dataset.size or dataset.held_out"
        case .tooFewGiven(let training, let others, let heldOut, let size, let parts):
            "the dataset has \(training) images for training and \(others) others, but \(parts == 1 ? "" : "\(parts) parts of ")"
                + "\(size) to train on and \(heldOut) held out are asked for; lower dataset.size or dataset.held_out"
        case .badKey(let key, let expected, let got):
            "\(key): expected \(expected), got \(got)"
        }
    }
}
