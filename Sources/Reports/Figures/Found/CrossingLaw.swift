import Foundation
import ResultQueries

/// Crossings along length of rows that differ in one x, and the power of x as which they grow.
struct CrossingLaw {
    /// Rows that differ in nothing but x and the replicate.
    struct Stratum: Hashable, Comparable {
        /// By which colours are chosen and strata are named.
        var scale: Int
        var size: Int
        var other: Int32

        static func < (a: Stratum, b: Stratum) -> Bool {
            (a.scale, a.size, a.other) < (b.scale, b.size, b.other)
        }
    }

    struct Row {
        var stratum: Stratum
        var replicate: Int32
        /// A logarithm.
        var x: Double
        var crossing: Crossing
        /// How a table leads the row.
        var cells: [ResultTable.Cell]
    }

    let rows: [Row]
    /// Nil where the rows do not determine it, or it explains nothing of what was measured.
    let law: PowerLaw?
    /// Whether there is a likeliest law, which explains nothing.
    let isBeside: Bool
    private let strata: [Stratum]

    init(_ rows: [Row]) {
        self.rows = rows
        let strata = Set(rows.map(\.stratum)).sorted()
        self.strata = strata
        let numbers = Dictionary(uniqueKeysWithValues: strata.enumerated().map { ($1, Int32($0)) })
        let found = PowerLaw(
            rows.compactMap { row in
                guard let value = row.crossing.value, let number = numbers[row.stratum] else { return nil }
                return PowerLaw.Row(stratum: number, replicate: row.replicate, x: row.x, value: value)
            })
        law = found.flatMap { $0.explains ? $0 : nil }
        isBeside = found != nil && law == nil
    }

    func count(_ kind: Crossing.Kind) -> Int { rows.count { $0.crossing.kind == kind } }
    /// Whether x, and what crosses, vary enough to speak of a law.
    var isOfSeveral: Bool { Set(rows.map(\.x)).count > 1 }

    /// The strata that the law rests on.
    var carrying: [Stratum] { law?.strata.map { strata[Int($0)] } ?? [] }

    /// The law's length at a row's x, with its interval.
    func length(of row: Row) -> (at: Double, interval: ConfidenceInterval?)? {
        guard let law, let place = strata.firstIndex(of: row.stratum),
            let at = law.logarithm(Int32(place), x: row.x)
        else { return nil }
        return (exp(at), law.interval(Int32(place), x: row.x)?.mapped(exp))
    }

    // MARK: In words

    /// "N^1.02 (95 % interval 0.9 to 1.1, from 12 of 15 rows; claimed: …)"; nil without a law.
    func words(of x: String, beside claim: PowerLaw.Claim?) -> String? {
        law.map { law in
            let (value, interval) = law.words
            return "\(x)^\(value) (\(interval), from \(law.rows) of \(rows.count) rows"
                + (claim.map { "; " + law.words(beside: $0) } ?? "") + ")"
        }
    }

    /// Why there is no law, as what follows "not determined:"; empty where there is one.
    func wantingWords(of x: String) -> String {
        if law != nil { return "" }
        return isBeside
            ? "the best fit lies beside what was measured, by more than this scatters"
            : "an exponent of \(x) needs \(PowerLaw.fewestRows) rows in which it does, of two \(x) at least"
    }

    /// Where the crossings of all rows lie.
    var rowWords: String {
        let others: [(Crossing.Kind, String)] = [
            (.before, "near the shortest or before"), (.beyond, "beyond the longest"), (.never, "nowhere"),
            (.against, "the other way"),
        ]
        return "within the lengths swept in \(count(.at)) of \(rows.count) rows"
            + others.filter { count($0.0) > 0 }.map { ", \($0.1) in \(count($0.0))" }.joined()
    }

    // MARK: Drawn

    /// A series for each scale and size among the strata, in the unit of lengths.
    func series(title: (Stratum) -> String, x: String, x number: (Double) -> String) -> [LawDrawing.Series] {
        struct Colour: Hashable {
            var scale: Int
            var size: Int
        }
        return Dictionary(grouping: rows) { Colour(scale: $0.stratum.scale, size: $0.stratum.size) }
            .sorted { ($0.key.scale, $0.key.size) < ($1.key.scale, $1.key.size) }.compactMap { _, rows in
                guard let first = rows.first else { return nil }
                let name = title(first.stratum)
                let marks = rows.compactMap { row -> LawDrawing.Mark? in
                    let (kind, at): (LawDrawing.Kind, Double)
                    switch row.crossing {
                    case .at(let place): (kind, at) = (.at, place)
                    case .before(let bound): (kind, at) = (.below, bound)
                    case .beyond(let bound): (kind, at) = (.above, bound)
                    case .never, .against: return nil
                    }
                    let text =
                        "\(name), \(x) \(number(exp(row.x))): \(kind == .at ? "" : kind.rawValue + " ")"
                        + ResultTable.format(exp(at).rounded())
                    return LawDrawing.Mark(kind: kind, x: exp(row.x), y: exp(at), text: text)
                }
                return LawDrawing.Series(title: name, marks: marks, lines: lines(rows))
            }
    }

    /// The law's lines, each from the first x to the last at which a crossing was measured.
    private func lines(_ rows: [Row]) -> [[(x: Double, y: Double, interval: ConfidenceInterval?)]] {
        Dictionary(grouping: rows, by: \.stratum).sorted { $0.key < $1.key }.compactMap { _, rows in
            let known = rows.filter { $0.crossing.kind == .at }.map(\.x)
            guard let first = known.min(), let last = known.max(), first < last else { return nil }
            let shown = Dictionary(grouping: rows.filter { (first...last).contains($0.x) }, by: \.x)
            return shown.sorted { $0.key < $1.key }.compactMap { x, rows in
                rows.first.flatMap { length(of: $0) }.map { (exp(x), $0.at, $0.interval) }
            }
        }.filter { !$0.isEmpty }
    }
}
