import ContentStore
import Datasets
import ImageGenerators
import JobContract
import SweepModel
import TestSupport
import Testing

@testable import DatasetPreparation

/// People say which images are for training.
@Suite struct GivenSplitTests {
    let folder: TestFolder
    let store: ContentStore

    init() throws {
        folder = try TestFolder()
        store = try ContentStore(directory: "\(folder.path)/store")
    }

    private func noise(_ seed: Int) -> [UInt8] { ImageFiles.noise(UInt64(seed), count: 64) }

    private func add(_ name: String, _ seed: Int) throws {
        try folder.write(try ImageFiles.png(noise(seed), width: 8, height: 8, channels: 1), name)
    }

    private func request(_ source: String, _ parameters: [String: JSONValue]) -> DatasetRequest {
        DatasetRequest(source: "\(folder.path)/\(source)", resolution: 8, channels: 1, parameters: parameters)
    }

    private func file(_ request: DatasetRequest) throws -> (
        file: DatasetFile, account: DatasetAccount, images: [[UInt8]]
    ) {
        let prepared = try DatasetPreparer(depot: store, cache: "\(folder.path)/cache").prepare(request)
        let file = try DatasetFile(path: try #require(store.location(of: prepared.digest)))
        return (file, prepared.account, try (0..<file.count).map { try file.pixels(of: $0) })
    }

    @Test func aSourceOfHeldOutImagesComesBehind() throws {
        for (name, seed) in [
            ("seen/b.png", 2), ("seen/a.png", 1), ("seen/c.png", 1), ("unseen/x.png", 2), ("unseen/y.png", 3),
            ("unseen/z.png", 3),
        ] {
            try add(name, seed)
        }
        let wish = request("seen", ["held_out_source": .string("\(folder.path)/unseen")])
        let (dataset, account, images) = try file(wish)
        #expect(images == [noise(1), noise(2), noise(3)] && dataset.notes == DatasetNotes(pool: 2))
        let lines = account.lines(wish)
        #expect(lines[0] == "training, \(folder.path)/seen, 8×8 grey: 3 images found, 2 used")
        #expect(lines.contains("held out, \(folder.path)/unseen, 8×8 grey: 3 images found, 1 used"), "\(lines)")
        #expect(lines.contains("1 is equal to a training image and left out"))
        let identity = try DatasetPreparer(depot: store).identify(wish)
        #expect(identity.pool == 2 && identity.images == 3 && identity.keys["dataset.split"] == "given")
        // Other held-out images make another dataset, also where a cache remembers the first.
        try add("unseen/w.png", 4)
        #expect(try file(wish).images == [noise(1), noise(2), noise(4), noise(3)])

        let missing = #expect(throws: DatasetPreparationError.self) {
            try file(request("seen", ["held_out_source": "/nowhere"]))
        }
        #expect(missing?.key == "dataset.held_out_source" && missing?.description.contains("/nowhere") == true)
    }

    @Test func anIndexNamesThemByNameOrNumber() throws {
        for seed in 0..<6 { try add("all/\(seed < 3 ? "cats" : "dogs")/\(seed).png", seed) }
        // The last image equals number 1: the network saw it, under either name.
        try add("all/zebras/0.png", 1)
        let index = try folder.write(
            Array("\u{FEFF}4\r\ndogs/3.png\n\n  \(folder.path)/all/cats/2.png\n4.png\n./zebras/0.png".utf8), "index.txt"
        )
        let wish = request("all", ["training_index": .string(index)])
        let (dataset, account, images) = try file(wish)
        #expect(images == [1, 2, 3, 4, 0, 5].map(noise) && dataset.notes == DatasetNotes(pool: 4))
        #expect(account.lines(wish).contains("4 are for training, as \(index) says, and 2 are not"))
        // The same images from two places are the same dataset.
        for seed in 1..<5 { try add("seen/\(seed).png", seed) }
        for seed in [0, 5] { try add("unseen/\(seed).png", seed) }
        let apart = request("seen", ["held_out_source": .string("\(folder.path)/unseen")])
        #expect(
            try DatasetPreparer(depot: store).prepare(apart).digest
                == DatasetPreparer(depot: store).prepare(wish).digest)

        try folder.write(Array("5".utf8), "index.txt")
        #expect(try file(wish).images.first == noise(5))
    }

    @Test func linesThatNameNoImageAreAllTold() throws {
        for seed in 0..<3 { try add("all/a/\(seed).png", seed) }
        try add("all/b/0.png", 7)
        let index = try folder.write(Array("0.png\n1\nnope.png\n4\n-1\n".utf8), "index.txt")
        let wish = request("all", ["training_index": .string(index)])
        let words = #expect(throws: DatasetPreparationError.self) { try file(wish) }?.description ?? ""
        #expect(words.contains("number from 0 to 3") && words.contains("4 lines"), "\(words)")
        #expect(words.contains("line 1: 0.png: 2 images are called so") && words.contains("line 3: nope.png"))
        #expect(words.contains("line 4: 4:") && words.contains("line 5: -1:") && !words.contains("line 2"))
        try folder.write([10, 10], "index.txt")
        #expect(throws: DatasetPreparationError.self) { try file(wish) }
        #expect(throws: DatasetPreparationError.self) { try file(request("all", ["training_index": "/nowhere"])) }
    }

    /// Of two nearly equal images one goes: the held-out one, where the other is for training.
    @Test func theTrainingImageOfTwoAlikeStays() throws {
        var nearly = noise(1)
        nearly[0] ^= 1
        try folder.write(try ImageFiles.png(nearly, width: 8, height: 8, channels: 1), "all/0.png")
        for seed in 1..<4 { try add("all/\(seed).png", seed) }
        let index = try folder.write(Array("1.png\n3.png".utf8), "index.txt")
        let wish = request("all", ["training_index": .string(index), "deduplicate": true])
        let (dataset, account, images) = try file(wish)
        #expect(images == [noise(1), noise(3), noise(2)] && dataset.notes.pool == 2 && account.alike == 1)
    }

    /// In the source's order the file says which of the source's images it has, where some are missing.
    @Test func numbersStandWhereImagesAreMissing() throws {
        for (name, seed) in [("a.png", 1), ("b.png", 1), ("c.png", 2)] { try add("some/\(name)", seed) }
        #expect(try file(request("some", ["order": "source"])).file.notes.source == .init(found: 3, numbers: [0, 2]))
        #expect(try file(request("some", [:])).file.notes == DatasetNotes())
        try add("whole/a.png", 1)
        #expect(try file(request("whole", ["order": "source"])).file.notes == DatasetNotes())
        let rays = DatasetRequest(
            source: "ray", resolution: 8, channels: 1, parameters: ["count": 600, "order": "source"])
        let (dataset, account, _) = try file(rays)
        let source = try #require(dataset.notes.source)
        #expect(account.equal > 0 && source.found == 600 && source.numbers.count == account.used)
        let made = try #require(try GeneratedDataset(rays))
        for (image, number) in source.numbers.enumerated().suffix(3) {
            #expect(try dataset.pixels(of: image) == made.images.image(number))
        }
    }

    /// The names that images have in the prepared file.
    @Test func listingsNameTheImages() throws {
        for seed in 0..<4 { try add("all/\(seed).png", seed) }
        let index = try folder.write(Array("2\n".utf8), "index.txt")
        let wish = request("all", ["training_index": .string(index)])
        let preparer = DatasetPreparer(depot: store)
        let listing = try preparer.listing(wish)
        #expect(listing.names == ["2.png", "0.png", "1.png", "3.png"] && listing.notes.pool == 1)
        #expect(try preparer.prepare(wish).digest == listing.digest)
    }
}
