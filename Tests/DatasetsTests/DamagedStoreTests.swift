import Foundation
import JobContract
import Synchronization
import Testing

@testable import ContentStore

/// Files of a store that something has damaged are noticed, put aside, and told of once.
@Suite struct DamagedStoreTests {
    let folder: TestFolder
    let store: ContentStore
    private let told = Told()

    private final class Told: Sendable {
        let damages = Mutex<[Damage]>([])
    }

    enum Damaging: CaseIterable {
        case flip, cut, empty, directory, socket

        /// Damages a file, and returns what can be read there afterwards.
        func strike(_ path: String) throws -> Data? {
            var content = try #require(FileManager.default.contents(atPath: path))
            switch self {
            case .flip: content[content.count / 2] ^= 1
            case .cut: content.removeLast(3)
            case .empty: content = Data()
            case .directory:
                try FileManager.default.removeItem(atPath: path)
                try FileManager.default.createDirectory(atPath: path + "/inside", withIntermediateDirectories: true)
                return nil
            case .socket:
                try FileManager.default.removeItem(atPath: path)
                #expect(mkfifo(path, 0o600) == 0)
                return nil
            }
            try content.write(to: URL(fileURLWithPath: path))
            return content
        }
    }

    init() throws {
        folder = try TestFolder()
        let told = told
        store = try ContentStore(directory: "\(folder.path)/store") { damage in
            told.damages.withLock { $0.append(damage) }
        }
    }

    private var damages: [Damage] { told.damages.withLock { $0 } }
    private let content = Array("what is stored".utf8)

    @Test(arguments: Damaging.allCases) func itIsPutAsideAndToldOnceAndMakesRoom(damaging: Damaging) throws {
        let digest = try store.put(content)
        #expect(store.wholeFile(digest) == store.path(of: digest))
        let left = try damaging.strike(store.path(of: digest))
        #expect(store.examine(digest) != nil)
        #expect(damages.isEmpty, "a look changes nothing")
        for _ in 0..<3 { #expect(store.wholeFile(digest) == nil) }
        #expect(damages.count == 1)
        let kept = try #require(damages.first?.kept)
        #expect(kept.hasPrefix("\(store.directory)/damaged/\(digest.hex)"))
        if let left { #expect(FileManager.default.contents(atPath: kept) == left) }
        try store.put(content)
        #expect(store.wholeFile(digest) == store.path(of: digest))
        #expect(try store.read(digest) == content)
        #expect(try store.digests() == [digest], "what is aside is no stored file")
    }

    @Test(arguments: Damaging.allCases) func whatArrivesPutsAsideWhatLiesInItsPlace(damaging: Damaging) throws {
        let digest = try store.put(content)
        _ = try damaging.strike(store.path(of: digest))
        try store.put(content)
        #expect(try store.read(digest) == content)
        #expect(damages.count == 1)
    }

    @Test func aFileInTheWayOfADirectoryIsPutAside() throws {
        let digest = Digest(of: content)
        _ = try folder.write([1], "store/\(digest.hex.prefix(2))")
        #expect(store.wholeFile(digest) == nil)
        try store.put(content)
        #expect(try store.read(digest) == content)
        #expect(damages.count == 1)
    }

    @Test func aFileIsReadAgainWhenSomethingWroteToItOrItIsDoubted() throws {
        let digest = try store.put(content)
        let path = store.path(of: digest)
        let date = try #require(try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date)
        let before = try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.write(contentsOf: Data("W".utf8))
        try file.close()
        // A disk damages a file without a change of its times.
        var status = stat()
        #expect(stat(path, &status) == 0)
        let fresh = try ContentStore(directory: store.directory)
        #expect(before == Int(status.st_ino) && date <= Date())
        #expect(fresh.wholeFile(digest) == nil, "nothing is remembered of it in another process")
        try store.put(content)
        #expect(store.wholeFile(digest) != nil)
    }

    @Test func bitsThatADiskLosesAreFoundOnceAFileIsDoubted() throws {
        let digest = try store.put(content)
        let path = store.path(of: digest)
        var status = stat()
        #expect(stat(path, &status) == 0)
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.write(contentsOf: Data("W".utf8))
        try file.close()
        var times = [status.st_atim, status.st_mtim]
        #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
        #expect(store.wholeFile(digest) != nil, "nothing shows it")
        store.doubtAll()
        #expect(store.wholeFile(digest) == nil)
        #expect(damages.count == 1)
    }

    @Test func soManyAreKeptAndNoMore() throws {
        let most = ContentStore.mostAside
        for number in 0..<most + 10 {
            let digest = try store.put(Array("file \(number)".utf8))
            _ = try Damaging.empty.strike(store.path(of: digest))
            #expect(store.wholeFile(digest) == nil)
        }
        #expect(try store.aside().count == most)
        #expect(damages.count == most + 10)
        #expect(damages.map(\.removed).reduce(0, +) == 10, "that older ones went is told")
        #expect(damages.last.map { FileManager.default.fileExists(atPath: $0.kept ?? "") } == true)
    }

    @Test func anInspectionFindsDamageAndChangesNothingUnlessAsked() throws {
        let digests = try (0..<5).map { try store.put([UInt8](repeating: $0, count: 100 * Int($0 + 1))) }
        _ = try Damaging.flip.strike(store.path(of: digests[1]))
        _ = try Damaging.directory.strike(store.path(of: digests[4]))
        let looked = try store.inspect(putsAside: false)
        #expect(Set(looked.damaged.map(\.digest)) == [digests[1], digests[4]])
        #expect(looked.unread == 0 && looked.aside == 0)
        #expect(damages.isEmpty && store.location(of: digests[1]) != nil)
        let short = try store.inspect(limit: 300, putsAside: false)
        #expect(Set(short.damaged.map(\.digest)) == [digests[1], digests[4]], "small files first; a directory is seen")
        #expect(short.unread == 2 && short.unreadBytes == 700)
        let asked = try store.inspect([digests[0], digests[1], Digest(of: [9])], putsAside: true)
        #expect(asked.whole == [digests[0]] && asked.damaged.map(\.digest) == [digests[1]] && asked.aside == 1)
        #expect(store.location(of: digests[1]) == nil)
    }

    @Test func whatCannotBePutAsideIsToldOnceAndNotUsed() throws {
        let digest = try store.put(content)
        _ = try Damaging.cut.strike(store.path(of: digest))
        _ = try folder.write([1], "store/damaged")
        for _ in 0..<3 { #expect(store.wholeFile(digest) == nil) }
        #expect(damages.map(\.kept) == [nil])
        try store.put(content)
        #expect(store.wholeFile(digest) != nil, "a whole file takes its place all the same")
    }
}
