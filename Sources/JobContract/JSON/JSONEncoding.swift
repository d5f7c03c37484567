extension JSONText {
    /// The JSON of a message, in the form in which Foundation's encoder writes it, at a fraction of its cost: a
    /// coordinator writes and reads some twenty messages a job.
    ///
    /// Throws what the value's own `encode` throws, and `CanonicalJSON.Failure` for numbers that JSON has not.
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoding = JSONEncoding()
        try encoding.write(value)
        return encoding.bytes
    }
}

/// Writes straight into bytes. Containers are closed when the next value begins outside of them, so an `encode` that
/// fills two containers in turns is not understood; none that the compiler writes does.
private final class JSONEncoding: Encoder {
    private(set) var bytes: [UInt8] = []
    /// The open containers: what closes each, and whether something is in it.
    private var open: [(end: UInt8, isEmpty: Bool)] = []
    /// How many were open when the value began that is being written.
    private var base = 0

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func write<Value: Encodable>(_ value: Value) throws {
        // Types are compared, not cast: a cast costs more than what it leads to.
        func same<Other>(_: Other.Type) -> Other? {
            Value.self == Other.self ? unsafeBitCast(value, to: Other.self) : nil
        }
        if let value = same(String.self) {
            CanonicalJSON.append(string: value, to: &bytes)
        } else if let value = same(Int.self) {
            bytes.append(decimal: value)
        } else if let value = same(AttemptNumber.self) {
            bytes.append(decimal: value.value)
        } else if JSONText.isDigest(Value.self) {
            bytes.append(quoted: unsafeBitCast(value, to: Digest.self))
        } else if let value = same(JobText.self) {
            bytes.append(contentsOf: value.bytes)
        } else if let value = same([String: JSONValue].self) {
            try CanonicalJSON.append(.object(value), to: &bytes)
        } else if let value = same(JSONValue.self) {
            try CanonicalJSON.append(value, to: &bytes)
        } else if let value = same(Double.self) {
            bytes.append(contentsOf: try CanonicalJSON.number(value).utf8)
        } else if let value = same(Float.self) {
            bytes.append(contentsOf: try CanonicalJSON.number(Double(value)).utf8)
        } else if let value = same(Bool.self) {
            bytes.append(contentsOf: (value ? "true" : "false").utf8)
        } else if JSONText.isInteger(Value.self), let value = value as? any FixedWidthInteger {
            bytes.append(contentsOf: value.description.utf8)
        } else {
            let (outer, start) = (base, bytes.count)
            base = open.count
            try value.encode(to: self)
            close(to: base)
            base = outer
            if bytes.count == start { bytes.append(contentsOf: "{}".utf8) }
        }
    }

    func writeNull() { bytes.append(contentsOf: "null".utf8) }

    func close(to depth: Int) {
        while open.count > depth { bytes.append(open.removeLast().end) }
    }

    private func openContainer(_ start: Unicode.Scalar, _ end: Unicode.Scalar) -> Int {
        bytes.append(UInt8(ascii: start))
        open.append((UInt8(ascii: end), true))
        return open.count
    }

    /// Leads over to the next element of the container at `depth`.
    func next(at depth: Int) {
        close(to: depth)
        if !open[depth - 1].isEmpty { bytes.append(UInt8(ascii: ",")) }
        open[depth - 1].isEmpty = false
    }

    func next(at depth: Int, key: some CodingKey) {
        next(at: depth)
        CanonicalJSON.append(string: key.stringValue, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }

    func container<Key: CodingKey>(keyedBy: Key.Type) -> KeyedEncodingContainer<Key> {
        // An event asks for its members twice: for its name, and for what it says.
        let isOpen = open.count > base && open[base].end == UInt8(ascii: "}")
        return KeyedEncodingContainer(Members<Key>(encoding: self, depth: isOpen ? base + 1 : openContainer("{", "}")))
    }

    private func nested<Key: CodingKey>() -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(Members<Key>(encoding: self, depth: openContainer("{", "}")))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer { Elements(encoding: self, depth: openContainer("[", "]")) }
    func singleValueContainer() -> any SingleValueEncodingContainer { Single(encoding: self) }

    private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let encoding: JSONEncoding
        let depth: Int
        var codingPath: [any CodingKey] { [] }

        func encodeNil(forKey key: Key) {
            encoding.next(at: depth, key: key)
            encoding.writeNull()
        }
        func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
            encoding.next(at: depth, key: key)
            try encoding.write(value)
        }
        func nestedContainer<Nested: CodingKey>(
            keyedBy: Nested.Type, forKey key: Key
        ) -> KeyedEncodingContainer<Nested> {
            encoding.next(at: depth, key: key)
            return encoding.nested()
        }
        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            encoding.next(at: depth, key: key)
            return encoding.unkeyedContainer()
        }
        func superEncoder() -> any Encoder { encoding }
        func superEncoder(forKey key: Key) -> any Encoder {
            encoding.next(at: depth, key: key)
            return encoding
        }
    }

    private struct Elements: UnkeyedEncodingContainer {
        let encoding: JSONEncoding
        let depth: Int
        var codingPath: [any CodingKey] { [] }
        private(set) var count = 0

        private mutating func next() {
            encoding.next(at: depth)
            count += 1
        }
        mutating func encodeNil() {
            next()
            encoding.writeNull()
        }
        mutating func encode<Value: Encodable>(_ value: Value) throws {
            next()
            try encoding.write(value)
        }
        mutating func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type) -> KeyedEncodingContainer<Nested> {
            next()
            return encoding.nested()
        }
        mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
            next()
            return encoding.unkeyedContainer()
        }
        mutating func superEncoder() -> any Encoder {
            next()
            return encoding
        }
    }

    private struct Single: SingleValueEncodingContainer {
        let encoding: JSONEncoding
        var codingPath: [any CodingKey] { [] }

        func encodeNil() { encoding.writeNull() }
        func encode<Value: Encodable>(_ value: Value) throws { try encoding.write(value) }
    }
}

extension [UInt8] {
    /// Appends the digest's digits as a JSON string.
    package mutating func append(quoted digest: Digest) {
        append(UInt8(ascii: "\""))
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { digits in
            digest.writeHex(to: digits)
            append(contentsOf: digits)
        }
        append(UInt8(ascii: "\""))
    }

    /// Appends the number's decimal digits.
    package mutating func append(decimal value: Int) {
        if (0...9).contains(value) { append(UInt8(48 + value)) } else { append(contentsOf: String(value).utf8) }
    }
}
