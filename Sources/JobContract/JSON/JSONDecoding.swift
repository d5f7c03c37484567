extension JSONText {
    /// Reads a message as Foundation's decoder would, at a fraction of its cost. Integers are those of 64 bits with
    /// a sign.
    ///
    /// Throws `DecodingError` for what is no JSON, is nested more than 100 deep, or is not the message.
    package static func decode<Value: Decodable>(_: Value.Type, from bytes: some Collection<UInt8>) throws -> Value {
        guard let value = read(bytes) else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "this is no JSON"))
        }
        return try decode(Value.self, of: value)
    }

    /// Reads a message from its value, and throws as above.
    package static func decode<Value: Decodable>(_: Value.Type, of value: JSONValue) throws -> Value {
        try JSONDecoding(value: value, key: nil).read(Value.self)
    }
}

/// Reads from a value that was parsed before.
private struct JSONDecoding: Decoder {
    let value: JSONValue
    /// Where the value stands, for words about what is wrong with it.
    let key: String?

    var codingPath: [any CodingKey] { key.map { [AnyKey(stringValue: $0)] } ?? [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func read<Value: Decodable>(_: Value.Type) throws -> Value {
        // Types are compared, not cast: a cast costs more than what it leads to.
        func required<Other>(_ found: Other?) throws -> Value {
            guard let found else { throw mismatch(Value.self) }
            return unsafeBitCast(found, to: Value.self)
        }
        if Value.self == String.self { return try required(value.stringValue) }
        if Value.self == Int.self { return try required(value.integerValue) }
        // What messages are full of; what does not succeed here fails below, with words.
        if JSONText.isDigest(Value.self) {
            if let text = value.stringValue, let digest = Digest(hex: text) { return try required(digest) }
        } else if Value.self == AttemptNumber.self {
            if let number = value.integerValue.flatMap(AttemptNumber.init(outside:)) { return try required(number) }
        }
        if Value.self == [String: JSONValue].self { return try required(value.objectValue) }
        if Value.self == JSONValue.self { return try required(value) }
        if Value.self == Double.self { return try required(value.doubleValue) }
        if Value.self == Float.self { return try required(value.doubleValue.map(Float.init)) }
        if Value.self == Bool.self { return try required(value.boolValue) }
        if JSONText.isInteger(Value.self), let type = Value.self as? any FixedWidthInteger.Type {
            guard let found = integer(type) as? Value else { throw mismatch(Value.self) }
            return found
        }
        return try Value(from: self)
    }

    private func integer<Whole: FixedWidthInteger>(_: Whole.Type) -> Any? {
        if case .number(let number) = value { return Whole(exactly: number) }
        guard case .integer(let integer) = value else { return nil }
        return Whole(exactly: integer)
    }

    private func mismatch(_ wanted: Any.Type) -> DecodingError {
        .typeMismatch(wanted, .init(codingPath: codingPath, debugDescription: "expected \(wanted)"))
    }

    func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = value else { throw mismatch([String: JSONValue].self) }
        return KeyedDecodingContainer(Members<Key>(members: members))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = value else { throw mismatch([JSONValue].self) }
        return Elements(elements: elements)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { Single(decoding: self) }

    private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let members: [String: JSONValue]
        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] { members.keys.compactMap(Key.init(stringValue:)) }

        private func at(_ key: Key) throws -> JSONDecoding {
            guard let value = members[key.stringValue] else {
                throw DecodingError.keyNotFound(key, .init(codingPath: [], debugDescription: "it is missing"))
            }
            return JSONDecoding(value: value, key: key.stringValue)
        }
        func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }
        func decodeNil(forKey key: Key) throws -> Bool { try at(key).value == .null }
        func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try at(key).read(type) }
        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) throws -> KeyedDecodingContainer<Nested> {
            try at(key).container(keyedBy: type)
        }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            try at(key).unkeyedContainer()
        }
        func superDecoder() throws -> any Decoder { JSONDecoding(value: .object(members), key: nil) }
        func superDecoder(forKey key: Key) throws -> any Decoder { try at(key) }
    }

    private struct Elements: UnkeyedDecodingContainer {
        let elements: [JSONValue]
        private(set) var currentIndex = 0
        var codingPath: [any CodingKey] { [] }
        var count: Int? { elements.count }
        var isAtEnd: Bool { currentIndex == elements.count }

        init(elements: [JSONValue]) { self.elements = elements }

        private mutating func next() throws -> JSONDecoding {
            guard !isAtEnd else {
                throw DecodingError.valueNotFound(
                    JSONValue.self, .init(codingPath: [], debugDescription: "the array ends before it"))
            }
            defer { currentIndex += 1 }
            return JSONDecoding(value: elements[currentIndex], key: String(currentIndex))
        }
        mutating func decodeNil() throws -> Bool {
            guard !isAtEnd, elements[currentIndex] == .null else { return false }
            currentIndex += 1
            return true
        }
        mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next().read(type) }
        mutating func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type
        ) throws -> KeyedDecodingContainer<Nested> {
            try next().container(keyedBy: type)
        }
        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
            try next().unkeyedContainer()
        }
        mutating func superDecoder() throws -> any Decoder { try next() }
    }

    private struct Single: SingleValueDecodingContainer {
        let decoding: JSONDecoding
        var codingPath: [any CodingKey] { decoding.codingPath }

        func decodeNil() -> Bool { decoding.value == .null }
        func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoding.read(type) }
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }
}
