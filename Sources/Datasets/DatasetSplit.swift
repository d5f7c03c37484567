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

/// Which images of a dataset a training sees, and which none sees (docs/data.md).
///
/// One permutation of all images is drawn, keyed by the dataset and the subset seed. Its head is held out. Of the R
/// images that follow, part 0 of k takes the first; the last part takes them from the tail inwards; part j between
/// takes them from place ⌊j·R/k⌋ on. So the parts are disjoint, and a part's images for a smaller `size` are the
/// first of those for a larger one. Where it is given which images are for training, the parts take theirs from all of
/// these, and held-out images are the first of the others in the permutation.
package struct DatasetSplit: Hashable, Sendable {
    /// The images that none of the parts contains, in the permutation's order.
    package let heldOut: [Int]
    /// The part's images: a prefix of this is the part for a smaller size.
    package let training: [Int]

    /// Splits `count` images. Throws when held-out images and all parts need more than there are.
    package init(
        count: Int, key: DatasetKey, subsetSeed: Int, heldOut: Int, size: Int, part: DatasetPart
    ) throws(DatasetError) {
        try self.init(
            order: Self.order(count, key, subsetSeed), pool: nil, heldOut: heldOut, size: size, part: part)
    }

    private static func order(_ count: Int, _ key: DatasetKey, _ subsetSeed: Int) -> [Int] {
        CounterRandom(seed: key.seed(subsetSeed: subsetSeed), purpose: .permutation).permutation(count: count)
    }

    /// Splits the images in this order; where a `pool` is given, those below it are for training and the others for
    /// holding out.
    private init(order: [Int], pool: Int?, heldOut: Int, size: Int, part: DatasetPart) throws(DatasetError) {
        guard part.of >= 1, part.of <= 1 << 20, (0..<part.of).contains(part.index) else {
            throw .badKey(
                "dataset.part", expected: "an index from 0 and below its `of`", got: "\(part.index) of \(part.of)")
        }
        guard size >= 1 else { throw .badKey("dataset.size", expected: "at least 1", got: "\(size)") }
        guard heldOut >= 0 else { throw .badKey("dataset.held_out", expected: "at least 0", got: "\(heldOut)") }
        let kept = pool.map { pool in order.filter { $0 >= pool } } ?? order
        guard heldOut <= kept.count, size <= (pool ?? order.count - heldOut) / part.of else {
            if let pool {
                throw .tooFewGiven(
                    training: pool, others: kept.count, heldOut: heldOut, size: min(size, 1 << 40), parts: part.of)
            }
            throw .tooFewImages(have: order.count, heldOut: heldOut, size: min(size, 1 << 40), parts: part.of)
        }
        self.heldOut = Array(kept[..<heldOut])
        let rest = pool.map { pool in order.filter { $0 < pool }[...] } ?? order[heldOut...]
        if part.index == part.of - 1 && part.of > 1 {
            training = rest.suffix(size).reversed()
        } else {
            let first = rest.startIndex + part.index * rest.count / part.of
            training = Array(rest[first..<first + size])
        }
    }

    /// Splits as the flat keys of a training's spec say: `dataset.size`, `dataset.part`, `dataset.subset_seed`,
    /// `dataset.held_out`, `dataset.order`, `dataset.split`, and the keys of the dataset's identity. `notes` are those of
    /// the prepared file.
    package init(
        spec: [String: JSONValue], count: Int, notes: DatasetNotes = DatasetNotes()
    ) throws(DatasetError) {
        let part = spec["dataset.part"]?.objectValue ?? [:]
        let isGiven = spec["dataset.split"] == "given"
        guard isGiven == (notes.pool != nil) else {
            throw .badKey(
                "dataset.split",
                expected: isGiven
                    ? "a prepared file that says which of its images are for training"
                    : "given, for the prepared file says which of its images are for training",
                got: isGiven ? "one that does not" : spec["dataset.split"]?.stringValue ?? "drawn")
        }
        let seed = try spec.integer("dataset.subset_seed")
        try self.init(
            order: Self.order(spec, count, notes.source, seed), pool: notes.pool,
            heldOut: try spec.integer("dataset.held_out"), size: try spec.integer("dataset.size"),
            part: DatasetPart(index: try part.integer("index"), of: try part.integer("of")))
    }

    /// The images in the order in which they are taken: drawn by the source's numbers, without those that the dataset lacks,
    /// or by the dataset's own.
    private static func order(
        _ spec: [String: JSONValue], _ count: Int, _ source: DatasetNotes.Source?, _ seed: Int
    ) throws(DatasetError) -> [Int] {
        let key = try DatasetKey(spec: spec)
        guard spec["dataset.order"] == "source" else { return order(count, key, seed) }
        let found = source?.found ?? count
        let drawn = order(found, DatasetKey(sourceOf: found), seed)
        guard let source else { return drawn }
        var images = [Int?](repeating: nil, count: found)
        for (image, number) in source.numbers.enumerated() { images[number] = image }
        return drawn.compactMap { images[$0] }
    }
}
