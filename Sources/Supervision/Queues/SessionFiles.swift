import CPosix
import Glibc
import JobContract

// One direction of a session between relay and pilot is a row of files that only grow. One side adds to them, the other reads
// them by offset. Each piece has its length and a part of its digest before it, since a network file system may show the
// length of a piece before its bytes, or a later piece before an earlier one: a piece that does not match is not there yet.

/// The form of session files: a piece is 4 bytes of length, 8 of check, and its bytes.
private enum SessionForm {
    /// Stands for a length where the next file goes on.
    static let goesOn = UInt32.max
    /// Stands for a length where the writer has ended in order.
    static let isOver = UInt32.max - 1
    static let headerSize = 12
    /// The most bytes of a piece.
    static let pieceSize = 1 << 20
    /// Bytes of a file after which the next one is begun, so that those that were read can be removed.
    static let fileSize = 16 << 20

    static func check(_ bytes: ArraySlice<UInt8>) -> [UInt8] { Array(Digest(of: bytes).hex.utf8.prefix(8)) }
}

/// Writes one direction of a session.
struct SessionWriter {
    private let stem: String
    private var number = 0
    private var size = 0
    private var isOver = false

    /// - Parameter stem: the files' path without their number.
    init(_ stem: String) { self.stem = stem }

    /// Adds bytes, in pieces. A reader that opens the file after this returns sees them.
    mutating func append(_ bytes: [UInt8]) throws(AgentRefusal) {
        var record: [UInt8] = []
        record.reserveCapacity(bytes.count + SessionForm.headerSize)
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(SessionForm.pieceSize)
            rest = rest.dropFirst(piece.count)
            record.append(little: UInt32(piece.count))
            record += SessionForm.check(piece)
            record += piece
        }
        try write(record)
        guard size > SessionForm.fileSize else { return }
        try write(mark(SessionForm.goesOn))
        number += 1
        size = 0
    }

    /// Tells the reader that nothing more follows.
    mutating func end() {
        guard !isOver else { return }
        isOver = true
        // A reader that misses it notices the silence.
        try? write(mark(SessionForm.isOver))
    }

    private func mark(_ mark: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(little: mark)
        return bytes + [UInt8](repeating: 0, count: SessionForm.headerSize - 4)
    }

    /// Closes the file after each write: only then does a network file system bring the bytes to its server.
    private mutating func write(_ bytes: [UInt8]) throws(AgentRefusal) {
        let path = "\(stem).\(number)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Files.refusal("open \(path)") }
        let isWritten = Files.writeAll(descriptor, bytes)
        guard close(descriptor) == 0, isWritten else { throw Files.refusal("write \(path)") }
        size += bytes.count
    }
}

/// Reads one direction of a session, and removes files that it has read.
struct SessionReader {
    private let stem: String
    private var number = 0
    private var offset = 0
    /// Whether the writer has ended in order and all that it wrote has been read.
    private(set) var isOver = false
    private static let mostAtOnce = 4 << 20

    /// - Parameter stem: the files' path without their number.
    init(_ stem: String) { self.stem = stem }

    /// The bytes that have come since the last time.
    mutating func read() -> [UInt8] {
        var found: [UInt8] = []
        while !isOver, found.count < Self.mostAtOnce {
            let path = "\(stem).\(number)"
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return found }
            var status = stat()
            guard fstat(descriptor, &status) == 0, Int(status.st_size) > offset else {
                close(descriptor)
                return found
            }
            let bytes = [UInt8](unsafeUninitializedCapacity: Self.mostAtOnce) { buffer, count in
                count = max(0, pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset)))
            }
            close(descriptor)
            let before = (number, offset)
            cut(bytes, to: &found)
            if number != before.0 { unlink(path) } else if offset == before.1 { return found }
        }
        return found
    }

    private mutating func cut(_ bytes: [UInt8], to found: inout [UInt8]) {
        var start = 0
        while bytes.count - start >= SessionForm.headerSize {
            let length = bytes.little(UInt32.self, at: start)
            if length == SessionForm.goesOn {
                number += 1
                offset = 0
                return
            }
            if length == SessionForm.isOver {
                isOver = true
                return
            }
            let first = start + SessionForm.headerSize
            // Zeros stand where bytes are still to come.
            guard length > 0, length <= SessionForm.pieceSize, bytes.count - first >= Int(length) else { return }
            let piece = bytes[first..<first + Int(length)]
            guard SessionForm.check(piece) == Array(bytes[start + 4..<first]) else { return }
            found += piece
            start = first + Int(length)
            offset += SessionForm.headerSize + Int(length)
        }
    }
}

/// Seconds between looks for what another machine has written: few after something has come, more and more while nothing
/// does.
struct LookPause {
    private let least: Double
    private let most: Double
    private(set) var seconds: Double

    init(least: Double = 0.004, most: Double = 0.25) {
        self.least = least
        self.most = most
        seconds = least
    }

    mutating func sawSomething() { seconds = least }
    mutating func sawNothing() { seconds = min(most, seconds * 1.4) }
}
