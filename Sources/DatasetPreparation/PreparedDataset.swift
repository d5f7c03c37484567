import JobContract
import SweepModel

/// A prepared dataset.
package struct PreparedDataset: Hashable, Sendable, Codable {
    /// The digest of the prepared file, which is in the depot.
    package var digest: Digest
    /// What the dataset consists of.
    package var account: DatasetAccount

    package init(digest: Digest, account: DatasetAccount) {
        self.digest = digest
        self.account = account
    }

    /// Images in the prepared file.
    package var images: Int { account.used }
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
