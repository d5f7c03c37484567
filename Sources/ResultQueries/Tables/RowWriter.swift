import JobContract

/// Writes rows one by one in a format for programs: `csv` (RFC 4180, NULL empty), `json`
/// (`{"schema", "columns", "rows": [{column: value}]}`) or `ndjson` (a row a line), with every digit.
///
/// No text steers a terminal. JSON escapes control codes, so that text reads back as it was; `csv` shows them as `ShownText`
/// does, and puts an apostrophe before what a spreadsheet would take for a formula.
package struct RowWriter {
    /// Takes bytes, in order.
    package typealias Output = (UnsafeRawBufferPointer) throws -> Void

    /// The beginning of many rows, formatted once.
    struct Start {
        fileprivate var bytes: [UInt8] = []
        fileprivate var column = 0
    }

    private let format: OutputFormat
    private let output: Output
    private let table: String?
    private var buffer: [UInt8] = []
    /// The text before each value, which in JSON is its column's name.
    private var leads: [[UInt8]] = []
    private var column = 0
    private var rows = 0

    /// `table` is named in each row of `ndjson`.
    package init(_ format: OutputFormat, table: String? = nil, to output: @escaping Output) {
        self.format = format
        self.table = table
        self.output = output
        buffer.reserveCapacity(1 << 17)
    }

    mutating func writeHeader(_ columns: [String]) throws {
        switch format {
        case .csv, .table:
            leads = columns.indices.map { $0 == 0 ? [] : [UInt8(ascii: ",")] }
            beginValues()
            for name in columns { text(name) }
            buffer.append(UInt8(ascii: "\n"))
        case .json, .ndjson:
            let names = columns.map { name in
                var bytes = [UInt8]()
                CanonicalJSON.append(string: name, to: &bytes)
                return Array(ShownText.json(String(decoding: bytes, as: UTF8.self)).utf8)
            }
            leads = names.enumerated().map { index, name in
                (index == 0 ? [] : [UInt8(ascii: ",")]) + name + [UInt8(ascii: ":")]
            }
            if format == .json {
                buffer += "{\"schema\":\(ResultTable.schema),\"columns\":[".utf8
                buffer += names.joined(separator: [UInt8(ascii: ",")])
                buffer += "],\"rows\":[".utf8
            }
        }
    }

    mutating func finish() throws {
        if format == .json { buffer += "]}\n".utf8 }
        try flush()
    }

    /// Writes a whole table, for programs or for people; for these it is kept to `width`.
    mutating func write(_ given: ResultTable, width: Int? = nil) throws {
        if format == .table {
            buffer += given.aligned(width).utf8
            return try flush()
        }
        try writeHeader(given.columns)
        for row in given.rows { try writeRow(row) }
        try finish()
    }

    mutating func writeRow(_ cells: [ResultTable.Cell]) throws {
        try beginRow()
        for cell in cells { self.cell(cell) }
        try endRow()
    }

    private mutating func flush() throws {
        try buffer.withUnsafeBytes { try output($0) }
        buffer.removeAll(keepingCapacity: true)
    }
}

// MARK: Rows

extension RowWriter {
    /// Formats the first cells of rows to come.
    mutating func start(_ cells: [ResultTable.Cell]) -> Start {
        let length = buffer.count
        beginValues()
        for cell in cells { self.cell(cell) }
        let start = Start(bytes: Array(buffer[length...]), column: column)
        buffer.removeSubrange(length...)
        return start
    }

    private mutating func beginValues() {
        column = 0
        guard format == .json || format == .ndjson else { return }
        buffer.append(UInt8(ascii: "{"))
        if format == .ndjson {
            buffer += "\"schema\":\(ResultTable.schema),".utf8
            if let table {
                buffer += "\"table\":".utf8
                CanonicalJSON.append(string: table, to: &buffer)
                buffer.append(UInt8(ascii: ","))
            }
        }
    }

    mutating func beginRow(_ start: Start? = nil) throws {
        if format == .json, rows > 0 { buffer.append(UInt8(ascii: ",")) }
        rows += 1
        guard let start else { return beginValues() }
        buffer += start.bytes
        column = start.column
    }

    mutating func endRow() throws {
        switch format {
        case .csv, .table: buffer.append(UInt8(ascii: "\n"))
        case .json: buffer.append(UInt8(ascii: "}"))
        case .ndjson: buffer += [UInt8(ascii: "}"), UInt8(ascii: "\n")]
        }
        if buffer.count > 1 << 16 { try flush() }
    }

    private mutating func lead() {
        buffer += leads[column]
        column += 1
    }

    package mutating func cell(_ cell: ResultTable.Cell) {
        switch cell {
        case .null: null()
        case .integer(let value): integer(value)
        case .number(let value): number(value)
        case .text(let value): text(value)
        }
    }

    mutating func null() {
        lead()
        if format != .csv { buffer += "null".utf8 }
    }

    mutating func integer(_ value: Int64) {
        lead()
        var magnitude = value.magnitude
        if value < 0 { buffer.append(UInt8(ascii: "-")) }
        let first = buffer.count
        repeat {
            buffer.append(UInt8(ascii: "0") + UInt8(magnitude % 10))
            magnitude /= 10
        } while magnitude > 0
        buffer[first...].reverse()
    }

    /// Writes NaN as NULL, and in JSON, which has no infinities, these too.
    mutating func number(_ value: Double) {
        guard !value.isNaN, format == .csv || value.isFinite else { return null() }
        lead()
        var text = value.description
        text.withUTF8 { buffer.append(contentsOf: $0) }
    }

    mutating func optional(_ value: Double?) { if let value { number(value) } else { null() } }
    mutating func optional(_ value: Int?) { if let value { integer(Int64(value)) } else { null() } }

    mutating func text(_ value: String) {
        var value = value
        value.withUTF8 { text($0) }
    }

    /// Writes the bytes of a text; where they are no UTF-8 they are repaired.
    mutating func text(_ bytes: UnsafeBufferPointer<UInt8>) {
        lead()
        // Plain text: nothing in it needs quotes or escapes, and it begins no formula.
        if let first = bytes.first, first > 45, first != 61, first != 64,
            bytes.allSatisfy({ $0 >= 32 && $0 < 127 && $0 != 34 && $0 != 44 && $0 != 92 })
        {
            if format != .csv { buffer.append(34) }
            buffer.append(contentsOf: bytes)
            if format != .csv { buffer.append(34) }
            return
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard format == .csv else {
            var quoted = [UInt8]()
            CanonicalJSON.append(string: text, to: &quoted)
            buffer += ShownText.json(String(decoding: quoted, as: UTF8.self)).utf8
            return
        }
        let shown = ShownText.lines(text)
        let cell = Self.isFormula(text) ? "'" + shown : shown
        if cell.isEmpty || cell.utf8.contains(where: { [10, 13, 34, 44].contains($0) }) {
            buffer += "\"\(cell.replacing("\"", with: "\"\""))\"".utf8
        } else {
            buffer += cell.utf8
        }
    }

    /// Whether a spreadsheet may take the text for a formula: it begins as one does, in ASCII or in full width, also behind
    /// blanks, and is no plain number.
    private static func isFormula(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first else { return false }
        if first == "\t" || first == "\r" || first == "\n" { return true }
        guard let start = text.unicodeScalars.first(where: { !$0.properties.isWhitespace }),
            "=+-@＝＋－＠".unicodeScalars.contains(start)
        else { return false }
        return text.utf8.contains { !(48...57).contains($0) && !"+-.eE".utf8.contains($0) } || Double(text) == nil
    }
}
