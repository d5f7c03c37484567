import Foundation
import JobContract
import ResultCatalogue

/// Where the trials of a revision lie on its axes, held in memory: a revision never changes, and one of a million trials is
/// asked about many times a second while somebody moves a slider.
package final class PlaceIndex: Sendable {
    package struct Axis: Sendable {
        package let key: String
        /// What people are shown for the key.
        package let label: String
        /// In ascending order.
        package let values: [JSONValue]
        /// By trial, which of the values it asked for; −1 where for none.
        package let codes: [Int32]
    }

    package let sweep: String
    package let revision: Int
    /// The keys of the trials in the catalogue, in the revision's order, and their positions there.
    package let trials: [Int64]
    package let positions: [Int32]
    /// Those on which trials differ, in the order in which people are shown them; where none do, all that were asked.
    package let axes: [Axis]
    package let names: PointAxes

    /// The sweep's revision as it is wanted now. Throws `ReportError.request` for a sweep that the catalogue does not have.
    package init(_ reader: CatalogueReader, sweep: String) throws {
        try TrialKeys.check(sweep, in: reader)
        revision = try reader.revision(of: sweep) ?? 0
        self.sweep = sweep
        var trials: [Int64] = []
        var positions: [Int32] = []
        var columns: [AskedColumn] = []
        try reader.scanWishes(of: revision) { row in
            positions.append(Int32(row.integer(0)))
            trials.append(row.integer(1))
            row.withBytes(2) { bytes in
                let row = trials.count - 1
                if AskedColumn.append(foretold: bytes, to: &columns, at: row) { return }
                var text = SpecText(bytes)
                var place = 0
                while let member = text.next() {
                    if place >= columns.count || !columns[place].name.elementsEqual(member.name) {
                        place = columns.firstIndex { $0.name.elementsEqual(member.name) } ?? columns.count
                        if place == columns.count {
                            columns.append(AskedColumn(name: Array(member.name), isFirst: columns.isEmpty))
                        }
                    }
                    columns[place].append(member.value, at: row)
                    place += 1
                }
            }
            return true
        }
        self.trials = trials
        self.positions = positions
        let names = try PointNames(reader).axes(of: revision)
        self.names = names
        let found = columns.map { column in column.finished(trials.count) }
        let varying = found.filter { $0.values.count > 1 || $0.codes.contains(-1) }
        axes = (varying.isEmpty ? found : varying).map {
            Axis(key: $0.key, label: names.label(of: $0.key), values: $0.values, codes: $0.codes)
        }.sorted { (PointAxes.rank($0.key), $0.key) < (PointAxes.rank($1.key), $1.key) }
    }

    package func axis(_ key: String) -> Axis? { axes.first { $0.key == key } }

    /// The trials, by their place in `trials`, that asked for these values.
    package func rows(where fixed: [(axis: Axis, code: Int32)]) -> [Int] {
        guard let first = fixed.first else { return Array(trials.indices) }
        var rows = first.axis.codes.withUnsafeBufferPointer { codes in
            codes.indices.filter { codes[$0] == first.code }
        }
        for (axis, code) in fixed.dropFirst() {
            axis.codes.withUnsafeBufferPointer { codes in rows.removeAll { codes[$0] != code } }
        }
        return rows
    }

    /// What a trial asked for on the axes.
    package func asked(_ row: Int) -> [String: JSONValue] {
        var asked: [String: JSONValue] = [:]
        for axis in axes where axis.codes[row] >= 0 { asked[axis.key] = axis.values[Int(axis.codes[row])] }
        return asked
    }
}

/// The values of one key as they are read. Grids repeat themselves: after each value the one that followed it last is tried
/// first.
private struct AskedColumn {
    let name: [UInt8]
    private var codes: [Int32] = []
    private var texts: [[UInt8]] = []
    private var numbers: [[UInt8]: Int32] = [:]
    private var next: [Int32] = []
    private var last: Int32 = -1
    /// What stands before the value where the columns come in their order.
    private let lead: [UInt8]

    init(name: [UInt8], isFirst: Bool) {
        self.name = name
        lead = Array((isFirst ? "{\"" : ",\"").utf8) + name + Array("\":".utf8)
    }

    /// Appends a row in which each column has its last value or the one that followed that; false, and nothing is changed,
    /// where the text is another one. Of a large grid nearly every row is foretold, and comparing is many times faster than
    /// reading.
    static func append(foretold bytes: UnsafeBufferPointer<UInt8>, to columns: inout [AskedColumn], at row: Int) -> Bool
    {
        guard row > 0, !columns.isEmpty, columns.count <= 16 else { return false }
        var codes = SIMD16<Int32>(repeating: -1)
        var place = 0
        for index in columns.indices {
            guard let (code, end) = columns[index].foretold(bytes, from: place, isLast: index == columns.count - 1)
            else { return false }
            codes[index] = code
            place = end
        }
        guard place + 1 == bytes.count, bytes[place] == UInt8(ascii: "}") else { return false }
        for index in columns.indices { columns[index].append(codes[index], at: row) }
        return true
    }

    /// The code of the value that stands at `place` behind the lead, and where it ends.
    private func foretold(_ bytes: UnsafeBufferPointer<UInt8>, from place: Int, isLast: Bool) -> (Int32, Int)? {
        guard last >= 0, Self.holds(bytes, lead, at: place) else { return nil }
        let start = place + lead.count
        let close = isLast ? UInt8(ascii: "}") : UInt8(ascii: ",")
        for turn in 0..<2 {
            let code = turn == 0 ? last : next[Int(last)]
            guard code >= 0 else { continue }
            let text = texts[Int(code)]
            let end = start + text.count
            if Self.holds(bytes, text, at: start), end < bytes.count, bytes[end] == close { return (code, end) }
        }
        return nil
    }

    private static func holds(_ bytes: UnsafeBufferPointer<UInt8>, _ text: [UInt8], at place: Int) -> Bool {
        guard place + text.count <= bytes.count, let base = bytes.baseAddress else { return false }
        return text.withUnsafeBytes { text in
            text.baseAddress.map { memcmp($0, base + place, text.count) == 0 } ?? true
        }
    }

    mutating func append(_ text: Slice<UnsafeBufferPointer<UInt8>>, at row: Int) {
        append(code(of: text), at: row)
    }

    private mutating func append(_ code: Int32, at row: Int) {
        pad(to: row)
        if last >= 0, code != last { next[Int(last)] = code }
        last = code
        codes.append(code)
    }

    private mutating func pad(to count: Int) {
        if codes.count < count { codes += [Int32](repeating: -1, count: count - codes.count) }
    }

    private mutating func code(of text: Slice<UnsafeBufferPointer<UInt8>>) -> Int32 {
        if last >= 0 {
            if texts[Int(last)].elementsEqual(text) { return last }
            let guess = next[Int(last)]
            if guess >= 0, texts[Int(guess)].elementsEqual(text) { return guess }
        }
        let bytes = Array(text)
        if let known = numbers[bytes] { return known }
        let code = Int32(texts.count)
        numbers[bytes] = code
        texts.append(bytes)
        next.append(-1)
        return code
    }

    /// The values in ascending order, equal ones once, and the codes by them.
    func finished(_ count: Int) -> (key: String, values: [JSONValue], codes: [Int32]) {
        var column = self
        column.pad(to: count)
        let read = texts.map { JSONText.read($0) ?? .null }
        let values = Set(read).sorted(by: Self.isOrdered)
        let places = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($1, Int32($0)) })
        let renumbered = read.map { places[$0] ?? -1 }
        return (
            String(decoding: name, as: UTF8.self), values,
            column.codes.map { $0 < 0 ? -1 : renumbered[Int($0)] }
        )
    }

    private static func isOrdered(_ a: JSONValue, _ b: JSONValue) -> Bool {
        switch (a.doubleValue, b.doubleValue) {
        case (let a?, let b?): a < b
        case (_?, nil): true
        case (nil, _?): false
        case (nil, nil): PointAxes.plain(a) < PointAxes.plain(b)
        }
    }
}
