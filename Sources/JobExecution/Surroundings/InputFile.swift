import CPosix
import Glibc
import JobContract

/// Reads whole files that a job or a person names.
enum InputFile {
    /// The most bytes of a file that is read whole.
    private static let longest = 16 << 30
    /// The most bytes of what is no regular file, of which nobody knows how much will come.
    private static let longestStream = 256 << 20

    /// The bytes of the store's file with `digest`, verified. Throws JobFailure `missing-input`.
    static func read(_ digest: Digest, of job: JobDescription, what: String) throws -> [UInt8] {
        let path = job.path(of: digest)
        let bytes = try read(path, what: what)
        try check(Digest(of: bytes), digest, path: path, what: what)
        return bytes
    }

    /// Verifies the store's file with `digest` without keeping it; returns its path. Throws `missing-input`.
    static func verify(_ digest: Digest, of job: JobDescription, what: String) throws -> String {
        let path = job.path(of: digest)
        try check(try self.digest(path, what: what), digest, path: path, what: what)
        return path
    }

    /// The digest of the file at `path`, without keeping it. Throws JobFailure `missing-input`.
    static func digest(_ path: String, what: String) throws -> Digest {
        var hash = SHA256()
        try withOpenFile(path, what: what) { file in
            var buffer = [UInt8](repeating: 0, count: 1 << 18)
            while let count = try readSome(file, &buffer, path: path, what: what) {
                buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            }
        }
        return hash.digest
    }

    /// The bytes of a file that a person names; one that is named as stores name theirs, by its digest, must have that
    /// content. Throws JobFailure `missing-input`.
    static func read(named path: String, what: String) throws -> [UInt8] {
        let bytes = try read(path, what: what)
        let name = path.split(separator: "/").last.map(String.init) ?? path
        if let promised = Digest(hex: name), promised != Digest(of: bytes) {
            throw JobFailure(
                .missingInput, "\(what) \(path) is damaged: its digest is \(Digest(of: bytes).short), not its name")
        }
        return bytes
    }

    /// The bytes of the file at `path`. Throws JobFailure `missing-input`.
    static func read(_ path: String, what: String) throws -> [UInt8] {
        try withOpenFile(path, what: what) { file in try readAll(file, path: path, what: what) }
    }

    /// Everything up to the end of `file`. Throws JobFailure `missing-input` for more than 16 GiB, and for more than 256 MiB
    /// of what is no regular file.
    static func readAll(_ file: Int32, path: String, what: String) throws -> [UInt8] {
        var status = stat()
        let isRegular = fstat(file, &status) == 0 && posix_is_regular(status.st_mode) != 0
        let most = isRegular ? longest : longestStream
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while let count = try readSome(file, &buffer, path: path, what: what) {
            bytes += buffer[..<count]
            guard bytes.count <= most else {
                throw JobFailure(
                    .missingInput,
                    "cannot read \(what) \(path): it has more than \(most >> 20) MiB, the most that is read")
            }
        }
        return bytes
    }

    private static func withOpenFile<T>(_ path: String, what: String, _ body: (Int32) throws -> T) throws -> T {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path, what) }
        defer { close(file) }
        return try body(file)
    }

    /// Reads into `buffer`; nil at the end of the file.
    private static func readSome(_ file: Int32, _ buffer: inout [UInt8], path: String, what: String) throws -> Int? {
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count >= 0 { return count == 0 ? nil : count }
            if errno != EINTR { throw failure(path, what) }
        }
    }

    private static func failure(_ path: String, _ what: String) -> JobFailure {
        JobFailure(.missingInput, "cannot read \(what) \(path): \(String(cString: strerror(errno)))")
    }

    private static func check(_ found: Digest, _ expected: Digest, path: String, what: String) throws {
        guard found == expected else {
            throw JobFailure(
                .missingInput,
                "\(what) \(path) is damaged: its digest is \(found.short), not \(expected.short); an agent puts it aside "
                    + "and gets it again")
        }
    }
}
