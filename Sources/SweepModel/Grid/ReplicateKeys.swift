extension Trial {
    /// Keys in which replicates of one place differ, and nothing else.
    package static let replicateKeys = ["dataset.part", "dataset.subset_seed", "seed"]
}
