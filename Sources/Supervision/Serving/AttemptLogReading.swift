import CPosix
import Glibc
import JobContract

/// What an attempt said on standard error and standard output, as people ask for it.
enum AttemptLog {
    /// So much of the beginning and of the end of a longer standard error is kept.
    static let keptAtBeginning = 256 << 10
    static let keptAtEnd = 1 << 20

    /// The part that `question` asks for; with the reason, where there is none.
    static func read(_ question: LogQuestion, _ attempt: Attempt?) -> LogPiece {
        guard let attempt else {
            return LogPiece(unavailable: "the host no longer has attempt \(question.attempt)")
        }
        let isOver = attempt.isOver
        let path = question.stream == .errors ? attempt.directory.errors : attempt.directory.events
        let descriptor = Files.openRegular(path)
        guard descriptor >= 0 else { return LogPiece(offset: 0, end: 0, text: "", isComplete: isOver) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return LogPiece(offset: 0, end: 0, text: "", isComplete: isOver) }
        let size = Int(status.st_size)
        let wanted = min(question.offset < 0 ? max(0, size + question.offset) : question.offset, size)
        // What was given up is a hole.
        let data = Int(posix_next_data(descriptor, off_t(wanted)))
        let offset = data > wanted ? min(data, size) : wanted
        let bytes = [UInt8](unsafeUninitializedCapacity: LogPiece.limit) { buffer, count in
            count = max(0, pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset)))
        }
        let whole = bytes.prefix(bytes.count - bytes.cutCharacter)
        let kept = whole.isEmpty ? bytes[...] : whole
        return LogPiece(
            offset: offset, end: offset + kept.count, text: String(decoding: kept, as: UTF8.self),
            isComplete: isOver && offset + kept.count >= size)
    }

    /// Gives up the middle of a standard error that has grown too long: a noisy worker must not fill the disk.
    static func bound(_ directory: AttemptDirectory) {
        var status = stat()
        guard lstat(directory.errors, &status) == 0 else { return }
        let allocated = Int(status.st_blocks) * 512
        guard allocated > 2 * (keptAtBeginning + keptAtEnd) else { return }
        let descriptor = Files.openRegular(directory.errors, O_WRONLY)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let last = Int(status.st_size) - keptAtEnd
        if posix_release_range(descriptor, off_t(keptAtBeginning), off_t(last - keptAtBeginning)) != 0 {
            // The file system has no holes; the worker appends, so it goes on behind the beginning.
            _ = ftruncate(descriptor, off_t(keptAtBeginning))
        }
    }
}

extension AttemptTable {
    /// Bounds what running attempts have said on standard error and standard output.
    func boundLogs(isRoomScarce: Bool) {
        for attempt in running.values { AttemptLog.bound(attempt.directory) }
        stopFloods(isRoomScarce: isRoomScarce)
    }
}

extension [UInt8] {
    /// Bytes at the end that begin a character of UTF-8 and do not finish it; at most 3.
    fileprivate var cutCharacter: Int {
        for back in 1...3 where count >= back {
            let byte = self[count - back]
            if byte & 0b1100_0000 == 0b1000_0000 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > back ? back : 0
        }
        return 0
    }
}
