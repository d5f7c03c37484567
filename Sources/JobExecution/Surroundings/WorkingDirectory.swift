import CPosix
import Glibc
import JobContract

/// The attempt's working directory: files appear in it whole or not at all.
struct WorkingDirectory {
    /// Writes `bytes` under `name`. Throws JobFailure, whose kind for a full disk is `no-space`.
    func write(_ bytes: [UInt8], as name: String) throws -> OutputFile {
        try DurableFile.write(bytes, to: name)
        return OutputFile(path: name, digest: Digest(of: bytes), bytes: bytes.count)
    }
}

/// Writes files that appear whole or not at all, also when the machine stops.
enum DurableFile {
    /// Writes a temporary file beside `path`, syncs it, renames it and syncs the directory.
    ///
    /// Throws JobFailure, with the temporary file removed.
    static func write(_ bytes: [UInt8], to path: String) throws {
        let slash = path.lastIndex(of: "/")
        let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
        let directory = slash.map { String(path[...$0]) } ?? "./"
        let temporary = "\(directory).\(name).partial"
        do {
            try fill(temporary, with: bytes)
            guard rename(temporary, path) == 0 else { throw systemFailure("rename to", path) }
            try sync(directory)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private static func fill(_ path: String, with bytes: [UInt8]) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw systemFailure("create", path) }
        defer { close(file) }
        try bytes.withUnsafeBytes { try writeAll($0, to: file, named: path) }
        guard fsync(file) == 0 else { throw systemFailure("sync", path) }
    }

    private static func sync(_ directory: String) throws {
        let file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw systemFailure("open", directory) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw systemFailure("sync", directory) }
    }
}

/// Writes all of `bytes`, however many calls that takes.
func writeAll(_ bytes: UnsafeRawBufferPointer, to file: Int32, named name: String) throws {
    guard posix_write_all(file, bytes.baseAddress, bytes.count, 0) == 0 else { throw systemFailure("write", name) }
}
