import Foundation
import JobContract
import TestSupport
import Testing

@testable import ContentStore

/// Files lie under their digests, and only whole ones, whoever else writes.
@Suite struct ContentStoreTests {
    let folder: TestFolder
    let store: ContentStore
    // The digest of "abc" from FIPS 180-2, appendix B.1.
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    init() throws {
        folder = try TestFolder()
        store = try ContentStore(directory: "\(folder.path)/a/store")
    }

    func incoming() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(store.directory)/incoming")
    }

    func mode(_ path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test func contentLiesUnderItsDigest() throws {
        let digest = try store.put(Array("abc".utf8))
        #expect(digest.hex == abc)
        let path = "\(folder.path)/a/store/ba/\(abc)"
        #expect(store.location(of: digest) == path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("abc".utf8))
        #expect(try store.read(digest) == Array("abc".utf8))
        #expect(store.size(of: digest) == 3)
        #expect(try incoming().isEmpty)
    }

    @Test func absentContentIsMissing() throws {
        let digest = Digest(of: [1, 2, 3])
        #expect(store.location(of: digest) == nil)
        #expect(!store.contains(digest))
        #expect(throws: StoreError.missing(digest, directory: store.directory)) { try store.read(digest) }
        #expect(throws: StoreError.missing(digest, directory: store.directory)) { try store.verify(digest) }
        try store.remove(digest)
    }

    @Test func wrongContentIsRefusedAndRemoved() throws {
        let path = try store.temporaryPath()
        try Data("abd".utf8).write(to: URL(fileURLWithPath: path))
        let wanted = try #require(Digest(hex: abc))
        #expect(
            throws: StoreError.wrongContent(path: path, expected: wanted, actual: Digest(of: Array("abd".utf8)))
        ) { try store.adopt(path, as: wanted) }
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(!store.contains(wanted))
    }

    @Test func adoptingWhatIsHereSucceeds() throws {
        let digest = try store.put(Array("abc".utf8))
        let path = try store.temporaryPath()
        try Data("abc".utf8).write(to: URL(fileURLWithPath: path))
        try store.adopt(path, as: digest)
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try store.read(digest) == Array("abc".utf8))
    }

    @Test func damageIsNoticedAndHealed() throws {
        let digest = try store.put(Array("abc".utf8))
        try Data("xyz".utf8).write(to: URL(fileURLWithPath: store.path(of: digest)))
        let damage = StoreError.wrongContent(
            path: store.path(of: digest), expected: digest, actual: Digest(of: Array("xyz".utf8)))
        #expect(throws: damage) { try store.verify(digest) }
        #expect(throws: damage) { try store.read(digest) }
        try store.put(Array("abc".utf8))
        try store.verify(digest)
    }

    @Test func executablesStayExecutable() throws {
        let program = Array("#!/bin/sh\nexit 7\n".utf8)
        let source = try folder.write(program, "program")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: source)
        let digest = try store.put(copyOf: source)
        #expect(FileManager.default.isExecutableFile(atPath: store.path(of: digest)))
        // Bytes that come without the executable bit leave it alone.
        try store.put(program)
        #expect(FileManager.default.isExecutableFile(atPath: store.path(of: digest)))

        let plain = try store.put(Array("plain".utf8))
        #expect(try mode(store.path(of: plain)) & 0o111 == 0)
        try store.makeExecutable(plain)
        #expect(try mode(store.path(of: plain)) & 0o100 != 0)
    }

    @Test func listsAndRemoves() throws {
        let digests = try (0..<20).map { try store.put([UInt8($0)]) }
        _ = try folder.write([1], "a/store/zz/not-a-digest")
        #expect(try store.digests() == digests.sorted())
        try store.remove(digests[3])
        #expect(!store.contains(digests[3]))
        #expect(try store.digests() == digests.filter { $0 != digests[3] }.sorted())
    }

    @Test func streamedDigestEqualsTheOneOfBytes() throws {
        let bytes = ImageFiles.noise(5, count: 1_000_003)
        let path = try folder.write(bytes, "large")
        #expect(try Digest(ofFile: path) == Digest(of: bytes))
        #expect(try store.put(copyOf: path) == Digest(of: bytes))
        #expect(FileManager.default.fileExists(atPath: path))
    }

    @Test func oldTemporariesGoAndYoungOnesStay() throws {
        let (old, young) = (try store.temporaryPath(), try store.temporaryPath())
        try Data("x".utf8).write(to: URL(fileURLWithPath: old))
        try Data("x".utf8).write(to: URL(fileURLWithPath: young))
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: old)
        try store.removeTemporaries(olderThan: 3600)
        #expect(!FileManager.default.fileExists(atPath: old))
        #expect(FileManager.default.fileExists(atPath: young))
    }

    @Test func aFullDiskIsSaidInWords() throws {
        // /dev/full refuses every write, as a full disk does.
        let file = try OpenFile("/dev/full", O_WRONLY)
        let error = #expect(throws: StoreError.noSpace(path: "/dev/full")) { try file.write([1]) }
        #expect(error?.description.contains("no space left") == true)
    }

    @Test func unusableDirectoriesAndFilesAreNamed() throws {
        let error = #expect(throws: StoreError.self) { try ContentStore(directory: "/dev/null/store") }
        #expect(error?.description.contains("/dev/null") == true)
        #expect(throws: StoreError.self) { try store.put(copyOf: "\(folder.path)/none") }
        #expect(throws: StoreError.self) { try store.put(copyOf: folder.path) }
        #expect(try incoming().isEmpty)
    }

    @Test func manyWritersOfOneContentAgree() async throws {
        let bytes = ImageFiles.noise(9, count: 300_000)
        let stores = try (0..<2).map { _ in try ContentStore(directory: store.directory) }
        let digests = try await withThrowingTaskGroup(of: Digest.self) { group in
            for writer in 0..<16 { group.addTask { try stores[writer % 2].put(bytes) } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(digests == [Digest(of: bytes)])
        #expect(try store.read(Digest(of: bytes)) == bytes)
        #expect(try incoming().isEmpty)
    }

    /// The same bytes came as data before they came as a program.
    @Test func whatIsStoredBecomesExecutableWithAProgram() throws {
        let program = Array("#!/bin/sh\nexit 7\n".utf8)
        let digest = try store.put(program)
        #expect(!FileManager.default.isExecutableFile(atPath: store.path(of: digest)))
        try store.put(program, executable: true)
        #expect(try mode(store.path(of: digest)) & 0o111 == 0o111)
        #expect(try store.read(digest) == program)
    }
}
