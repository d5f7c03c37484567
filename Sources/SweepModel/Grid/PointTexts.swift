import JobContract

/// The canonical JSON of a table's records, put together from pieces: each value that a key takes is encoded once, and a
/// record's text is then copied together. So a million trainings get their names and their stored texts.
package struct PointTexts: Sendable {
    /// Neighbouring keys of one column: `,"key":value…` for each of the column's choices.
    private struct Piece {
        /// Nil for keys whose values are the same in all records.
        var column: Int?
        /// The text of choice i is `bytes[starts[i]..<starts[i + 1]]`.
        var starts: [Int]
    }
    private let pieces: [Piece]
    /// The texts of all pieces, one after the other.
    private let bytes: [UInt8]
    /// No record's text is longer.
    package let longest: Int

    /// Nil where a value has no canonical form, or a key is of several columns and one of its choices lacks it.
    init?(constants: [String: JSONValue], columns: [PointTable.Column]) {
        var columnsOf = constants.mapValues { _ in [Int]() }
        for (number, column) in columns.enumerated() {
            for key in Set(column.choices.flatMap(\.keys)) { columnsOf[key, default: []].append(number) }
        }
        var runs: [(column: Int?, texts: [[UInt8]])] = []
        for key in columnsOf.keys.sorted(by: { $0.utf16.lexicographicallyPrecedes($1.utf16) }) {
            let owners = columnsOf[key, default: []]
            // Where several columns have a key, the last one's value stands.
            let values = owners.last.map { columns[$0].choices.map { $0[key] } } ?? [constants[key]]
            guard owners.count < 2 || !values.contains(nil) else { return nil }
            var texts: [[UInt8]] = []
            for value in values {
                guard let value = value ?? constants[key] else {
                    texts.append([])
                    continue
                }
                guard let text = try? CanonicalJSON.encode(.object([key: value])) else { return nil }
                texts.append([UInt8(ascii: ",")] + text.dropFirst().dropLast())
            }
            if let last = runs.indices.last, runs[last].column == owners.last {
                for choice in texts.indices { runs[last].texts[choice] += texts[choice] }
            } else {
                runs.append((owners.last, texts))
            }
        }
        var bytes: [UInt8] = []
        var longest = 2
        pieces = runs.map { run in
            var starts = [bytes.count]
            for text in run.texts {
                bytes += text
                starts.append(bytes.count)
            }
            longest += run.texts.map(\.count).max() ?? 0
            return Piece(column: run.column, starts: starts)
        }
        self.bytes = bytes
        self.longest = longest
    }

    /// Writes the text of the record that makes these choices of columns, and returns its length.
    /// - Parameter text: has room for `longest` bytes.
    package func write(to text: UnsafeMutableBufferPointer<UInt8>, choice: (Int) -> Int) -> Int {
        var length = 0
        bytes.withUnsafeBufferPointer { bytes in
            for piece in pieces {
                let chosen = piece.column.map(choice) ?? 0
                let range = piece.starts[chosen]..<piece.starts[chosen + 1]
                guard !range.isEmpty else { continue }
                _ = text[length...].update(fromContentsOf: bytes[range])
                length += range.count
            }
        }
        // Every member begins with a comma: the first one's place is the brace's.
        if length == 0 { length = 1 }
        text[0] = UInt8(ascii: "{")
        text[length] = UInt8(ascii: "}")
        return length + 1
    }
}
