import Foundation
import ResultQueries

/// Where on the map networks memorize, generalize, are trained too short or too long.
package struct PhaseMap {
    package enum Phase: String, Hashable, Sendable, CaseIterable {
        /// The network is worse than the source's Gaussian denoiser on the very images it was trained on.
        case undertrained
        /// It is better than that denoiser on them and worse on held-out images, without copying.
        case overfitted
        /// It is better on both, without copying.
        case generalizing
        /// It does not copy; a gain that would tell more was not measured at both noise levels.
        case notMemorizing = "not memorizing"
        /// At least half of the samples are copies of training images.
        case memorizing

        /// By the share of copied samples and the gains, at the worse of the two noise levels, on held-out and on training
        /// images; nil where one of these was not measured.
        package init(copied: Double, gain: Double?, trainingGain: Double?) {
            if copied >= 0.5 {
                self = .memorizing
            } else if let trainingGain, trainingGain < 0 {
                self = .undertrained
            } else if trainingGain != nil, let gain {
                self = gain < 0 ? .overfitted : .generalizing
            } else {
                self = .notMemorizing
            }
        }

        /// Colours that people of every colour vision tell apart (Okabe & Ito), lightened to be written on.
        package var colour: String {
            switch self {
            case .undertrained: "#c9c9c9"
            case .overfitted: "#f2e58a"
            case .generalizing: "#8cc8ea"
            case .notMemorizing: "#dce9f2"
            case .memorizing: "#f0a86a"
            }
        }
    }

    struct Cell {
        var point: GridPoint
        var copied: Average
        var copyAUC: Average?
        /// The gains on held-out and on training images, at the worse of the two noise levels; nil where one of these was
        /// not measured.
        var gain: Double?
        var trainingGain: Double?

        var phase: Phase { Phase(copied: copied.mean, gain: gain, trainingGain: trainingGain) }
    }

    /// Where a quantity passes a level between dataset sizes, by row of the map.
    struct Crossing {
        var scale: Int
        var length: Double
        /// The dataset size, averaged over all replicates; nil where for one of them it lies outside of the sizes swept.
        var size: Double?
        var interval: ConfidenceInterval?
        /// The basis of the interval in words.
        var basis: String
        /// Replicates of all places: those in which the size lies inside, all of them, and those in which it does not but
        /// which were not measured at every size.
        var lines: (inside: Int, all: Int, incomplete: Int)
    }

    let points: SweepPoints
    let cells: [Cell]
    /// Why there are no cells, where there are none.
    let wanting: FigureAbsence
    /// copied = ½, by logistic fits.
    let copiedHalf: [Crossing]
    /// copy_auc = 0.95 (`nearness`), on the line between neighbouring sizes neither of which is undertrained.
    let copyAUC: [Crossing]

    init(_ points: SweepPoints) throws {
        self.points = points
        wanting = try points.wanting("memorization", "copied")
        let copied = try points.all("memorization", "copied")
        let chances = try points.all("memorization", "copy_auc")
        let gains = Self.atTheWorse(try points.all("denoising", "wiener_gain_db"))
        let trainingGains = Self.atTheWorse(try points.all("denoising", "training_gain_db"))
        let areas = chances.averages
        let cells = copied.averages.sorted { $0.key < $1.key }.map { place, average in
            Cell(
                point: place, copied: average, copyAUC: areas[place], gain: gains[place],
                trainingGain: trainingGains[place])
        }
        self.cells = cells
        copiedHalf = Self.crossings(copied, points) { row in
            Self.half(row.map { (Double($0.point.size), $0.value, Double($0.n ?? 256)) })
        }
        let undertrained = Set(cells.filter { $0.phase == .undertrained }.map(\.point))
        copyAUC = Self.crossings(chances, points) { row in
            let sorted = row.sorted { $0.point.size < $1.point.size }
            guard let crossing = Self.fall(sorted.map { (Double($0.point.size), $0.value) }, below: Self.nearness),
                ![sorted[crossing.after - 1], sorted[crossing.after]].contains(where: {
                    undertrained.contains($0.point)
                })
            else { return nil }
            return crossing.at
        }
    }

    /// The copy_auc of the contour.
    static let nearness = 0.95

    /// Where values at ascending sizes fall below a level and stay there, on the line between two neighbours over the
    /// logarithm of the size. `at` is that logarithm, `after` the second neighbour; nil where all values are below the
    /// level, or the last is not.
    static func fall(_ values: [(size: Double, value: Double)], below level: Double) -> (at: Double, after: Int)? {
        guard let last = values.lastIndex(where: { $0.value >= level }), last + 1 < values.count else { return nil }
        let (low, high) = (values[last], values[last + 1])
        let (x, y) = (log(low.size), log(high.size))
        return (x + (low.value - level) / (low.value - high.value) * (y - x), last + 1)
    }

    /// The logarithm of the size at which a logistic curve through shares of n samples passes ½; nil where there is none.
    static func half(_ shares: [(size: Double, share: Double, n: Double)]) -> Double? {
        guard case .at(let middle) = BoundaryLaw.boundary(shares) else { return nil }
        return middle
    }

    /// The noise levels at which gains are looked at, as they were measured; fewer than two where one was not.
    package static func levels(among sigmas: [Double]) -> [Double] {
        [0.5, 1.5].compactMap { level in
            sigmas.min { abs(log($0 / level)) < abs(log($1 / level)) }.flatMap {
                abs(log($0 / level)) < 0.15 ? $0 : nil
            }
        }
    }

    /// For each point of the map, the mean over its places of the smaller of their means at σ ≈ 0.5 and 1.5; none where a
    /// place lacks one of these levels, at which it might be worse.
    private static func atTheWorse(_ gains: [PlacedValue]) -> [GridPoint: Double] {
        let levels = levels(among: gains.compactMap(\.sigma))
        return Dictionary(grouping: gains, by: \.point).compactMapValues { gains in
            let worse = Dictionary(grouping: gains, by: \.place).map { _, gains -> Double? in
                let means = levels.compactMap { level in gains.filter { $0.sigma == level }.average?.mean }
                return means.count == 2 ? means.min() : nil
            }
            let known = worse.compactMap(\.self)
            return known.count == worse.count ? known.sorted().mean : nil
        }
    }

    /// The crossing of each row of the map. `find` gives it, as a logarithm of the size, for one replicate of one place.
    private static func crossings(
        _ values: [PlacedValue], _ points: SweepPoints, _ find: ([PlacedValue]) -> Double?
    ) -> [Crossing] {
        struct Row: Hashable {
            var scale: Int
            var length: Double
        }
        let rows = Dictionary(grouping: values) { Row(scale: $0.point.scale, length: $0.point.length) }
        return rows.sorted { ($0.key.scale, $0.key.length) < ($1.key.scale, $1.key.length) }.map { row, values in
            let sizes = Set(values.map(\.point.size)).count
            let lines = Dictionary(grouping: values, by: points.line(of:)).map { line, values in
                (line: line, at: find(values), isWhole: Set(values.map(\.point.size)).count == sizes)
            }.sorted { ($0.line.other, $0.line.replicate) < ($1.line.other, $1.line.replicate) }
            let inside = lines.compactMap { line in line.at.map { (other: line.line.other, at: $0) } }
            let places = Dictionary(grouping: inside, by: \.other).sorted { $0.key < $1.key }
            let average =
                inside.count == lines.count
                ? Average(places.map { $0.value.map { Replicate($0.at) } }, areShares: false) : nil
            return Crossing(
                scale: row.scale, length: row.length, size: average.map { exp($0.mean) },
                interval: average?.interval?.mapped(exp), basis: average?.basisWords ?? "",
                lines: (inside.count, lines.count, lines.count { $0.at == nil && !$0.isWhole }))
        }
    }

    /// How many places are in each phase, and where copying ends.
    var sentences: [String] {
        guard !cells.isEmpty else { return [] }
        let counts = Phase.allCases.map { phase in (phase, cells.count { $0.phase == phase }) }.filter { $0.1 > 0 }
        var first =
            "Of \(cells.count) place\(cells.count == 1 ? "" : "s") on the map "
            + counts.map { "\($0.1) \($0.1 == 1 ? "is" : "are") \($0.0.rawValue)" }.joined(separator: ", ") + "."
        if let missing = missingWords { first += " " + missing }
        var sentences = [first]
        for crossing in copiedHalf
        where crossing.length == copiedHalf.filter({ $0.scale == crossing.scale }).map(\.length).max() {
            guard let size = crossing.size else {
                guard crossing.lines.inside > 0 else { continue }
                let incomplete = crossing.lines.incomplete
                sentences.append(
                    "\(words(of: crossing)) copying ends within the sizes "
                        + "swept in \(crossing.lines.inside) of \(crossing.lines.all) replicates only"
                        + (incomplete > 0 ? " (\(incomplete) of the others not measured at every size)" : "")
                        + ": the size at which half of the samples are copies is not determined.")
                continue
            }
            let interval = crossing.interval.map {
                " (95 % interval \(ResultTable.format($0.low.rounded())) to \(ResultTable.format($0.high.rounded())) over "
                    + "\(crossing.basis))"
            }
            sentences.append(
                "\(words(of: crossing)) half of the samples are copies at "
                    + "N = \(ResultTable.format(size.rounded()))"
                    + "\(interval ?? (crossing.lines.all == 1 ? ", from one training a size" : "")).")
        }
        return sentences
    }

    /// The row of the map on which a crossing lies.
    private func words(of crossing: Crossing) -> String {
        (crossing.scale > 0 ? "At scale \(crossing.scale) after " : "After ") + points.lengthWords(crossing.length)
    }

    /// Why phases are not told apart; nil where they are.
    var missingWords: String? { Self.missingWords(of: cells) }

    /// The same of some cells.
    static func missingWords(of cells: [Cell]) -> String? {
        let count = cells.count { $0.phase == .notMemorizing }
        guard count > 0 else { return nil }
        let wanting = cells.contains { $0.phase == .notMemorizing && $0.trainingGain == nil }
        return "Of \(count == cells.count ? "these" : "\(count)") no more is told, for want of "
            + "\(wanting ? "training_gain_db" : "wiener_gain_db") of the measure denoising at σ ≈ 0.5 and 1.5."
    }
}
