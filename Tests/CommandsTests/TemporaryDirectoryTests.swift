import Foundation
import Glibc
import Testing

@testable import Commands

struct TemporaryDirectoryTests {
    private static func directory(agedBy seconds: Double) throws -> URL {
        let files = FileManager.default
        let made = files.temporaryDirectory.appendingPathComponent("eigensweep-run-\(UUID().uuidString)")
        try files.createDirectory(at: made, withIntermediateDirectories: true)
        try Data("left".utf8).write(to: made.appendingPathComponent("copy"))
        try files.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -seconds)], ofItemAtPath: made.path)
        return made
    }

    @Test func `what a killed program left is removed, and nothing that is in use or new`() throws {
        let (left, used) = (try Self.directory(agedBy: 600), try Self.directory(agedBy: 600))
        let new = try Self.directory(agedBy: 0)
        defer { for made in [left, used, new] { try? FileManager.default.removeItem(at: made) } }
        let lock = open(used.path, O_RDONLY | O_DIRECTORY)
        try #require(flock(lock, LOCK_SH) == 0)
        defer { close(lock) }
        let own = try withTemporaryDirectory { directory in
            #expect(!FileManager.default.fileExists(atPath: left.path))
            #expect([used, new, directory].allSatisfy { FileManager.default.fileExists(atPath: $0.path) })
            return directory
        }
        #expect(!FileManager.default.fileExists(atPath: own.path))
    }
}
