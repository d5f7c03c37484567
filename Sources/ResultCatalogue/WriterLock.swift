import Foundation

/// The right to write a catalogue: an advisory lock on `<catalogue>.lock`, which the system releases with the process.
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
                "\(file): cannot be opened (\(String(cString: strerror(errno)))). "
                    + "The catalogue's directory must be writable.")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let holder = Self.pid(in: descriptor)
            guard reason == EWOULDBLOCK else {
                throw CatalogueError(
                    .unwritable, "\(file): cannot be locked (\(String(cString: strerror(reason)))).")
            }
            throw CatalogueError(
                .locked(pid: holder),
                "\(path): process \(holder.map(String.init) ?? "unknown") is writing this catalogue. Wait for it, or "
                    + "stop it (it can be resumed).")
        }
        let text = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) != 0 || pwrite(descriptor, text, text.count, 0) != text.count {
            let reason = errno
            throw CatalogueError(
                .unwritable, "\(file): cannot be written (\(String(cString: strerror(reason)))).")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private static func pid(in descriptor: Int32) -> Int? {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes.prefix(count).filter { (48...57).contains($0) }, as: UTF8.self))
    }
}
