import Foundation
import JobContract

extension ResultTable {
    /// The version of the JSON: rises when a field is renamed or removed.
    package static let schema = 1

    /// The table as text, ending with a newline.
    ///
    /// `table` is for people: aligned, fractions to four digits, digests shortened, of texts the first line, NULL as "-".
    /// The others are what `RowWriter` writes.
    ///
    /// With `width`, a table for people is kept to so many columns, as far as shortened text allows.
    package func render(_ format: OutputFormat, width: Int? = nil) -> String { text(format, named: false, width) }

    private func text(_ format: OutputFormat, named: Bool, _ width: Int? = nil) -> String {
        var bytes = [UInt8]()
        // Nothing throws: the bytes go to memory.
        var writer = RowWriter(format, table: named ? name : nil) { bytes.append(contentsOf: $0) }
        try? writer.write(self, width: width)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Several tables as one text: with titles for people, as `{"schema", "tables": {name: …}}` in JSON; rows in
    /// `ndjson` and `csv` carry or follow their table's name.
    package static func render(_ tables: [ResultTable], _ format: OutputFormat, width: Int? = nil) -> String {
        switch format {
        case .table:
            return tables.map { "\($0.name.replacing("_", with: " "))\n\n\($0.aligned(width))" }.joined(separator: "\n")
        case .csv:
            return tables.map { "# \($0.name)\n\($0.render(.csv))" }.joined(separator: "\n")
        case .json:
            let lead = "{\"schema\":\(schema),"
            let fields = tables.map { "\"\($0.name)\":{\($0.render(.json).dropFirst(lead.count).dropLast())" }
            return "\(lead)\"tables\":{\(fields.joined(separator: ","))}}\n"
        case .ndjson:
            return tables.map { $0.text(.ndjson, named: true) }.joined()
        }
    }
}

// MARK: For people

extension ResultTable {
    /// - Parameter width: what the terminal holds; nil: no limit.
    func aligned(_ width: Int? = nil) -> String {
        let body = rows.map { $0.map(Self.short) }
        let columns = columns.map(ShownText.line)
        var widths = columns.map(\.count)
        for row in body { for (index, text) in row.enumerated() { widths[index] = max(widths[index], text.count) } }
        let isNumber = columns.indices.map { index in rows.contains { $0[index].number != nil } }
        if let width {
            // Words stay whole where that can be.
            let words = columns.indices.map { index in
                min(24, ([columns] + body).lazy.flatMap { $0[index].split(separator: " ") }.map(\.count).max() ?? 0)
            }
            Self.shrink(&widths, to: width, isNumber, least: words.map { max(8, $0) })
            Self.shrink(&widths, to: width, isNumber, least: words.map { _ in 8 })
        }
        func line(_ texts: [String]) -> String {
            var line = ""
            for (index, text) in texts.enumerated() {
                let padding = String(repeating: " ", count: widths[index] - text.count)
                line += (index == 0 ? "" : "  ") + (isNumber[index] ? padding + text : text + padding)
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }
        /// A row takes as many lines as its longest cell.
        func row(_ texts: [String]) -> String {
            let cells = zip(texts, widths).map { Self.wrapped($0, $1) }
            return (0..<(cells.map(\.count).max() ?? 1)).map { number in
                line(cells.map { $0.indices.contains(number) ? $0[number] : "" })
            }.joined()
        }
        guard !rows.isEmpty else { return row(columns) + "(none)\n" }
        return row(columns) + line(widths.map { String(repeating: "-", count: $0) }) + body.map(row).joined()
    }

    /// The text in lines of at most `width`, broken between words where that can be.
    private static func wrapped(_ text: String, _ width: Int) -> [String] {
        guard text.count > width else { return [text] }
        var lines = [""]
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            var rest = word
            if let last = lines.last, !last.isEmpty, last.count + 1 + word.count <= width {
                lines[lines.count - 1] += " " + word
                continue
            }
            while rest.count > width {
                lines.append(String(rest.prefix(width)))
                rest = rest.dropFirst(width)
            }
            lines.append(String(rest))
        }
        return Array(lines.dropFirst())
    }

    /// Takes from the widest columns of text until a line fits; numbers stay whole.
    private static func shrink(_ widths: inout [Int], to width: Int, _ isNumber: [Bool], least: [Int]) {
        var over = widths.reduce(0, +) + 2 * (widths.count - 1) - width
        while over > 0 {
            let texts = widths.indices.filter { !isNumber[$0] && widths[$0] > least[$0] }
            guard let widest = texts.max(by: { widths[$0] < widths[$1] }) else { return }
            widths[widest] -= 1
            over -= 1
        }
    }

    private static func short(_ cell: Cell) -> String {
        switch cell {
        case .null: return "-"
        case .integer(let value): return String(value)
        case .number(let value): return format(value)
        case .text(let value):
            if Digest(hex: value) != nil { return String(value.prefix(12)) }
            let lines = value.split(whereSeparator: \.isNewline)
            return ShownText.line(lines.first.map(String.init) ?? value) + (lines.count > 1 ? " …" : "")
        }
    }

    /// Whole numbers in full, others to four significant digits.
    package static func format(_ value: Double) -> String {
        String(format: value.rounded() == value && abs(value) < 1e12 ? "%.0f" : "%.4g", value)
    }

}
