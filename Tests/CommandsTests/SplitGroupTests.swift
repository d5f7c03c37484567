import Datasets
import JobContract
import ResultQueries
import SweepModel
import Testing

@testable import Commands
@testable import DatasetPreparation

/// Trainings and measures take the images that `split` says they do.
@Suite struct SplitGroupTests {
    private static let count = 40

    private func spec(size: Int, part: Int) -> [String: JSONValue] {
        [
            "dataset.generator": "sines", "dataset.generator_version": 1, "dataset.count": .integer(Int64(Self.count)),
            "dataset.resolution": 8, "dataset.channels": 1, "dataset.size": .integer(Int64(size)),
            "dataset.subset_seed": 2, "dataset.held_out": 10,
            "dataset.part": ["index": .integer(Int64(part)), "of": 2],
        ]
    }

    @Test func everyImageHasItsRoleAndTheLeastSizeThatHoldsIt() throws {
        let request = DatasetRequest(source: "sines", resolution: 8, channels: 1)
        let sizes = [0: [3, 5], 1: [4]]
        let members = sizes.sorted { $0.key < $1.key }.flatMap { part, sizes in
            sizes.map { SplitGroup.Member(request: request, spec: spec(size: $0, part: part)) }
        }
        let groups = SplitGroup.groups(of: members)
        #expect(groups.count == 1)
        let names = (0..<Self.count).map { "image \($0)" }
        let rows = try groups[0].rows(DatasetListing(digest: nil, names: names, notes: DatasetNotes()))
        #expect(rows.map { $0[5].text } == names)
        func images(_ role: String, _ part: String, size: Int? = nil) -> Set<Int> {
            let found = rows.indices.filter { row in
                guard rows[row][2].text == part, rows[row][3].text == role else { return false }
                return size.map { rows[row][4].text == "\($0)" } ?? true
            }
            return Set(found)
        }
        func split(_ size: Int, _ part: Int) throws -> DatasetSplit {
            try DatasetSplit(spec: spec(size: size, part: part), count: Self.count)
        }
        #expect(try images("held out", "") == Set(split(3, 0).heldOut))
        #expect(try images("training", "0/2", size: 3) == Set(split(3, 0).training))
        #expect(try images("training", "0/2") == Set(split(5, 0).training))
        #expect(try images("training", "1/2", size: 4) == Set(split(4, 1).training))
        #expect(images("unused", "").count == Self.count - 10 - 5 - 4)
    }
}
