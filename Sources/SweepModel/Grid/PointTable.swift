import Glibc
import JobContract

/// Flat key-value records of many grid points, kept as indices into shared columns: a record of thirty keys costs one
/// reference and one index.
package final class PointTable: Sendable {
    /// One digit of a column's place: `index / divisor % count`, worth `stride` in the column.
    package struct Digit: Hashable, Sendable {
        package var divisor: Int
        package var count: Int
        package var stride: Int

        package init(divisor: Int, count: Int, stride: Int) {
            self.divisor = divisor
            self.count = count
            self.stride = stride
        }
    }

    /// Keys that vary together, and the records they take.
    package struct Column: Sendable {
        package var digits: [Digit]
        package var choices: [[String: JSONValue]]

        package init(digits: [Digit], choices: [[String: JSONValue]]) {
            self.digits = digits
            self.choices = choices
        }

        package func choice(at index: Int) -> Int {
            digits.reduce(0) { $0 + index / $1.divisor % $1.count * $1.stride }
        }
    }

    private let constants: [String: JSONValue]
    private let columns: [Column]
    /// What the records' texts are put together from; nil where they were not asked for, or where they cannot be.
    package let texts: PointTexts?

    /// - Parameter isWritten: whether the records' texts are asked for; then what many of them share is encoded once.
    package init(constants: [String: JSONValue], columns: [Column], isWritten: Bool = false) {
        self.constants = constants
        self.columns = columns
        texts = isWritten ? PointTexts(constants: constants, columns: columns) : nil
    }

    package func values(at index: Int) -> [String: JSONValue] {
        var values = constants
        for column in columns {
            for (key, value) in column.choices[column.choice(at: index)] { values[key] = value }
        }
        return values
    }

    fileprivate func text(at index: Int) throws(CanonicalJSON.Failure) -> [UInt8] {
        guard let texts else { return try CanonicalJSON.encode(.object(values(at: index))) }
        return [UInt8](unsafeUninitializedCapacity: texts.longest) { text, length in
            length = texts.write(to: text) { columns[$0].choice(at: index) }
        }
    }

    fileprivate func value(of key: String, at index: Int) -> JSONValue? {
        for column in columns.reversed() {
            if let value = column.choices[column.choice(at: index)][key] { return value }
        }
        return constants[key]
    }
}

/// Flat key-value records as the texts of JSON objects, read only when someone asks for them.
package final class TextTable: Sendable {
    private let texts: [UInt8]
    private let ends: [Int]

    /// The texts one after the other, and where each ends. The record of a text that is no object has no keys.
    package init(texts: [UInt8], ends: [Int]) {
        self.texts = texts
        self.ends = ends
    }

    package func values(at index: Int) -> [String: JSONValue] {
        JSONText.read(texts[(index == 0 ? 0 : ends[index - 1])..<ends[index]])?.objectValue ?? [:]
    }

    /// Whether the text, canonical JSON, has this member; without a value, whether it lacks the key. Key and value are
    /// canonical JSON too, the key with its colon.
    func holds(key: [UInt8], value: [UInt8]?, at index: Int) -> Bool {
        texts.withUnsafeBytes { bytes in
            let text = UnsafeRawBufferPointer(rebasing: bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]])
            guard let place = text.place(of: key) else { return value == nil }
            guard let value, place + key.count + value.count < text.count else { return false }
            let rest = text[(place + key.count)...]
            let next = rest.dropFirst(value.count).first
            return rest.starts(with: value) && (next == UInt8(ascii: ",") || next == UInt8(ascii: "}"))
        }
    }

    fileprivate func digest(at index: Int) -> Digest {
        Digest(of: texts[(index == 0 ? 0 : ends[index - 1])..<ends[index]])
    }
}

/// A flat key-value record: its values, or its place in a table.
package enum PointRecord: Hashable, Sendable {
    case values([String: JSONValue])
    case place(PointTable, Int)
    case text(TextTable, Int)

    package var values: [String: JSONValue] {
        switch self {
        case .values(let values): values
        case .place(let table, let index): table.values(at: index)
        case .text(let table, let index): table.values(at: index)
        }
    }

    /// The record's canonical JSON (`CanonicalJSON`).
    package var text: [UInt8] {
        get throws(CanonicalJSON.Failure) {
            switch self {
            case .place(let table, let index): try table.text(at: index)
            case .values, .text: try CanonicalJSON.encode(.object(values))
            }
        }
    }

    /// The digest of the record's text where a `TextTable` holds it, else nil.
    var storedDigest: Digest? {
        if case .text(let table, let index) = self { table.digest(at: index) } else { nil }
    }

    /// One value, without putting the record together where it stands in a table.
    package subscript(key: String) -> JSONValue? {
        if case .place(let table, let index) = self { return table.value(of: key, at: index) }
        return values[key]
    }

    package static func == (a: PointRecord, b: PointRecord) -> Bool {
        if case .place(let aTable, let aIndex) = a, case .place(let bTable, let bIndex) = b, aTable === bTable,
            aIndex == bIndex
        {
            return true
        }
        return a.values == b.values
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(values) }
}

extension UnsafeRawBufferPointer {
    /// Where `word`, which is not empty, first begins.
    fileprivate func place(of word: [UInt8]) -> Int? {
        guard let start = baseAddress else { return nil }
        var from = 0
        while from + word.count <= count,
            let found = memchr(start + from, CInt(word[0]), count - from - word.count + 1)
        {
            from = start.distance(to: found)
            if memcmp(found, word, word.count) == 0 { return from }
            from += 1
        }
        return nil
    }
}
