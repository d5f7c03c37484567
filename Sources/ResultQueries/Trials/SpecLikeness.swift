/// In what a spec is like another, as sums of its members' hashes: equal for equal members in any order. Of one process.
struct SpecLikeness {
    /// Keys in which replicates of one place differ, and nothing else.
    static let replicateKeys = ["dataset.part", "dataset.subset_seed", "seed"]

    /// Of all that replicates share.
    private(set) var place = 0
    /// Of all that decides which images a network was trained on, and which mirror images of them.
    private(set) var subset = 0
    /// Of all that subsets of one place share.
    private(set) var subsetPlace = 0

    private static let replicateNames = replicateKeys.map { Array($0.utf8) }
    private static let dataset = Array("dataset.".utf8)
    /// Above 0 it mirrors.
    private static let augmentation = Array("training.augment".utf8)

    mutating func add(_ name: Slice<UnsafeBufferPointer<UInt8>>, _ value: Slice<UnsafeBufferPointer<UInt8>>) {
        let ofSubset = name.starts(with: Self.dataset) || name.elementsEqual(Self.augmentation)
        let ofReplicate = Self.replicateNames.contains { name.elementsEqual($0) }
        guard ofSubset || !ofReplicate else { return }
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(name.base)[name.indices]))
        hasher.combine(UInt8(0))
        hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(value.base)[value.indices]))
        let hash = hasher.finalize()
        if !ofReplicate { place &+= hash }
        if ofSubset { subset &+= hash }
        if ofSubset, !ofReplicate { subsetPlace &+= hash }
    }
}
