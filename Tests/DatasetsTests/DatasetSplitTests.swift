import Datasets
import JobContract
import Testing

/// Splits keep the promises of docs/data.md.
@Suite struct DatasetSplitTests {
    let key = DatasetKey(digest: Digest(of: [7]))

    func split(
        _ count: Int, heldOut: Int = 0, size: Int, part: Int = 0, of parts: Int = 1, seed: Int = 0
    ) throws(DatasetError) -> DatasetSplit {
        try DatasetSplit(
            count: count, key: key, subsetSeed: seed, heldOut: heldOut, size: size,
            part: DatasetPart(index: part, of: parts))
    }

    /// Samples are drawn from by all that says which they are, and by it alone. The Python package has the same text.
    @Test func samplesHaveAKeyOfTheirOwn() throws {
        let samples: JSONValue = [
            "trial": .string(String(repeating: "0a", count: 32)), "version": 1, "count": 10, "seed": 0,
            "sampler": "heun",
            "steps": 18,
        ]
        let key = try DatasetKey(spec: ["dataset.samples": samples, "dataset.resolution": 16])
        #expect(
            key.text == "samples:{\"count\":10,\"sampler\":\"heun\",\"seed\":0,\"steps\":18,\"trial\":\""
                + String(repeating: "0a", count: 32) + "\",\"version\":1}")
        #expect(throws: DatasetError.self) { try DatasetKey(spec: ["dataset.resolution": 16]) }
    }

    @Test func everythingTogetherIsAPermutation() throws {
        let all = try split(1000, heldOut: 100, size: 900)
        #expect((all.heldOut + all.training).sorted() == Array(0..<1000))
        #expect(all.training != all.training.sorted())
    }

    @Test(arguments: [1, 2, 3, 5, 7], [0, 13, 100])
    func partsAndHeldOutAreDisjoint(parts: Int, heldOut: Int) throws {
        let size = (211 - heldOut) / parts
        var seen: Set<Int> = []
        let splits = try (0..<parts).map { try split(211, heldOut: heldOut, size: size, part: $0, of: parts) }
        for part in splits {
            #expect(part.training.count == size)
            #expect(part.heldOut == splits[0].heldOut)
            for image in part.training { #expect(seen.insert(image).inserted) }
        }
        #expect(seen.isDisjoint(with: splits[0].heldOut))
        #expect(seen.allSatisfy { (0..<211).contains($0) })
    }

    @Test(arguments: [(0, 1), (0, 2), (1, 2), (0, 4), (1, 4), (2, 4), (3, 4)])
    func subsetsAreNestedAndHeldOutImagesFixed(part: Int, of parts: Int) throws {
        let large = try split(500, heldOut: 50, size: 112, part: part, of: parts)
        for size in [1, 2, 10, 56, 111] {
            let small = try split(500, heldOut: 50, size: size, part: part, of: parts)
            #expect(small.training == Array(large.training.prefix(size)))
            #expect(small.heldOut == large.heldOut)
        }
    }

    @Test func theFirstPartIsTheWholesHeadAndTheLastItsTail() throws {
        let whole = try split(300, heldOut: 20, size: 280).training
        #expect(try split(300, heldOut: 20, size: 100, part: 0, of: 2).training == Array(whole.prefix(100)))
        #expect(try split(300, heldOut: 20, size: 100, part: 1, of: 2).training == Array(whole.suffix(100).reversed()))
        #expect(try split(300, heldOut: 20, size: 10, part: 1, of: 4).training == Array(whole[70..<80]))
    }

    @Test func fewerHeldOutImagesAreTheFirstOfMore() throws {
        let more = try split(300, heldOut: 40, size: 1).heldOut
        #expect(try split(300, heldOut: 15, size: 1).heldOut == Array(more.prefix(15)))
    }

    @Test func seedAndDatasetChangeTheOrder() throws {
        let one = try split(300, size: 300).training
        #expect(try split(300, size: 300, seed: 1).training != one)
        let other = try DatasetSplit(
            count: 300, key: DatasetKey(digest: Digest(of: [8])), subsetSeed: 0, heldOut: 0, size: 300,
            part: DatasetPart())
        #expect(other.training != one)
    }

    @Test func tooFewImagesAreRefusedWithNumbers() throws {
        #expect(try split(100, heldOut: 20, size: 40, part: 1, of: 2).training.count == 40)
        let error = #expect(throws: DatasetError.tooFewImages(have: 100, heldOut: 20, size: 41, parts: 2)) {
            try split(100, heldOut: 20, size: 41, part: 0, of: 2)
        }
        #expect(error?.description.contains("102") == true)
        #expect(throws: DatasetError.self) { try split(100, heldOut: 101, size: 1) }
        #expect(throws: DatasetError.self) { try split(100, size: .max, part: 1, of: 3) }
        #expect(throws: DatasetError.self) { try split(0, size: 1) }
    }

    @Test(arguments: [(2, 2), (-1, 2), (0, 0), (0, -3)])
    func impossiblePartsAreRefused(part: Int, of parts: Int) {
        #expect(throws: DatasetError.self) { try split(100, size: 1, part: part, of: parts) }
    }

    @Test func specsAreReadAsTheyAreWritten() throws {
        var spec: [String: JSONValue] = [
            "dataset.digest": .string(Digest(of: [7]).hex), "dataset.size": 40, "dataset.held_out": 10,
            "dataset.subset_seed": 3, "dataset.part": ["index": 1, "of": 2],
        ]
        #expect(
            try DatasetSplit(spec: spec, count: 100)
                == split(100, heldOut: 10, size: 40, part: 1, of: 2, seed: 3))
        spec["dataset.size"] = "many"
        #expect(throws: DatasetError.self) { try DatasetSplit(spec: spec, count: 100) }
        spec["dataset.size"] = nil
        #expect(throws: DatasetError.self) { try DatasetSplit(spec: spec, count: 100) }
        #expect(throws: DatasetError.self) { try DatasetKey(spec: ["dataset.digest": "../../etc"]) }
    }

    @Test func generatorsAreKeyedByTheirParameters() throws {
        let spec: [String: JSONValue] = [
            "dataset.generator": "geometric", "dataset.generator_version": 1, "dataset.alpha": 3, "dataset.count": 64,
            "dataset.resolution": 16, "dataset.channels": 1, "dataset.size": 8,
        ]
        let text = "generator:geometric/1;alpha=3;channels=1;count=64;resolution=16"
        #expect(try DatasetKey(spec: spec).text == text)
        #expect(try DatasetKey(spec: spec.merging(["dataset.alpha": 3.0]) { $1 }).text == text)
        #expect(try DatasetKey(spec: spec.merging(["dataset.alpha": 2.5]) { $1 }).text != text)
    }

    /// Pins the order: a change would give other images to trainings that keep their names.
    @Test func orderIsPinned() throws {
        // These values come from an implementation in Python of Philox, the shuffle and the key as documented.
        #expect(try split(10, heldOut: 3, size: 7).heldOut == [9, 1, 5])
        #expect(try split(10, heldOut: 3, size: 7).training == [3, 0, 8, 7, 4, 2, 6])
    }

    private func spec(_ more: [String: JSONValue]) -> [String: JSONValue] {
        let spec: [String: JSONValue] = [
            "dataset.digest": .string(Digest(of: [7]).hex), "dataset.size": 40, "dataset.held_out": 10,
            "dataset.subset_seed": 3, "dataset.part": ["index": 0, "of": 1],
        ]
        return spec.merging(more) { $1 }
    }

    /// Where a person says which images are for training, none of these is held out, and none of the others trained on.
    @Test func whatIsGivenIsKept() throws {
        let notes = DatasetNotes(pool: 60)
        let given = try DatasetSplit(spec: spec(["dataset.split": "given"]), count: 100, notes: notes)
        #expect(given.training.count == 40 && given.training.allSatisfy { $0 < 60 })
        #expect(given.heldOut.count == 10 && given.heldOut.allSatisfy { $0 >= 60 })
        let all: [String: JSONValue] = ["dataset.split": "given", "dataset.size": 60, "dataset.held_out": 40]
        let whole = try DatasetSplit(spec: spec(all), count: 100, notes: notes)
        #expect(whole.training.sorted() == Array(0..<60) && whole.heldOut.sorted() == Array(60..<100))
        // Subsets are nested, random, and disjoint by parts, as where the split is drawn.
        #expect(Array(whole.training.prefix(40)) == given.training && Array(whole.heldOut.prefix(10)) == given.heldOut)
        #expect(whole.training != whole.training.sorted())
        let parts = try [0, 1].map {
            let part: JSONValue = ["index": .integer(Int64($0)), "of": 2]
            return try DatasetSplit(
                spec: spec(["dataset.split": "given", "dataset.size": 30, "dataset.part": part]), count: 100,
                notes: notes)
        }
        #expect(Set(parts[0].training + parts[1].training) == Set(0..<60))
        for (key, count) in [("dataset.size", 61), ("dataset.held_out", 41)] {
            let error = #expect(throws: DatasetError.self) {
                try DatasetSplit(
                    spec: spec(["dataset.split": "given", key: .integer(Int64(count))]), count: 100, notes: notes)
            }
            #expect(error?.description.contains("60 images for training and 40 others") == true)
        }
    }

    /// The spec and the file must agree on whether the split is drawn.
    @Test func whoDrawsIsNotGuessed() throws {
        for split: JSONValue in ["drawn", "unknown"] {
            let spec = spec(["dataset.split": split])
            #expect(try DatasetSplit(spec: spec, count: 100) == DatasetSplit(spec: self.spec([:]), count: 100))
            #expect(throws: DatasetError.self) {
                try DatasetSplit(spec: spec, count: 100, notes: DatasetNotes(pool: 60))
            }
        }
        #expect(throws: DatasetError.self) { try DatasetSplit(spec: spec(["dataset.split": "given"]), count: 100) }
    }

    /// In the source's order the same images play the same parts, whatever was left out of each dataset.
    @Test func theSourcesOrderPassesOverWhatIsMissing() throws {
        let bySource: [String: JSONValue] = ["dataset.order": "source"]
        let whole = try DatasetSplit(spec: spec(bySource), count: 100)
        let other = bySource.merging(["dataset.digest": .string(Digest(of: [8]).hex)]) { $1 }
        #expect(try DatasetSplit(spec: spec(other), count: 100) == whole)
        #expect(try DatasetSplit(spec: spec([:]), count: 100) != whole)

        let numbers = (0..<100).filter { $0 % 9 != 4 }
        let thinned = try DatasetSplit(
            spec: spec(other), count: numbers.count,
            notes: DatasetNotes(source: .init(found: 100, numbers: numbers)))
        let order = (whole.heldOut + whole.training).filter { $0 % 9 != 4 }
        let left = (thinned.heldOut + thinned.training).map { numbers[$0] }
        #expect(Array(left.prefix(order.count)) == order && left.count == 50)
    }
}
