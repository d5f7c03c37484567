import Glibc
import JobContract

/// Why a store could not do what was asked.
package enum StoreError: DepotError, Hashable, Sendable, CustomStringConvertible {
    /// The file system is full, or the quota is used up.
    case noSpace(path: String)
    /// The store holds no such file.
    case missing(Digest, directory: String)
    /// The file's content has another digest than it should.
    case wrongContent(path: String, expected: Digest, actual: Digest)
    /// A system call failed.
    case system(doing: String, path: String, code: Int32)

    /// The error of the last system call, from `errno`.
    static func last(doing: String, path: String) -> StoreError {
        let code = errno
        return code == ENOSPC || code == EDQUOT
            ? .noSpace(path: path) : .system(doing: doing, path: path, code: code)
    }

    package var isMismatch: Bool { if case .wrongContent = self { true } else { false } }

    package var description: String {
        switch self {
        case .noSpace(let path):
            "no space left to write \(path); free some, or move the store to a larger disk"
        case .missing(let digest, let directory):
            "the store \(directory) does not hold \(digest.short)"
        case .wrongContent(let path, let expected, let actual):
            "\(path) is damaged: its content has the digest \(actual.short), expected \(expected.short)"
        case .system(let doing, let path, let code):
            "cannot \(doing) \(path): \(String(cString: strerror(code)))"
        }
    }
}
