import CPosix
import Foundation
import JobContract
import RemoteHosts

/// Lines that stay at the bottom of the terminal on standard error, below all that is said there, and change in place.
///
/// Whoever says something meanwhile has it put above them (`Terminal.note`), so that no frame is left half over another.
enum TerminalFrame {
    private static let shown = Locked<[String]>([])

    /// Puts these lines in the place of those before.
    static func show(_ lines: [String]) {
        shown.with { shown in
            Terminal.writeError(back(over: shown) + text(lines) + "\u{1B}[J")
            shown = lines
        }
    }

    /// Takes the lines away.
    static func clear() {
        shown.with { shown in
            if !shown.isEmpty { Terminal.writeError(back(over: shown) + "\u{1B}[J") }
            shown = []
        }
    }

    /// Leaves the lines as they are, for good.
    static func settle() { shown.with { $0 = [] } }

    /// Writes text above the lines. Where there are none, just writes it.
    static func write(above text: String) {
        shown.with { shown in
            guard !shown.isEmpty else { return Terminal.writeError(text) }
            // What was typed since, such as the echo of Ctrl-C, goes with the line it stands on.
            let said = text.first == "\n" ? String(text.dropFirst()) : text
            Terminal.writeError(back(over: shown) + "\u{1B}[J" + said + Self.text(shown))
        }
    }

    private static func text(_ lines: [String]) -> String { lines.map { $0 + "\u{1B}[K\n" }.joined() }

    /// Moves to the beginning of lines that stand above the cursor. A terminal that has become narrower has broken them.
    private static func back(over lines: [String]) -> String {
        guard !lines.isEmpty else { return "" }
        let columns = max(1, Terminal.columns)
        let rows = lines.reduce(0) { $0 + max(1, ($1.count + columns - 1) / columns) }
        return "\r\u{1B}[\(rows)A"
    }
}
