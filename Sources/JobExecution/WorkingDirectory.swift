import CPosix
import Glibc
import JobContract

/// The attempt's working directory: files appear in it whole or not at all.
struct WorkingDirectory {
    /// Writes `bytes` under `name`: temporary file, fsync, rename, fsync of the directory.
    ///
    /// Throws JobFailure; a full disk is `no-space`. The temporary file is removed on failure.
    func write(_ bytes: [UInt8], as name: String) throws -> OutputFile {
        let temporary = ".\(name).partial"
        do {
            try writeDurably(bytes, to: temporary)
            guard rename(temporary, name) == 0 else { throw systemFailure("rename to", name) }
            try syncDirectory()
        } catch {
            unlink(temporary)
            throw error
        }
        return OutputFile(path: name, digest: Digest(of: bytes), bytes: bytes.count)
    }

    private func writeDurably(_ bytes: [UInt8], to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw systemFailure("create", path) }
        defer { close(file) }
        try bytes.withUnsafeBytes { try writeAll($0, to: file, named: path) }
        guard fsync(file) == 0 else { throw systemFailure("sync", path) }
    }

    private func syncDirectory() throws {
        let directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw systemFailure("open", "the working directory") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw systemFailure("sync", "the working directory") }
    }
}

/// Writes all of `bytes`, however many calls that takes.
func writeAll(_ bytes: UnsafeRawBufferPointer, to file: Int32, named name: String) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = Glibc.write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0 {
            if errno == EINTR { continue }
            throw systemFailure("write", name)
        }
        rest = rest.dropFirst(count)
    }
}
