import Foundation

/// The right to write a catalogue: an advisory lock on `<catalogue>.lock`, which the system releases with the process.
///
/// The file's first line is the holder's process, the second, if any, the path of a socket at which it listens.
final class WriterLock {
    private let descriptor: Int32

    /// Takes the lock of the catalogue at `path`, or throws `.locked` naming the process that holds it.
    ///
    /// From the moment `descriptor` is set, a throw runs `deinit`, which closes it.
    init(catalogue path: String) throws {
        let file = path + ".lock"
        // Closed on exec: a child that inherited it would keep the lock after the coordinator's death.
        descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw CatalogueError(
                .unwritable,
                "\(file): cannot be opened (\(String(cString: strerror(errno)))); "
                    + "the catalogue's directory must be writable")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let holder = LockHolder(in: descriptor)?.pid
            guard reason == EWOULDBLOCK else {
                throw CatalogueError(
                    .unwritable, "\(file): cannot be locked (\(String(cString: strerror(reason))))")
            }
            throw CatalogueError(
                .locked(pid: holder),
                "\(path): process \(holder.map(String.init) ?? "unknown") is writing this catalogue; wait for it, or "
                    + "stop it (it can be resumed)")
        }
        guard write("\(getpid())\n") else {
            let reason = errno
            throw CatalogueError(
                .unwritable, "\(file): cannot be written (\(String(cString: strerror(reason))))")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Writes down where the holder listens. Where that fails, others wait for the lock.
    func announce(socket: String) { _ = write("\(getpid())\n\(socket)\n") }

    private func write(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return ftruncate(descriptor, 0) == 0 && pwrite(descriptor, bytes, bytes.count, 0) == bytes.count
    }
}

/// The process that holds a catalogue's lock, as it wrote itself down.
package struct LockHolder: Hashable, Sendable {
    package let pid: Int?
    package let socket: String?

    fileprivate init?(in descriptor: Int32) {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        let lines = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
        pid = lines.first.flatMap { Int($0) }
        socket = lines.count > 1 ? String(lines[1]) : nil
    }
}

extension CatalogueFile {
    /// The process that holds the lock of the catalogue at `path`, or held it last; nil where none ever did.
    package static func lockHolder(_ path: String) -> LockHolder? {
        let descriptor = open(resolve(path) + ".lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return LockHolder(in: descriptor)
    }

    /// Whether a process has the catalogue's lock now.
    package static func isLocked(_ path: String) -> Bool {
        let descriptor = open(resolve(path) + ".lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }
}

extension Catalogue {
    /// Tells those who find the lock held at which socket its holder listens.
    package func announce(socket: String) { lock.announce(socket: socket) }
}
