import CPosix
import Foundation
import JobContract

/// The directory of the sockets at which coordinators listen: on this machine, open to this account alone.
enum RuntimeDirectory {
    /// Paths for the socket of a catalogue, best first. A Unix socket's path has at most 107 bytes.
    static func sockets(catalogue id: String, at path: String) -> [String] {
        // A copied catalogue has its original's id, so the name depends on the path too.
        let name = String(Digest(of: "\(id)\n\(path)".utf8).hex.prefix(20)) + ".sock"
        var directories = ["/tmp/eigensweep-\(getuid())"]
        if let runtime = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"], runtime.hasPrefix("/") {
            directories.insert(runtime + "/eigensweep", at: 0)
        }
        directories.append(path + ".run")
        return directories.map { "\($0)/\(name)" }.filter { $0.utf8.count <= 107 }
    }

    /// Makes the socket's directory, or checks that it is this account's and closes it to others. Nil where it cannot be
    /// used.
    static func prepare(for socket: String) -> String? {
        let directory = URL(fileURLWithPath: socket).deletingLastPathComponent().path
        if mkdir(directory, 0o700) != 0, errno != EEXIST { return nil }
        var status = stat()
        // A link is not followed: in /tmp another account might have made it.
        guard lstat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == getuid() else {
            return nil
        }
        if status.st_mode & 0o077 != 0, chmod(directory, 0o700) != 0 { return nil }
        return socket
    }
}
