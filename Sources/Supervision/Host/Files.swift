import CPosix
import Glibc
import JobContract

/// Small files read and written whole.
enum Files {
    /// Content up to `limit` bytes, or nil when the file is missing, longer or unreadable.
    static func read(_ path: String, limit: Int = 8 << 20) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0, bytes.count + count <= limit else { return nil }
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
    }

    static func text(_ path: String) -> String? { read(path).map { String(decoding: $0, as: UTF8.self) } }

    /// Opens a file that a worker may have replaced: neither a link is followed nor is a fifo waited for. Negative for
    /// anything but a regular file.
    static func openRegular(_ path: String, _ mode: Int32 = O_RDONLY) -> Int32 {
        let descriptor = open(path, mode | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return -1 }
        var status = stat()
        if fstat(descriptor, &status) == 0, posix_is_regular(status.st_mode) == 1 { return descriptor }
        close(descriptor)
        errno = EINVAL
        return -1
    }

    /// The last bytes of a file, as text.
    static func tail(_ path: String, bytes limit: Int) -> String {
        let descriptor = openRegular(path)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return "" }
        var piece = [UInt8](repeating: 0, count: limit)
        let count = pread(descriptor, &piece, limit, max(0, status.st_size - off_t(limit)))
        return String(decoding: piece.prefix(max(0, count)), as: UTF8.self)
    }

    /// Replaces a file: readers see the old or the new content. Durable on return unless that is not asked for.
    static func write(_ bytes: [UInt8], to path: String, durably: Bool = true) throws(AgentRefusal) {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw refusal("write \(temporary)") }
        var written = writeAll(descriptor, bytes)
        if durably { written = written && fsync(descriptor) == 0 }
        let code = errno
        close(descriptor)
        errno = code
        guard written, rename(temporary, path) == 0 else { throw refusal("write \(path)") }
        if durably { synchronizeDirectory(of: path) }
    }

    /// Writes everything, also to a descriptor that does not block.
    static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { posix_write_all(descriptor, $0.baseAddress, $0.count, 1) } == 0
    }

    /// Words for the agent's log, or for who started it.
    static func say(_ words: String) { _ = writeAll(2, Array("\(words)\n".utf8)) }

    static func synchronizeDirectory(of path: String) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let parent = slash == path.startIndex ? "/" : String(path[..<slash])
        let descriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// Makes a directory and those above it, for the account alone; each durable in its parent where that is asked for.
    static func makeDirectory(_ path: String, durably: Bool = false) throws(AgentRefusal) {
        if mkdir(path, 0o700) == 0 {
            if durably { synchronizeDirectory(of: path) }
            return
        }
        if errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw refusal("make the directory \(path)")
        }
        try makeDirectory(String(path[..<slash]), durably: durably)
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw refusal("make the directory \(path)") }
        if durably { synchronizeDirectory(of: path) }
    }

    static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes a directory with all in it; symbolic links are removed, not followed.
    static func removeTree(_ path: String) {
        if unlink(path) == 0 || errno == ENOENT { return }
        for name in names(in: path) { removeTree("\(path)/\(name)") }
        rmdir(path)
    }

    /// What the last system call refused, in words.
    static func refusal(_ doing: String) -> AgentRefusal {
        let full = errno == ENOSPC || errno == EDQUOT
        return AgentRefusal(full ? .noSpace : .agentFailed, "cannot \(doing): \(String(cString: strerror(errno)))")
    }
}
