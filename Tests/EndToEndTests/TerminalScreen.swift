import Foundation

/// A terminal's screen as far as `eigensweep` writes to one: text, and the codes by which it goes back over its lines.
struct TerminalScreen {
    private var rows: [[Character]] = [[]]
    private var (row, column) = (0, 0)
    let columns: Int

    init(columns: Int, showing text: String) {
        self.columns = columns
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch character {
            case "\u{1B}":
                let code = rest.prefix { !$0.isLetter }
                rest = rest.dropFirst(code.count)
                obey(rest.popFirst() ?? "?", Int(code.dropFirst()) ?? 1)
            case "\r\n": newLine()
            case "\r": column = 0
            case "\n": newLine()
            default: put(character)
            }
        }
    }

    private mutating func newLine() {
        (row, column) = (row + 1, 0)
        while rows.count <= row { rows.append([]) }
    }

    private mutating func obey(_ code: Character, _ count: Int) {
        switch code {
        case "A": row = max(0, row - count)
        case "K": rows[row] = Array(rows[row].prefix(column))
        case "J":
            rows[row] = Array(rows[row].prefix(column))
            rows.removeLast(rows.count - row - 1)
        default: put("?")
        }
    }

    private mutating func put(_ character: Character) {
        if column == columns { newLine() }
        while rows[row].count <= column { rows[row].append(" ") }
        rows[row][column] = character
        column += 1
    }

    var lines: [String] { rows.map { String($0) } }
}
