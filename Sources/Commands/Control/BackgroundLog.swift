import Foundation

/// The file in which a coordinator in the background keeps what it would say: at most two times `longest` bytes in all, for
/// the older half goes aside as `.1`.
struct BackgroundLog {
    let path: String
    var longest = 8 << 20

    /// Opens it to be written at its end; a negative number where that cannot be.
    func open() -> Int32 {
        var status = stat()
        if stat(path, &status) == 0, Int(status.st_size) > longest { rename(path, path + ".1") }
        return Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    }

    /// Goes on in a new file when the one behind the descriptor has grown too long. Where no new one can be made, the
    /// old one goes on.
    func bound(_ descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) > longest else {
            return
        }
        let next = open()
        guard next >= 0 else { return }
        dup2(next, descriptor)
        close(next)
    }
}
