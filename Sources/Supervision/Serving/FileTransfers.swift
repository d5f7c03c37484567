import CPosix
import Glibc
import JobContract

/// A file on its way from the coordinator into the store.
final class FileReceiver {
    let digest: Digest
    private let bytes: Int
    private let depot: any FileDepot
    private let path: String
    private var descriptor: Int32
    private(set) var received = 0

    init(digest: Digest, bytes: Int, depot: any FileDepot) throws {
        guard bytes >= 0 else { throw AgentRefusal(.protocolViolation, "a file of \(bytes) bytes was announced") }
        self.digest = digest
        self.bytes = bytes
        self.depot = depot
        path = try depot.temporaryPath()
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o400)
        guard descriptor >= 0 else { throw Files.refusal("write \(path)") }
        // What does not fit is refused before it is sent, not when the disk is full of it.
        if bytes > 0, posix_reserve(descriptor, off_t(bytes)) != 0, errno == ENOSPC || errno == EDQUOT {
            let refusal = Files.refusal("take a file of \(bytes >> 20) MiB")
            abandon()
            throw refusal
        }
    }

    deinit { abandon() }

    var isComplete: Bool { received == bytes }

    /// Adds a piece, which begins where the last one ended.
    func write(_ chunk: Chunk) throws(AgentRefusal) {
        guard chunk.offset == received, received + chunk.bytes.count <= bytes else {
            throw AgentRefusal(.protocolViolation, "a piece of the file \(digest.short) came out of place")
        }
        guard Files.writeAll(descriptor, Array(chunk.bytes)) else { throw Files.refusal("write \(path)") }
        received += chunk.bytes.count
    }

    /// Verifies the whole file and stores it.
    func finish() throws {
        close(descriptor)
        descriptor = -1
        try depot.adopt(path, as: digest)
    }

    private func abandon() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        unlink(path)
    }
}

/// A stored file on its way to the coordinator.
final class FileSender {
    let transfer: UInt32
    let bytes: Int
    private let path: String
    private let descriptor: Int32
    private var sent = 0
    private var received = 0

    init(transfer: UInt32, path: String) throws(AgentRefusal) {
        self.transfer = transfer
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Files.refusal("read \(path)") }
        var status = stat()
        fstat(descriptor, &status)
        bytes = Int(status.st_size)
    }

    deinit { close(descriptor) }

    var isDone: Bool { sent == bytes }

    func acknowledge(_ count: Int) { received = min(sent, max(received, count)) }

    /// The next piece, however much of the file is under way.
    func nextAtOnce() throws(AgentRefusal) -> Frame? {
        received = sent
        return try next()
    }

    /// The next piece, or nil while the window is full; throws when the file has become shorter or unreadable.
    func next() throws(AgentRefusal) -> Frame? {
        guard sent < bytes, sent - received < Chunk.window else { return nil }
        let wanted = min(Chunk.size, bytes - sent)
        let piece = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
            count = max(0, pread(descriptor, buffer.baseAddress, wanted, off_t(sent)))
        }
        guard !piece.isEmpty else {
            throw AgentRefusal(
                .transferFailed,
                "the host's file \(path) cannot be read behind byte \(sent) of \(bytes): it is damaged or its disk is")
        }
        defer { sent += piece.count }
        return Chunk(transfer: transfer, offset: sent, bytes: piece[...]).frame
    }
}
