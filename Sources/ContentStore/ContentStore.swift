import Glibc
import JobContract

/// Files named by the SHA-256 of their content, at `<directory>/<first two digits>/<digest>`.
///
/// A file gets its name only when it is whole and on disk: it is written under a temporary name, verified, synchronised and
/// renamed. Processes may share a directory, also over a network file system. Nobody may write to stored files; a file that
/// was executable when it came stays so. Disks and people damage files all the same: `wholeFile` gives only a file that was
/// read and found whole, the other calls give what is there.
package struct ContentStore: FileDepot {
    package let directory: String
    let whole = WholeFiles()
    let told: @Sendable (Damage) -> Void
    private var incoming: String { "\(directory)/incoming" }

    /// Opens the store, making the directory and those above it where they are missing. `told` is called once for every
    /// damaged file, on the thread that finds it.
    package init(directory: String, told: @escaping @Sendable (Damage) -> Void = { _ in }) throws(StoreError) {
        self.directory = directory
        self.told = told
        try Self.makeDirectories("\(directory)/incoming")
    }

    /// The path of a file with this digest, whether it is stored or not.
    package func path(of digest: Digest) -> String { "\(directory)/\(digest.hex.prefix(2))/\(digest.hex)" }

    /// The path of a stored file, whole or not, or nil when it is not here.
    package func location(of digest: Digest) -> String? {
        let path = path(of: digest)
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? path : nil
    }

    package func contains(_ digest: Digest) -> Bool { location(of: digest) != nil }

    /// The size in bytes of a stored file, or nil when it is not here.
    package func size(of digest: Digest) -> Int? {
        var status = stat()
        return stat(path(of: digest), &status) == 0 ? Int(status.st_size) : nil
    }

    package func temporaryPath() throws -> String { newTemporaryPath() }

    // The name is random, because processes on several hosts may share the directory.
    func newTemporaryPath() -> String {
        let name = UInt64.random(in: 0 ... .max)
        return "\(incoming)/\(getpid())-\(String(name, radix: 16))"
    }

    /// All digests stored here, ascending.
    package func digests() throws(StoreError) -> [Digest] {
        var found: [Digest] = []
        for prefix in try Self.names(in: directory) where prefix.utf8.count == 2 {
            for name in try Self.names(in: "\(directory)/\(prefix)") {
                if let digest = Digest(hex: name), name.hasPrefix(prefix) { found.append(digest) }
            }
        }
        return found.sorted()
    }

    /// Removes temporary files that nobody wrote to for `seconds`, which interrupted transfers left.
    package func removeTemporaries(olderThan seconds: Int) throws(StoreError) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        for name in try Self.names(in: incoming) {
            let path = "\(incoming)/\(name)"
            var status = stat()
            if lstat(path, &status) == 0, status.st_mtim.tv_sec + seconds < now.tv_sec { unlink(path) }
        }
    }

    /// Removes a file; nothing happens when it is not here.
    package func remove(_ digest: Digest) throws(StoreError) {
        guard unlink(path(of: digest)) != 0 else { return }
        if errno != ENOENT { throw .last(doing: "remove", path: path(of: digest)) }
    }

    static func names(in directory: String) throws(StoreError) -> [String] {
        guard let stream = opendir(directory) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw .last(doing: "list", path: directory)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Makes a directory and those above it, each durable in its parent.
    static func makeDirectories(_ path: String) throws(StoreError) {
        if mkdir(path, 0o755) == 0 {
            try OpenFile(parent(of: path), O_RDONLY | O_DIRECTORY).synchronise()
            return
        }
        var status = stat()
        switch errno {
        case EEXIST where stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR: return
        case EEXIST: throw .system(doing: "make the directory", path: path, code: ENOTDIR)
        case ENOENT where parent(of: path) != path && path != "":
            try makeDirectories(parent(of: path))
            try makeDirectories(path)
        default: throw .last(doing: "make the directory", path: path)
        }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
