import ContentStore
import DatasetPreparation
import Foundation
import JobContract
import SweepModel
import Synchronization
import TestSupport
import Testing

/// Datasets that were prepared once are not decoded again, and no cache makes a wrong dataset.
@Suite struct PreparationCacheTests {
    /// Counts the images that a preparation went through.
    final class Counter: Sendable {
        private let reports = Mutex<[PreparationProgress]>([])
        var all: [PreparationProgress] { reports.withLock { $0 } }
        func add(_ report: PreparationProgress) { reports.withLock { $0.append(report) } }
    }

    let folder: TestFolder
    let store: ContentStore
    let counter = Counter()
    let preparer: DatasetPreparer
    let cache: String
    let images: String

    init() throws {
        folder = try TestFolder()
        store = try ContentStore(directory: "\(folder.path)/store")
        cache = "\(folder.path)/datasets.json"
        images = "\(folder.path)/images"
        let counter = counter
        preparer = DatasetPreparer(depot: store, cache: cache, progress: { counter.add($0) })
        try add("a.png", 1)
        try add("b.png", 2)
    }

    func add(_ name: String, _ seed: UInt64) throws {
        let png = try ImageFiles.png(ImageFiles.noise(seed, count: 64), width: 8, height: 8, channels: 1)
        try folder.write(png, "images/\(name)")
    }

    func request(_ resolution: Int = 8) -> DatasetRequest {
        DatasetRequest(source: images, resolution: resolution, channels: 1)
    }

    @Test func anUnchangedSourceIsReadOnce() throws {
        let first = try preparer.prepare(request())
        #expect(counter.all == [PreparationProgress(source: images, done: 2, total: 2)])
        #expect(try preparer.prepare(request()) == first)
        let identity = try preparer.identify(request())
        #expect(identity.keys == ["dataset.digest": .string(first.digest.hex)])
        #expect(identity.images == 2)
        #expect(counter.all.count == 1)
    }

    @Test func aChangedSourceIsReadAgain() throws {
        let first = try preparer.prepare(request())
        try add("c.png", 3)
        let second = try preparer.prepare(request())
        #expect(second.images == 3)
        #expect(second.digest != first.digest)
        try add("c.png", 4)
        #expect(try preparer.prepare(request()).digest != second.digest)
        #expect(try preparer.prepare(request(4)).digest != second.digest)
    }

    @Test func aLostFileIsMadeAgain() throws {
        let first = try preparer.prepare(request())
        try store.remove(first.digest)
        #expect(try preparer.prepare(request()) == first)
        #expect(store.contains(first.digest))
    }

    @Test(arguments: ["", "{", "[]", #"{"x": {"digest": "../..", "images": -1, "duplicates": 0}}"#])
    func aDamagedCacheCostsTimeOnly(text: String) throws {
        let first = try preparer.prepare(request())
        try Data(text.utf8).write(to: URL(fileURLWithPath: cache))
        #expect(try preparer.prepare(request()) == first)
    }

    @Test func aChangedNumberInTheCacheIsNotBelieved() throws {
        let first = try preparer.prepare(request())
        let text = try String(contentsOfFile: cache, encoding: .utf8)
        let changed = text.replacingOccurrences(of: "\"used\" : 2", with: "\"used\" : 3")
        #expect(changed != text)
        try changed.write(toFile: cache, atomically: true, encoding: .utf8)
        #expect(try preparer.prepare(request()) == first)
        #expect(counter.all.count == 2)
    }

    @Test func generatorsAreMadeOnce() throws {
        let request = DatasetRequest(
            source: "geometric", resolution: 8, channels: 1, parameters: ["count": 150, "alpha": 2])
        let first = try preparer.prepare(request)
        #expect(counter.all.map(\.done) == [100, 150])
        #expect(try preparer.prepare(request) == first)
        #expect(counter.all.count == 2)
    }
}
