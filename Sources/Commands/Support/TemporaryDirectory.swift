import Foundation
import Glibc

/// Runs `body` with a directory that is gone afterwards. What a program that was killed has left of its own is removed by
/// the next.
func withTemporaryDirectory<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let files = FileManager.default
    removeAbandoned(in: files.temporaryDirectory)
    let directory = files.temporaryDirectory.appendingPathComponent("\(temporaryPrefix)\(UUID().uuidString)")
    try files.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? files.removeItem(at: directory) }
    let lock = open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(lock) }
    flock(lock, LOCK_SH)
    return try body(directory)
}

private let temporaryPrefix = "eigensweep-run-"

/// A directory in use is locked by its program; one that was made just now may not be yet.
private func removeAbandoned(in parent: URL) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent.path)) ?? []
    for name in names where name.hasPrefix(temporaryPrefix) {
        let path = parent.appendingPathComponent(name).path
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
            status.st_mtim.tv_sec + 60 < time(nil)
        else { continue }
        let lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard lock >= 0 else { continue }
        defer { close(lock) }
        if flock(lock, LOCK_EX | LOCK_NB) == 0 { try? FileManager.default.removeItem(atPath: path) }
    }
}
