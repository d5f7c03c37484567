import Glibc
import JobContract

/// Lines for people, on standard error.
enum Diagnostics {
    static func write(_ line: String) { write("eigensweep-worker: " + ShownText.lines(line) + "\n", to: STDERR_FILENO) }

    /// A failure to write is ignored: there is nowhere left to say it.
    static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}
