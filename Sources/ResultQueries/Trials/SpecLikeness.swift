import SweepModel

/// In what a spec is like another, as sums of its members' hashes, which do not depend on the members' order. They can be
/// compared within one process only.
struct SpecLikeness {
    /// A hash of all that replicates share.
    private(set) var place = 0
    /// A hash of all that decides which images a network was trained on, mirror images (`dataset.flip`) too.
    private(set) var subset = 0
    /// A hash of all that subsets of one place share.
    private(set) var subsetPlace = 0

    private static let replicateNames = Trial.replicateKeys.map { Array($0.utf8) }
    private static let dataset = Array("dataset.".utf8)

    mutating func add(_ name: Slice<UnsafeBufferPointer<UInt8>>, _ value: Slice<UnsafeBufferPointer<UInt8>>) {
        let ofSubset = name.starts(with: Self.dataset)
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
