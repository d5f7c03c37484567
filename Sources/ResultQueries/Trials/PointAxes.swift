import Foundation
import JobContract
import ResultCatalogue
import SweepModel

/// The axes on which the trials of a sweep differ, and the text by which people are shown a trial: its place on them, such
/// as `N=256 scale=8 65.5k images seed=0`.
package struct PointAxes: Sendable {
    /// In the order in which they are shown.
    package let keys: [String]
    /// What stands before each key's value.
    private let labels: [String: String]
    /// Lengths that would look alike when rounded.
    private let unrounded: Set<String>

    /// Keys that say most of a trial, where no key tells it from others and there are many.
    private static let foremost = [
        "dataset.size", "model.architecture", "model.scale", "training.images", "training.epochs", "training.steps",
        "seed",
    ]

    /// `asked` of the trials, or of enough of them. Where these do not differ, all that was asked is their place; of more than
    /// eight keys the foremost are.
    package init(_ asked: some Sequence<[String: JSONValue]>) {
        var values = [String: Set<JSONValue>]()
        var met = [String: Int]()
        var count = 0
        for point in asked {
            count += 1
            for (key, value) in point {
                values[key, default: []].insert(value)
                met[key, default: 0] += 1
            }
        }
        let varying = values.keys.filter { values[$0, default: []].count > 1 || met[$0] != count }
        let all = values.count > 8 ? Self.foremost.filter { values[$0] != nil } : Array(values.keys)
        keys = (varying.isEmpty ? all : varying).sorted { (Self.rank($0), $0) < (Self.rank($1), $1) }
        let tails = Dictionary(grouping: keys, by: Self.tail)
        labels = Dictionary(
            uniqueKeysWithValues: keys.map { key in
                (key, key == "dataset.size" ? "N" : tails[Self.tail(key)]?.count == 1 ? Self.tail(key) : key)
            })
        unrounded = Set(
            keys.filter(Self.isLength).filter { key in
                let lengths = values[key, default: []].compactMap(\.doubleValue)
                return Set(lengths.map(Self.rounded)).count < lengths.count
            })
    }

    /// The axes of a revision that the catalogue holds.
    package init(of revision: Int, in reader: CatalogueReader) throws {
        self.init(try reader.asked(ofSome: 4096, in: revision).compactMap { JSONText.object($0) })
    }

    /// The place at which a trial that asked for this lies; without its length, the place of its training.
    package func text(_ asked: [String: JSONValue], withLength: Bool = true) -> String {
        keys.compactMap { key -> String? in
            guard let value = asked[key], withLength || !Self.isLength(key) else { return nil }
            guard Self.isLength(key), let length = value.doubleValue else {
                return "\(labels[key] ?? key)=\(Self.plain(value))"
            }
            let unit = Self.tail(key)
            let shown = unrounded.contains(key) ? Self.plain(value) : Self.rounded(length)
            return "\(shown) \(length == 1 ? String(unit.dropLast()) : unit)"
        }.joined(separator: " ")
    }

    /// The key that a person means by what is shown of it.
    package func key(of label: String) -> String? {
        keys.contains(label) ? label : keys.first { labels[$0] == label || Self.tail($0) == label }
    }

    /// What people are shown for a key.
    package func label(of key: String) -> String { labels[key] ?? Self.tail(key) }

    package static func isLength(_ key: String) -> Bool {
        ["training.images", "training.epochs", "training.steps"].contains(key)
    }

    private static func tail(_ key: String) -> String { key.split(separator: ".").last.map(String.init) ?? key }

    static func rank(_ key: String) -> Int {
        if key == "dataset.size" { return 0 }
        if key == "seed" { return 5 }
        if isLength(key) { return 4 }
        return ["dataset": 1, "model": 2][key.prefix { $0 != "." }.description] ?? 3
    }

    /// A length to three digits: `65.5k`.
    private static func rounded(_ length: Double) -> String {
        guard length >= 1000 else { return plain(.number(length)) }
        let steps = ["k", "M", "G", "T"]
        var (amount, unit) = (length / 1000, 0)
        while amount >= 999.5, unit < steps.count - 1 { (amount, unit) = (amount / 1000, unit + 1) }
        return String(format: "%.3g", amount) + steps[unit]
    }

    /// A value as a person would write it.
    package static func plain(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): return text
        case .integer(let whole): return String(whole)
        case .number(let number): return Int64(exactly: number).map { String($0) } ?? "\(number)"
        case .object(let part) where Set(part.keys) == ["index", "of"]:
            return "\(part["index"]?.integerValue ?? 0)/\(part["of"]?.integerValue ?? 1)"
        default: return (try? CanonicalJSON.text(value)) ?? "?"
        }
    }
}
