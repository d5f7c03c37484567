import JobContract

/// A YAML document with the line of every part.
///
/// Scalars stay text until a key says what they are, so that `1e-3` is a number wherever one is expected.
struct YAMLTree: Sendable {
    struct Member: Sendable {
        var key: String
        var origin: TextOrigin
        var value: YAMLTree
    }

    enum Content: Sendable {
        case scalar(String, quoted: Bool)
        case list([YAMLTree])
        case mapping([Member])
    }

    var content: Content
    var origin: TextOrigin

    /// Reads one document. Arguments are read without lines, which mean nothing there.
    init(parsing text: String, file: String, withLines: Bool = true) throws(SweepFileError) {
        self =
            try YAMLComposer.compose(text, file: file, withLines: withLines)
            ?? YAMLTree(
                content: .scalar("", quoted: false), origin: TextOrigin(file: file, line: withLines ? 1 : nil))
    }

    init(content: Content, origin: TextOrigin) {
        self.content = content
        self.origin = origin
    }
}

extension String {
    /// The text without leading and trailing blanks and line ends.
    var trimmingSpace: String {
        let blank: (Character) -> Bool = { $0.isWhitespace }
        let start = self.drop(while: blank)
        return String(start.reversed().drop(while: blank).reversed())
    }
}

extension YAMLTree {
    /// The kind of thing that the node is, for messages.
    var kind: String {
        switch content {
        case .scalar(let text, let quoted): text.isEmpty && !quoted ? "nothing" : "\"\(text.prefix(60))\""
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    func failure(_ message: String, key: String? = nil) -> SweepFileError {
        SweepFileError(message, key: key, at: origin)
    }

    var isEmpty: Bool {
        if case .scalar("", quoted: false) = content { true } else { false }
    }

    var list: [YAMLTree]? { if case .list(let items) = content { items } else { nil } }
    var mapping: [Member]? { if case .mapping(let members) = content { members } else { nil } }

    /// The value by YAML 1.2's core schema.
    var value: JSONValue {
        switch content {
        case .list(let items): return .array(items.map(\.value))
        case .mapping(let members):
            return .object(
                Dictionary(members.map { ($0.key, $0.value.value) }, uniquingKeysWith: { first, _ in first }))
        case .scalar(let text, quoted: true): return .string(text)
        case .scalar(let text, quoted: false):
            switch text {
            case "", "~", "null", "Null", "NULL": return .null
            case "true", "True", "TRUE": return true
            case "false", "False", "FALSE": return false
            default: break
            }
            if let number = Self.number(text) { return number }
            return .string(text)
        }
    }

    /// A decimal integer or number; `0x`, octal and names are text.
    static func number(_ text: String) -> JSONValue? {
        let plain = text.utf8.allSatisfy {
            (48...57).contains($0) || [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), 69, 101].contains($0)
        }
        guard plain, text.utf8.contains(where: { (48...57).contains($0) }) else { return nil }
        if let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { return nil }
        return JSONValue.number(number)
    }

    func text(_ what: String) throws(SweepFileError) -> String {
        guard case .scalar(let text, let quoted) = content, quoted || !text.isEmpty else {
            throw failure("expected \(what), got \(kind)")
        }
        return text
    }

    func number(_ what: String) throws(SweepFileError) -> Double {
        guard case .scalar(let text, quoted: false) = content, let number = Self.number(text)?.doubleValue else {
            throw failure("expected \(what), a number, got \(kind)")
        }
        return number
    }

    func integer(_ what: String, in range: ClosedRange<Int>) throws(SweepFileError) -> Int {
        guard case .scalar(let text, quoted: false) = content, let integer = Self.number(text)?.integerValue,
            range.contains(integer)
        else {
            let bound =
                range.upperBound == .max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            throw failure("expected \(what), an integer (\(bound)), got \(kind)")
        }
        return integer
    }

    /// A list of texts, or one text alone.
    func texts(_ what: String) throws(SweepFileError) -> [String] {
        guard let list else { return [try text(what)] }
        var texts: [String] = []
        for item in list { texts.append(try item.text(what)) }
        return texts
    }

    func members(_ what: String) throws(SweepFileError) -> [Member] {
        guard let mapping else { throw failure("expected \(what), a mapping, got \(kind)") }
        return mapping
    }
}
