import CPowerLoss
import Foundation
import JobContract
import Testing

@testable import ContentStore

/// A stored file is whole under its name after a loss of power. Only what was synchronised is left then.
@Suite struct StorePowerLossTests {
    let folder: TestFolder
    private let content = Array("what is stored".utf8)

    init() throws {
        folder = try TestFolder()
        try FileManager.default.createDirectory(atPath: folder.path + "/disk", withIntermediateDirectories: true)
    }

    /// Does `body` with a new store, and returns the store after a loss of power.
    private func afterLoss(_ body: (ContentStore) throws -> Void) throws -> ContentStore {
        let disk = try #require(power_loss_watch(folder.path + "/disk"))
        defer { power_loss_end(disk) }
        try body(try ContentStore(directory: folder.path + "/disk/home/store"))
        #expect(power_loss_restore(disk, folder.path + "/left") == 0)
        return try ContentStore(directory: folder.path + "/left/home/store")
    }

    @Test func bytesAreThere() throws {
        let left = try afterLoss { try $0.put(content) }
        #expect(try left.read(Digest(of: content)) == content)
    }

    @Test func aCopyIsThereAndCanBeRun() throws {
        let source = try folder.write(content, "program")
        #expect(chmod(source, 0o755) == 0)
        let left = try afterLoss { try $0.put(copyOf: source) }
        let stored = try #require(left.wholeFile(Digest(of: content)))
        #expect(FileManager.default.isExecutableFile(atPath: stored))
    }

    @Test func whatWasAdoptedIsThere() throws {
        let left = try afterLoss { store in
            let path = try store.temporaryPath()
            try Data(content).write(to: URL(fileURLWithPath: path))
            try store.adopt(path, as: Digest(of: content))
        }
        #expect(left.isWhole(Digest(of: content)))
    }

    /// Another process has just put the file there, and may lose power before it has synchronised its name.
    @Test func whatAnotherProcessPutThereIsThere() throws {
        let digest = Digest(of: content)
        let left = try afterLoss { store in
            let other = try ContentStore(directory: folder.path + "/other")
            try other.put(content)
            // An earlier file of that name comes and goes first.
            try store.put(content)
            try store.remove(digest)
            let copy = store.path(of: digest)
            try Data(content).write(to: URL(fileURLWithPath: copy))
            let file = try #require(FileHandle(forReadingAtPath: copy))
            try file.synchronize()
            try store.put(content)
        }
        #expect(left.isWhole(digest))
    }

    /// Tests the layer itself: what nobody synchronised is gone, or empty.
    @Test func whatNobodySynchronisedIsLost() throws {
        let disk = try #require(power_loss_watch(folder.path + "/disk"))
        defer { power_loss_end(disk) }
        let directory = folder.path + "/disk"
        func write(_ text: String, _ name: String, synchronised: Bool) throws {
            let path = "\(directory)/\(name)"
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.write(contentsOf: Data(text.utf8))
            if synchronised { try file.synchronize() }
        }
        try write("kept", "kept", synchronised: true)
        try write("lost", "empty", synchronised: false)
        let own = open(directory, O_RDONLY)
        #expect(fsync(own) == 0)
        close(own)
        try write("later", "nameless", synchronised: true)
        try write("kept and more", "kept", synchronised: false)
        #expect(power_loss_synchronised(disk) == 3)
        #expect(power_loss_restore(disk, folder.path + "/left") == 0)
        func left(_ name: String) -> String? {
            FileManager.default.contents(atPath: "\(folder.path)/left/\(name)").map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        #expect(left("kept") == "kept" && left("empty") == "" && left("nameless") == nil)
    }
}
