import JobContract
import ResultCatalogue

/// What the specs of a sweep's trainings, or of all trainings, say under some keys, and which keys differ between them.
struct SpecColumns {
    /// Every key that some training has.
    private(set) var names: Set<String> = []
    /// Keys of which two trainings have different values, or that only some have, sorted.
    private(set) var varying: [String] = []
    /// Row numbers by the trainings' keys in the catalogue.
    private(set) var rows: [Int64: Int] = [:]
    /// The values of each key asked for, in order of row.
    private(set) var columns: [String: CodedColumn]

    /// The likeness of each spec, in order of row; empty unless asked for.
    private(set) var likenesses: [SpecLikeness] = []

    package init(
        _ reader: CatalogueReader, sweep: String?, and moreSweeps: [String] = [], at places: Range<Int>? = nil,
        keys: [String],
        withLikenesses: Bool = false
    ) throws {
        var likenesses = [SpecLikeness]()
        var first: [(name: [UInt8], value: [UInt8], text: String)] = []
        var differs = [Bool]()
        var others = Set<String>()
        var found = [String: CodedColumn](uniqueKeysWithValues: keys.map { ($0, CodedColumn()) })
        var count = 0
        var numbers = [Int64: Int]()
        try reader.scanSpecs(of: sweep, and: moreSweeps, at: places) { row in
            numbers[row.integer(0)] = count
            row.withBytes(1) { bytes in
                var text = SpecText(bytes)
                var place = 0
                var seen = Set<String>()
                var likeness = SpecLikeness()
                while let member = text.next() {
                    if withLikenesses { likeness.add(member.name, member.value) }
                    let name: String
                    if place < first.count, first[place].name.elementsEqual(member.name) {
                        name = first[place].text
                        if !differs[place], !first[place].value.elementsEqual(member.value) { differs[place] = true }
                    } else if count == 0 {
                        name = String(decoding: member.name, as: UTF8.self)
                        first.append((Array(member.name), Array(member.value), name))
                        differs.append(false)
                    } else {
                        // Members are sorted by name: where this one is not the one expected, it is new, or some of the
                        // first spec's are missing before it.
                        name = String(decoding: member.name, as: UTF8.self)
                        if let index = first.firstIndex(where: { $0.text == name }) {
                            for skipped in place..<max(place, index) { differs[skipped] = true }
                            if !first[index].value.elementsEqual(member.value) { differs[index] = true }
                            place = index
                        } else {
                            others.insert(name)
                            place -= 1
                        }
                    }
                    place += 1
                    if !keys.isEmpty, keys.contains(name), seen.insert(name).inserted {
                        found[name]?.append(member.value)
                    }
                }
                if withLikenesses { likenesses.append(likeness) }
                for skipped in place..<max(place, first.count) { differs[skipped] = true }
                for key in keys where !seen.contains(key) { found[key]?.append(.null) }
            }
            count += 1
            return true
        }
        rows = numbers
        columns = found
        self.likenesses = likenesses
        names = Set(first.map(\.text)).union(others)
        varying = (zip(first, differs).filter(\.1).map(\.0.text) + others)
            .filter { $0 == "seed" || $0.contains(".") }.sorted()
    }
}

/// A column with few different values: each row holds the number of its value.
struct CodedColumn {
    private(set) var codes: [Int32] = []
    private(set) var values: [JSONValue] = []
    private var byText: [String: Int32] = [:]
    private var byValue: [JSONValue: Int32] = [:]
    private var last: (text: [UInt8], code: Int32)?

    /// Appends the value of a JSON text.
    mutating func append(_ text: Slice<UnsafeBufferPointer<UInt8>>) {
        if let last, last.text.elementsEqual(text) { return codes.append(last.code) }
        let key = String(decoding: text, as: UTF8.self)
        let code = byText[key] ?? code(of: JSONText.read(text) ?? .null)
        byText[key] = code
        last = (Array(text), code)
        codes.append(code)
    }

    mutating func append(_ value: JSONValue) { codes.append(code(of: value)) }

    private mutating func code(of value: JSONValue) -> Int32 {
        if let code = byValue[value] { return code }
        values.append(value)
        byValue[value] = Int32(values.count - 1)
        return Int32(values.count - 1)
    }

    /// The same values, row by row as `rows` says.
    func gathered(_ rows: [Int32]) -> CodedColumn {
        var column = self
        column.codes = rows.map { codes[Int($0)] }
        return column
    }

    subscript(row: Int) -> JSONValue { values[Int(codes[row])] }
}
