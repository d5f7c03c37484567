import Glibc

/// Lines for people, on standard error.
enum Diagnostics {
    static func write(_ line: String) {
        let bytes = Array(("eigensweep-worker: " + line + "\n").utf8)
        // Nobody is told when standard error is closed: there is nowhere left to say it.
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
