import JobContract

/// Recursive descent over the characters of an expression; nesting is bounded, so that no text exhausts the stack.
struct WhereParser {
    private let text: String
    private let bytes: [UInt8]
    private var place = 0
    private var depth = 0
    /// Where each key stands first, as bytes before it.
    private var keyPlaces: [String: Int] = [:]

    private static let deepest = 100

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    static func startsWord(_ byte: UInt8) -> Bool {
        (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
    }
    static func isWord(_ byte: UInt8) -> Bool {
        startsWord(byte) || (48...57).contains(byte) || byte == 45 || byte == 46
    }

    /// A fault of `key`, where the text that was parsed first has it.
    func failure(at key: String, _ message: String) -> WhereExpression.Failure {
        var parser = self
        parser.place = keyPlaces[key] ?? 0
        return parser.failure(message)
    }

    mutating func parse() throws(WhereExpression.Failure) -> WhereExpression {
        let expression = try disjunction()
        skipSpace()
        guard place == bytes.count else { throw failure("expected \"and\", \"or\" or the end") }
        return expression
    }

    private mutating func disjunction() throws(WhereExpression.Failure) -> WhereExpression {
        var terms = [try conjunction()]
        while takeWord("or") || accept("||") { terms.append(try conjunction()) }
        return terms.count == 1 ? terms[0] : .any(terms)
    }

    private mutating func conjunction() throws(WhereExpression.Failure) -> WhereExpression {
        var terms = [try negation()]
        while takeWord("and") || accept("&&") { terms.append(try negation()) }
        return terms.count == 1 ? terms[0] : .all(terms)
    }

    private mutating func negation() throws(WhereExpression.Failure) -> WhereExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw failure("nested deeper than \(Self.deepest) levels") }
        if takeWord("not") { return .not(try negation()) }
        if accept("(") {
            let inner = try disjunction()
            guard accept(")") else { throw failure("expected \")\"") }
            return inner
        }
        return try comparison()
    }

    private mutating func comparison() throws(WhereExpression.Failure) -> WhereExpression {
        skipSpace()
        let start = place
        guard let word = word(), !["and", "or", "in"].contains(word) else {
            place = start
            throw failure("expected a key, such as dataset.size, \"not\" or \"(\"")
        }
        let key = try word + level(of: word)
        if keyPlaces[key] == nil { keyPlaces[key] = start }
        if takeWord("not") {
            guard takeWord("in") else { throw failure("expected \"in\" after \"not\"") }
            return .not(.isIn(key: key, try list()))
        }
        if takeWord("in") { return .isIn(key: key, try list()) }
        // Two-character operators first, so that "<=" is not read as "<".
        for (symbol, comparison) in [
            ("==", WhereExpression.Comparison.equal), ("!=", .unequal), ("<=", .lessOrEqual), (">=", .greaterOrEqual),
            ("=", .equal), ("<", .less), (">", .greater),
        ] where accept(symbol) {
            return .compare(key: key, comparison, try value())
        }
        throw failure("expected =, !=, <, <=, >, >=, \"in\" or \"not in\" after \(key)")
    }

    /// What stands behind a measured quantity's name: empty, or `@` and a noise level or two.
    private mutating func level(of name: String) throws(WhereExpression.Failure) -> String {
        guard place < bytes.count, bytes[place] == UInt8(ascii: "@") else { return "" }
        let start = place
        if bytes[(place + 1)...].starts(with: MeasurementTerm.worse.utf8) {
            while place < bytes.count, bytes[place] != UInt8(ascii: ")") { place += 1 }
            place = min(place + 1, bytes.count)
        } else {
            place += 1
            while place < bytes.count, Self.isWord(bytes[place]) || bytes[place] == UInt8(ascii: "+") { place += 1 }
        }
        let level = String(decoding: bytes[start..<place], as: UTF8.self)
        guard let term = MeasurementTerm(name + level) else {
            place = start
            throw failure("expected MEASURE.QUANTITY and a noise level, such as @0.5 or @worse(0.5, 1.5)")
        }
        // Equal levels are one key however they are written.
        return String(term.description.dropFirst(name.count))
    }

    private mutating func list() throws(WhereExpression.Failure) -> [JSONValue] {
        guard accept("(") else { throw failure("expected \"(\" and a list of values") }
        var values = [try value()]
        while accept(",") { values.append(try value()) }
        guard accept(")") else { throw failure("expected \",\" or \")\"") }
        return values
    }

    private mutating func value() throws(WhereExpression.Failure) -> JSONValue {
        skipSpace()
        guard place < bytes.count else { throw failure("expected a value") }
        let start = place
        let first = bytes[place]
        if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") { return .string(try quoted(by: first)) }
        if Self.startsWord(first), let word = word() {
            switch word {
            case "true": return true
            case "false": return false
            case "null": return .null
            case "and", "or", "not", "in":
                place = start
                throw failure("expected a value; \"\(word)\" as text needs quotes")
            default: return .string(word)
            }
        }
        while place < bytes.count, Self.isWord(bytes[place]) || bytes[place] == UInt8(ascii: "+") { place += 1 }
        let token = String(decoding: bytes[start..<place], as: UTF8.self)
        if let integer = Int64(token) { return .integer(integer) }
        let isDecimal = token.utf8.allSatisfy { (48...57).contains($0) || "+-.eE".utf8.contains($0) }
        if isDecimal, let number = Double(token), number.isFinite { return JSONValue.number(number).canonical }
        place = start
        throw failure("expected a number, true, false, a word or quoted text")
    }

    private mutating func quoted(by quote: UInt8) throws(WhereExpression.Failure) -> String {
        let start = place
        place += 1
        var content: [UInt8] = []
        while place < bytes.count, bytes[place] != quote {
            if bytes[place] == UInt8(ascii: "\\"), place + 1 < bytes.count { place += 1 }
            content.append(bytes[place])
            place += 1
        }
        guard place < bytes.count else {
            place = start
            throw failure("this quote is never closed")
        }
        place += 1
        return String(decoding: content, as: UTF8.self)
    }

    private mutating func skipSpace() {
        while place < bytes.count, [9, 10, 13, 32].contains(bytes[place]) { place += 1 }
    }

    private mutating func accept(_ symbol: String) -> Bool {
        skipSpace()
        guard bytes[place...].starts(with: symbol.utf8) else { return false }
        place += symbol.utf8.count
        return true
    }

    private mutating func word() -> String? {
        skipSpace()
        guard place < bytes.count, Self.startsWord(bytes[place]) else { return nil }
        let start = place
        while place < bytes.count, Self.isWord(bytes[place]) { place += 1 }
        return String(decoding: bytes[start..<place], as: UTF8.self)
    }

    private mutating func takeWord(_ wanted: String) -> Bool {
        let start = place
        if word() == wanted { return true }
        place = start
        return false
    }

    private func failure(_ message: String) -> WhereExpression.Failure {
        var place = place
        while place < bytes.count, [9, 10, 13, 32].contains(bytes[place]) { place += 1 }
        // A place inside a character counts as that character's.
        let prefix = String(decoding: bytes[..<min(place, bytes.count)], as: UTF8.self)
        return WhereExpression.Failure(
            text: text.replacing("\n", with: " "), position: prefix.count, message: message)
    }
}
