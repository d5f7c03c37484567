import CYAML

/// Reads a YAML text into a tree, event by event.
///
/// Aliases share what they stand for, and everything is bounded while it is read: the text's length, how deep it
/// nests, and how many parts it has once its aliases are unfolded. So no text costs more than its size promises.
struct YAMLComposer: ~Copyable {
    /// The most bytes of a file. No sweep is as long.
    private static let longest = 16 << 20
    private static let mostParts = 500_000
    private static let deepest = 100

    /// A tree with its number of parts and its depth, aliases unfolded.
    private struct Composed {
        var tree: YAMLTree
        var parts = 1
        var depth = 1
    }

    private let file: String
    private let text: String
    private let withLines: Bool
    // The parser keeps pointers to itself.
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private var anchors: [String: Composed] = [:]
    private var level = 0

    /// The tree of the one document in `text`; nil where there is none.
    static func compose(_ text: String, file: String, withLines: Bool) throws(SweepFileError) -> YAMLTree? {
        guard text.utf8.count <= longest else {
            throw SweepFileError(
                "the text has \(text.utf8.count) bytes: expected at most \(longest)", at: TextOrigin(file: file))
        }
        // The parser reads where the bytes lie.
        let bytes = Array(text.utf8)
        let result: Result<YAMLTree?, SweepFileError> = bytes.withUnsafeBufferPointer { bytes in
            do throws(SweepFileError) {
                var composer = YAMLComposer(file: file, text: text, withLines: withLines)
                return .success(try composer.document(bytes))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private init(file: String, text: String, withLines: Bool) {
        self.file = file
        self.text = text
        self.withLines = withLines
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    private mutating func document(_ bytes: UnsafeBufferPointer<UInt8>) throws(SweepFileError) -> YAMLTree? {
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
        // Stream and document begin; a stream may end without a document.
        guard try next().kind != YAML_STREAM_END_EVENT, try next().kind != YAML_STREAM_END_EVENT else { return nil }
        let root = try node(try next())
        _ = try next()
        let rest = try next()
        guard rest.kind == YAML_STREAM_END_EVENT else {
            throw failure("not YAML: expected a single document, found another", rest.line)
        }
        return root.tree
    }

    private mutating func node(_ event: borrowing YAMLEvent) throws(SweepFileError) -> Composed {
        if event.kind == YAML_ALIAS_EVENT {
            guard let anchored = anchors[event.anchor ?? ""] else {
                throw failure("this alias stands for nothing", event.line)
            }
            return anchored
        }
        level += 1
        defer { level -= 1 }
        var composed: Composed
        switch event.kind {
        case YAML_SEQUENCE_START_EVENT: composed = try sequence(at: event.line)
        case YAML_MAPPING_START_EVENT: composed = try mapping(at: event.line)
        default:
            composed = Composed(
                tree: YAMLTree(content: .scalar(event.text, quoted: event.isQuoted), origin: origin(event.line)))
        }
        if let anchor = event.anchor { anchors[anchor] = composed }
        return composed
    }

    private mutating func sequence(at line: Int) throws(SweepFileError) -> Composed {
        var items: [YAMLTree] = []
        var sizes = Composed(tree: YAMLTree(content: .list([]), origin: origin(line)))
        while true {
            let event = try next()
            if event.kind == YAML_SEQUENCE_END_EVENT { break }
            let item = try node(event)
            try add(item, to: &sizes, line: event.line)
            items.append(item.tree)
        }
        sizes.tree.content = .list(items)
        return sizes
    }

    private mutating func mapping(at line: Int) throws(SweepFileError) -> Composed {
        var members: [YAMLTree.Member] = []
        var lines: [String: Int] = [:]
        var sizes = Composed(tree: YAMLTree(content: .mapping([]), origin: origin(line)))
        while true {
            let event = try next()
            if event.kind == YAML_MAPPING_END_EVENT { break }
            let place = origin(event.line)
            guard case .scalar(let key, _) = try node(event).tree.content else {
                throw failure("expected a name before the colon", event.line)
            }
            if let earlier = lines.updateValue(event.line, forKey: key) {
                throw SweepFileError("given twice, here and at \(origin(earlier))", key: key, at: place)
            }
            let value = try node(try next())
            try add(value, to: &sizes, line: event.line)
            members.append(YAMLTree.Member(key: key, origin: place, value: value.tree))
        }
        sizes.tree.content = .mapping(members)
        return sizes
    }

    private func add(_ part: Composed, to whole: inout Composed, line: Int) throws(SweepFileError) {
        whole.parts += part.parts
        whole.depth = max(whole.depth, part.depth + 1)
        guard whole.parts <= Self.mostParts else {
            throw failure("the text unfolds to more than \(Self.mostParts) parts", line)
        }
        guard whole.depth + level <= Self.deepest else {
            throw failure("nested more than \(Self.deepest) deep", line)
        }
    }

    private func next() throws(SweepFileError) -> YAMLEvent {
        let event = YAMLEvent()
        guard yaml_parser_parse(parser, event.event) == 1 else { throw explained() }
        guard level <= Self.deepest else { throw failure("nested more than \(Self.deepest) deep", event.line) }
        return event
    }

    private func origin(_ line: Int) -> TextOrigin { TextOrigin(file: file, line: withLines ? line : nil) }

    private func failure(_ problem: String, _ line: Int) -> SweepFileError {
        SweepFileError(problem, at: origin(line))
    }

    private func explained() -> SweepFileError {
        let parser = parser.pointee
        let problem = parser.problem.map { String(cString: $0) } ?? "no memory"
        let context = parser.context.map {
            " (\(String(cString: $0)) from line \(parser.context_mark.line + 1))"
        }
        if parser.error == YAML_READER_ERROR {
            return SweepFileError("not YAML: \(problem)", at: TextOrigin(file: file))
        }
        let line = Int(parser.problem_mark.line)
        return failure(Self.habit(of: problem, in: text, line) ?? "not YAML: \(problem)\(context ?? "")", line + 1)
    }

    /// What people write who know other formats, and what YAML wants instead; nil for other faults.
    private static func habit(of problem: String, in text: String, _ line: Int) -> String? {
        let lines = text.split(separator: "\n", maxSplits: line + 1, omittingEmptySubsequences: false)
        guard lines.indices.contains(line) else { return nil }
        if problem.contains("cannot start any token"), lines[line].prefix(while: \.isWhitespace).contains("\t") {
            return "not YAML: the line is indented by a tab: expected spaces"
        }
        if problem.contains("expected ',' or ']'"),
            let range = lines[line].firstMatch(of: /[\w.-]+\[[0-9,-]+\][\w.-]*/)?.0
        {
            return "not YAML: a range within [ ] wants quotes: expected \"\(range)\", or a line of its own: - \(range)"
        }
        return nil
    }
}

/// One of libyaml's events.
private struct YAMLEvent: ~Copyable {
    let event = UnsafeMutablePointer<yaml_event_t>.allocate(capacity: 1)

    init() { event.initialize(to: yaml_event_t()) }

    deinit {
        yaml_event_delete(event)
        event.deallocate()
    }

    var kind: yaml_event_type_t { event.pointee.type }
    var line: Int { Int(event.pointee.start_mark.line) + 1 }

    /// The name an alias stands for, or that a node is given.
    var anchor: String? {
        let name =
            switch kind {
            case YAML_ALIAS_EVENT: event.pointee.data.alias.anchor
            case YAML_SCALAR_EVENT: event.pointee.data.scalar.anchor
            case YAML_SEQUENCE_START_EVENT: event.pointee.data.sequence_start.anchor
            case YAML_MAPPING_START_EVENT: event.pointee.data.mapping_start.anchor
            default: UnsafeMutablePointer<UInt8>?.none
            }
        return name.map { String(cString: $0) }
    }

    /// A scalar's text.
    var text: String {
        let scalar = event.pointee.data.scalar
        return String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
    }

    var isQuoted: Bool {
        let style = event.pointee.data.scalar.style
        return style != YAML_PLAIN_SCALAR_STYLE && style != YAML_ANY_SCALAR_STYLE
    }
}
