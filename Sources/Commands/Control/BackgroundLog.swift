import Foundation

/// The file in which a coordinator in the background keeps what it would say. A file that has grown beyond `longest` bytes
/// goes aside as `.1`, in place of the one before it.
struct BackgroundLog {
    let path: String
    var longest = 8 << 20

    /// Opens the file to be written at its end; a negative number where it cannot be opened.
    func open() -> Int32 {
        var status = stat()
        if stat(path, &status) == 0, Int(status.st_size) > longest { rename(path, path + ".1") }
        return Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    }

    /// Begins a new file behind the descriptor when the one there has grown too long. Where no new one can be made, the old
    /// one is written on.
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
