import CPosix
import Crypto
import Glibc
import JobContract

/// Reads whole files that a job or a person names.
enum InputFile {
    /// The bytes of the store's file with `digest`, verified. Throws JobFailure `missing-input`.
    static func read(_ digest: Digest, of job: JobDescription, what: String) throws -> [UInt8] {
        let path = job.path(of: digest)
        let bytes = try read(path, what: what)
        let found = Digest(of: bytes)
        guard found == digest else {
            throw JobFailure(
                .missingInput,
                "\(what) \(path) is damaged: its \(bytes.count) bytes have the digest \(found.short), not "
                    + "\(digest.short); remove it so that it is sent again")
        }
        return bytes
    }

    /// The bytes of the file at `path`. Throws JobFailure `missing-input`.
    static func read(_ path: String, what: String) throws -> [UInt8] {
        func failure() -> JobFailure {
            JobFailure(.missingInput, "cannot read \(what) \(path): \(String(cString: strerror(errno)))")
        }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure() }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure() }
        guard let bytes = readAll(file, expecting: Int(status.st_size)) else { throw failure() }
        return bytes
    }

    /// Everything up to the end of `file`; nil on an error, which errno tells.
    static func readAll(_ file: Int32, expecting size: Int = 0) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size + 1)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                return nil
            }
            bytes.append(contentsOf: buffer[..<count])
        }
    }
}
