import CPosix
import Foundation
import JobContract

/// Standard output and standard error as people see them. All text for them goes through here, where nothing in it can steer
/// the terminal, whoever wrote it.
enum Terminal {
    /// Whether the program ends once nobody reads standard output; a run goes on.
    nonisolated(unsafe) static var endsUnread = true

    /// Whether control codes and redrawing are welcome on standard error.
    static let isInteractive = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

    /// Columns and rows of the terminal; 80 and 24 where it does not say.
    static var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }
    static var columns: Int { size.columns }

    /// Columns that a table on standard output has; nil where that is no terminal and nothing is cut.
    static var outputWidth: Int? {
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Int(size.ws_col)
    }

    /// Writes text to standard output, ending with one newline; of no text nothing.
    static func print(_ text: String) {
        write(ShownText.lines(text.isEmpty || text.hasSuffix("\n") ? text : text + "\n"), to: STDOUT_FILENO)
    }

    /// Writes text to standard output that may end in the middle of a line.
    static func printPart(_ text: String) { write(ShownText.lines(text), to: STDOUT_FILENO) }

    /// Writes the bytes of `RowWriter` to standard output, all of them, or throws: a file of them must not be cut off
    /// unnoticed.
    static func export(_ bytes: UnsafeRawBufferPointer) throws {
        guard !writeAll(bytes, to: STDOUT_FILENO) else { return }
        if errno == EPIPE, endsUnread { throw Unread() }
        throw CommandFailure(
            .internalError, "standard output could not be written: \(String(cString: strerror(errno)))")
    }

    /// Whether all bytes could be written; else `errno` says why not.
    static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var left = bytes[...]
        while !left.isEmpty {
            let count = CPosix.write(descriptor, UnsafeRawBufferPointer(rebasing: left).baseAddress, left.count)
            if count > 0 { left = left.dropFirst(count) } else if errno != EINTR { return false }
        }
        return true
    }

    static func note(_ text: String) { TerminalFrame.write(above: ShownText.lines(text) + "\n") }

    /// Writes to standard error as it is; only `TerminalFrame` has control codes in it.
    static func writeError(_ text: String) { write(text, to: STDERR_FILENO) }

    /// Shows one line on standard error in place of the one on which the cursor is, without its end.
    static func redraw(_ line: String = "") { write("\r\u{1B}[K" + ShownText.line(line), to: STDERR_FILENO) }

    /// Writes what can be written: a reader that went away, or a full disk, must not end a run.
    private static func write(_ text: String, to descriptor: Int32) {
        let isWritten = Array(text.utf8).withUnsafeBytes { writeAll($0, to: descriptor) }
        if !isWritten, errno == EPIPE, endsUnread, descriptor == STDOUT_FILENO { exit(Unread.status) }
    }

    /// Nobody reads standard output any more: the program ends with SIGPIPE's exit code, closing what it has open.
    struct Unread: Error {
        static let status = 128 + SIGPIPE
    }
}

/// Numbers for people.
enum Readable {
    /// `1234567` as `1 234 567`.
    static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text += " " }
            text.append(digit)
        }
        return value < 0 ? "-" + text : text
    }

    /// A number of things, with the plural where it is not one.
    static func counted(_ value: Int, _ thing: String) -> String { "\(count(value)) \(thing)\(value == 1 ? "" : "s")" }

    static func trials(_ value: Int) -> String { counted(value, "trial") }

    /// Seconds as `45 s`, `12 min`, `3.4 h`.
    static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<90: "\(Int(seconds.rounded())) s"
        case ..<5400: "\(Int((seconds / 60).rounded())) min"
        default: "\((seconds / 360).rounded() / 10) h"
        }
    }

    /// Bytes as `12.3 MB`.
    static func bytes(_ value: Int) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var amount = Double(value)
        var unit = 0
        while amount >= 1000, unit < units.count - 1 {
            amount /= 1000
            unit += 1
        }
        return unit == 0 ? "\(value) B" : "\((amount * 10).rounded() / 10) \(units[unit])"
    }
}
