import JobContract

/// The canonical JSON of a table's records, put together from pieces: each value's text is written once for each value it
/// takes, and a record is then a matter of copying.
struct PointTexts: Sendable {
    /// Keys that stand beside one another and come from one place: `,"key":value…` for each of its choices.
    private struct Piece {
        /// Nil for what is the same in all records.
        var column: Int?
        var choices: [[UInt8]]
    }
    private let pieces: [Piece]

    /// Nil where records have different keys, or values that have no canonical form.
    init?(constants: [String: JSONValue], columns: [PointTable.Column]) {
        var places = constants.mapValues { _ in Int?.none }
        for (number, column) in columns.enumerated() {
            guard let keys = column.choices.first?.keys, column.choices.allSatisfy({ $0.keys == keys }) else {
                return nil
            }
            for key in keys { places[key] = .some(number) }
        }
        var pieces: [Piece] = []
        for key in places.keys.sorted(by: { $0.utf16.lexicographicallyPrecedes($1.utf16) }) {
            guard let column = places[key] else { continue }
            let values = column.map { columns[$0].choices.map { $0[key] } } ?? [constants[key]]
            var texts: [[UInt8]] = []
            for value in values {
                guard let value, let text = try? CanonicalJSON.encode(.object([key: value])) else { return nil }
                texts.append([UInt8(ascii: ",")] + text.dropFirst().dropLast())
            }
            if let last = pieces.indices.last, pieces[last].column == column {
                for choice in texts.indices { pieces[last].choices[choice] += texts[choice] }
            } else {
                pieces.append(Piece(column: column, choices: texts))
            }
        }
        self.pieces = pieces
    }

    /// Appends the text of the record that makes these choices of columns.
    func append(to bytes: inout [UInt8], choice: (Int) -> Int) {
        let start = bytes.count
        for piece in pieces { bytes.append(contentsOf: piece.choices[piece.column.map(choice) ?? 0]) }
        // Every member begins with a comma: the first one's place is the brace's.
        if bytes.count == start { bytes.append(0) }
        bytes[start] = UInt8(ascii: "{")
        bytes.append(UInt8(ascii: "}"))
    }
}
