import CPosix
import Foundation
import JobContract
import RemoteHosts

/// Asks for passwords and passphrases on the terminal, without echo, whatever standard input and output are.
struct TerminalInteraction: HostInteraction {
    private static let asking = Locked(false)
    /// Whether a question is on the screen: nothing else is drawn then.
    static var isAsking: Bool { asking.with { $0 } }

    func note(_ words: String) { Terminal.note("note: \(words)") }

    func ask(_ prompt: String, isShown: Bool) -> String? {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else { return nil }
        defer { close(terminal) }
        var usual = termios()
        // The terminal stops a program in the background that reads from it.
        guard tcgetpgrp(terminal) == getpgrp(), tcgetattr(terminal, &usual) == 0 else { return nil }
        var quiet = usual
        if !isShown { quiet.c_lflag &= ~tcflag_t(ECHO) }
        // Keys that end programs are read as keys, so that the terminal's settings are restored before the program ends.
        quiet.c_lflag &= ~tcflag_t(ISIG)
        Self.asking.with { $0 = true }
        defer { Self.asking.with { $0 = false } }
        TerminalFrame.clear()
        guard tcsetattr(terminal, TCSAFLUSH, &quiet) == 0 else { return nil }
        // Parts of the prompt are a server's words.
        write("\(ShownText.lines(prompt)): ", terminal)
        let line = readLine(terminal)
        tcsetattr(terminal, TCSAFLUSH, &usual)
        if !isShown || line == nil { write("\n", terminal) }
        if line == nil { kill(getpid(), SIGINT) }
        return line
    }

    /// The next line without its end; nil where Ctrl-C, Ctrl-\ or the end of input came.
    private func readLine(_ terminal: Int32) -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count < 4096 {
            let count = read(terminal, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, byte != 3, byte != 28 else { return nil }
            if byte == 10 || byte == 13 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
        return nil
    }

    private func write(_ text: String, _ terminal: Int32) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(terminal, bytes, bytes.count)
    }
}
