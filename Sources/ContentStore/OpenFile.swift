import CPosix
import Glibc
import JobContract

/// A file descriptor that closes itself, with calls that retry when interrupted.
final class OpenFile {
    let descriptor: Int32
    let path: String

    init(_ path: String, _ flags: Int32, mode: mode_t = 0o644) throws(StoreError) {
        self.path = path
        var descriptor: Int32
        repeat { descriptor = open(path, flags | O_CLOEXEC, mode) } while descriptor < 0 && errno == EINTR
        guard descriptor >= 0 else { throw .last(doing: "open", path: path) }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    func status() throws(StoreError) -> stat {
        var result = stat()
        guard fstat(descriptor, &result) == 0 else { throw .last(doing: "examine", path: path) }
        return result
    }

    /// Reads on, up to the buffer's size; 0 at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { throw .last(doing: "read", path: path) }
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        if !writeAll(bytes) { throw .last(doing: "write", path: path) }
    }

    func write(_ bytes: [UInt8]) throws(StoreError) {
        if !bytes.withUnsafeBytes(writeAll) { throw .last(doing: "write", path: path) }
    }

    /// False, with `errno` set, when the system refuses.
    private func writeAll(_ bytes: UnsafeRawBufferPointer) -> Bool {
        posix_write_all(descriptor, bytes.baseAddress, bytes.count, 0) == 0
    }

    func synchronise() throws(StoreError) {
        while fsync(descriptor) != 0 {
            // Some file systems cannot synchronise directories and say so.
            if errno == EINVAL { return }
            if errno != EINTR { throw .last(doing: "write out", path: path) }
        }
    }

    /// Hands the rest of the file to `body` in pieces of up to 256 KiB.
    func forEachPiece(_ body: (UnsafeRawBufferPointer) throws(StoreError) -> Void) throws(StoreError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try read(into: buffer)
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// The digest of what remains to be read.
    func digest() throws(StoreError) -> Digest {
        var hash = SHA256()
        try forEachPiece { piece throws(StoreError) in hash.update(piece) }
        return hash.digest
    }
}

extension Digest {
    /// The digest of a file's content, read in pieces.
    package init(ofFile path: String) throws(StoreError) {
        self = try OpenFile(path, O_RDONLY).digest()
    }
}
