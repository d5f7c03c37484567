import CPosix
import Glibc
import JobContract

/// Reads a growing event file line by line.
package final class EventFollower {
    package struct Line {
        /// The line without its end; empty when it was too long to keep.
        package var bytes: [UInt8]
        /// Offset just behind the line.
        package var end: Int
        package var isTooLong = false
        /// The file ended before the line did.
        package var isCut = false
    }
    /// Offset behind the last line given.
    package private(set) var position: Int
    /// Bytes that may still be read: a worker may write faster than is read. Below it `next` gives nothing.
    var allowance = Int.max
    private let path: String
    private var descriptor: Int32 = -1
    private var buffer: [UInt8] = []
    /// Offset in the file of `buffer[0]`, and how far the buffer was given out and searched.
    private var base: Int
    private var taken = 0
    private var searched = 0
    private var skipping = false

    package init(path: String, from offset: Int) {
        self.path = path
        position = offset
        base = offset
    }

    deinit { close() }

    /// Lets go of the file until more is asked for.
    package func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// The next whole line; with `atEnd`, also what stands behind the last line's end.
    package func next(atEnd: Bool) -> Line? {
        while true {
            if !skipping { skipHole() }
            if let newline = newline() {
                let tooLong = skipping || newline - taken > EventLine.limit
                let line = Line(
                    bytes: tooLong ? [] : Array(buffer[taken..<newline]), end: base + newline + 1, isTooLong: tooLong)
                skipping = false
                taken = newline + 1
                searched = taken
                position = line.end
                return line
            }
            searched = buffer.count
            if searched - taken > EventLine.limit {
                skipping = true
                taken = searched
            }
            if allowance <= 0 { return nil }
            if !readMore() {
                guard atEnd, searched > taken || skipping else { return nil }
                let line = Line(
                    bytes: skipping ? [] : Array(buffer[taken...]), end: base + searched, isTooLong: skipping,
                    isCut: true)
                skipping = false
                taken = searched
                position = line.end
                return line
            }
        }
    }

    /// Zeros before a line stand where what need not be kept was given up.
    private func skipHole() {
        while taken < buffer.count, buffer[taken] == 0 { taken += 1 }
        searched = max(searched, taken)
    }

    private func newline() -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, searched < bytes.count,
                let found = memchr(start + searched, 10, bytes.count - searched)
            else { return nil }
            return UnsafeRawPointer(found) - start
        }
    }

    private func readMore() -> Bool {
        if descriptor < 0 { descriptor = Files.openRegular(path) }
        guard descriptor >= 0 else { return false }
        if taken > 0, taken == buffer.count || taken > 1 << 20 {
            buffer.removeFirst(taken)
            base += taken
            searched -= taken
            taken = 0
        }
        if buffer.isEmpty {
            let data = Int(posix_next_data(descriptor, off_t(base)))
            if data > base { base = data }
        }
        let piece = [UInt8](unsafeUninitializedCapacity: 64 << 10) { piece, count in
            count = max(0, pread(descriptor, piece.baseAddress, piece.count, off_t(base + buffer.count)))
        }
        buffer += piece
        allowance -= min(piece.count, max(0, allowance))
        return !piece.isEmpty
    }
}

extension EventFollower.Line {
    /// What the worker said with it, if that is anything.
    package var event: WorkerEvent? { isTooLong ? nil : WorkerEvent(line: bytes) }

    /// Whether it breaks the contract where it is no event: a line that its worker did not finish does not, nor does an
    /// empty one.
    package var isWhole: Bool { !isCut && (isTooLong || !bytes.isBlank) }
}

extension EventFollower {
    /// How an attempt ended whose process nobody saw ending, by what is still to be read: as its worker announced, if it
    /// did.
    package func endByLastWord() -> AttemptEnd {
        var end = AttemptEnd.vanished
        while let line = next(atEnd: true) {
            switch line.event {
            case .finished, .paused: end = .exited(code: 0)
            case .failed: end = .exited(code: 1)
            case .started, .progress, .checkpoint, .measure, .described: break
            // The worker is to be stopped for it.
            case nil: if line.isWhole { end = .exited(code: 1) }
            }
        }
        return end
    }
}

extension EventFollower {
    /// What the worker said of its failure, if it said it.
    func lastFailure() -> WorkerEvent.Failed.Kind? {
        var kind: WorkerEvent.Failed.Kind?
        while let line = next(atEnd: true) { if case .failed(let failed) = line.event { kind = failed.kind } }
        return kind
    }
}

extension [UInt8] {
    var isBlank: Bool { allSatisfy { $0 == 32 || $0 == 13 || $0 == 9 } }
}
