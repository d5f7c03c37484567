import JobContract
import Tensors

/// One of several disjoint parts of a dataset, from 0.
package struct DatasetPart: Hashable, Sendable {
    package var index: Int
    package var of: Int

    package init(index: Int = 0, of: Int = 1) {
        self.index = index
        self.of = of
    }
}

/// Which images of a dataset a training sees, and which none sees (definitions, section 8).
///
/// One permutation of all images is drawn, keyed by the dataset and the subset seed. Its head is held out. Of the R
/// images that follow, part 0 of k takes the first; the last part takes them from the tail inwards; part j between
/// takes them from place ⌊j·R/k⌋ on. So the parts are disjoint, and a part's images for a smaller `size` are the
/// first of those for a larger one.
package struct DatasetSplit: Hashable, Sendable {
    /// The images that none of the parts contains, in the permutation's order.
    package let heldOut: [Int]
    /// The part's images: a prefix of this is the part for a smaller size.
    package let training: [Int]

    /// Splits `count` images. Throws when held-out images and all parts need more than there are.
    package init(
        count: Int, key: DatasetKey, subsetSeed: Int, heldOut: Int, size: Int, part: DatasetPart
    ) throws(DatasetError) {
        guard part.of >= 1, part.of <= 1 << 20, (0..<part.of).contains(part.index) else {
            throw .badKey(
                "dataset.part", expected: "an index from 0 and below its `of`", got: "\(part.index) of \(part.of)")
        }
        guard size >= 1 else { throw .badKey("dataset.size", expected: "at least 1", got: "\(size)") }
        guard heldOut >= 0 else { throw .badKey("dataset.held_out", expected: "at least 0", got: "\(heldOut)") }
        guard heldOut <= count, size <= (count - heldOut) / part.of else {
            throw .tooFewImages(have: count, heldOut: heldOut, size: min(size, 1 << 40), parts: part.of)
        }
        let random = CounterRandom(seed: key.seed(subsetSeed: subsetSeed), purpose: .permutation)
        let order = random.permutation(count: count)
        self.heldOut = Array(order[..<heldOut])
        let rest = order[heldOut...]
        if part.index == part.of - 1 && part.of > 1 {
            training = rest.suffix(size).reversed()
        } else {
            let first = rest.startIndex + part.index * rest.count / part.of
            training = Array(rest[first..<first + size])
        }
    }

    /// Splits as the flat keys of a training's spec say: `dataset.size`, `dataset.part`, `dataset.subset_seed`,
    /// `dataset.held_out`, and those of the dataset's identity.
    package init(spec: [String: JSONValue], count: Int) throws(DatasetError) {
        let part = spec["dataset.part"]?.objectValue ?? [:]
        try self.init(
            count: count, key: try DatasetKey(spec: spec), subsetSeed: try spec.integer("dataset.subset_seed"),
            heldOut: try spec.integer("dataset.held_out"), size: try spec.integer("dataset.size"),
            part: DatasetPart(index: try part.integer("index"), of: try part.integer("of")))
    }
}
