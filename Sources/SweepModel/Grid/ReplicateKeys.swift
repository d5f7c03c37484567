extension Trial {
    /// The only keys in which replicates of one place differ.
    package static let replicateKeys = ["dataset.part", "dataset.subset_seed", "seed"]
}
