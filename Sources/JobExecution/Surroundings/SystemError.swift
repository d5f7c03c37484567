import CPosix
import Glibc

/// The job's failure for a system call on a file that failed with `code`.
func systemFailure(_ action: String, _ path: String, _ code: Int32 = errno) -> JobFailure {
    let full = code == ENOSPC || code == EDQUOT || code == EFBIG
    let reason = String(cString: strerror(code))
    return JobFailure(full ? .noSpace : .internal, "cannot \(action) \(path): \(reason)")
}
