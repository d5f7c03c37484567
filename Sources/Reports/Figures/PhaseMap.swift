import Foundation
import ResultQueries

/// Where on the map networks are undertrained, generalize and memorize.
struct PhaseMap {
    enum Phase: String, Hashable, CaseIterable {
        /// Worse than the Gaussian denoiser of the whole source on held-out images, at σ = 0.5 or 1.5.
        case undertrained
        /// Neither.
        case generalizing
        /// At least half of the samples are copies of training images.
        case memorizing
    }

    struct Cell: Hashable {
        var point: GridPoint
        /// Over seeds.
        var copied: [Double]
        var copyAUC: [Double]
        /// The worse of the two noise levels, by seed; empty where nothing was measured.
        var gain: [Double]

        var phase: Phase {
            if copied.mean >= 0.5 { return .memorizing }
            if let gain = gain.isEmpty ? nil : gain.mean, gain < 0 { return .undertrained }
            return .generalizing
        }
    }

    /// Where a quantity passes a level between dataset sizes, by row of the map.
    struct Crossing {
        var scale: Int
        var length: Double
        /// A dataset size; nil where it lies outside of those swept, or in a single seed does.
        var size: Double?
        var interval: ConfidenceInterval?
        /// Seeds in which it lies inside, of all.
        var seeds: (inside: Int, all: Int)
    }

    let points: SweepPoints
    let cells: [Cell]
    /// Whether undertrained networks could be told from others.
    let knowsGain: Bool
    /// copied = ½, by logistic fits.
    let copiedHalf: [Crossing]
    /// copy_auc = 0.95, on the line between neighbouring sizes.
    let copyAUC: [Crossing]

    init(_ points: SweepPoints) throws {
        self.points = points
        let copied = try points.all("memorization", "copied")
        let chances = try points.all("memorization", "copy_auc")
        let gains = try points.all("denoising", "wiener_gain_db")
        knowsGain = !gains.isEmpty
        var bySeed = [GridPoint: [Int: Double]]()
        for level in [0.5, 1.5] {
            let sigmas = Set(gains.compactMap(\.sigma))
            guard let nearest = sigmas.min(by: { abs(log($0 / level)) < abs(log($1 / level)) }),
                abs(log(nearest / level)) < 0.15
            else { continue }
            for gain in gains where gain.sigma == nearest {
                let known = bySeed[gain.point]?[gain.seed] ?? .infinity
                bySeed[gain.point, default: [:]][gain.seed] = min(known, gain.value)
            }
        }
        let shares = Dictionary(grouping: copied, by: \.point)
        let areas = Dictionary(grouping: chances, by: \.point)
        cells = shares.keys.sorted().map { place in
            Cell(
                point: place, copied: shares[place, default: []].map(\.value),
                copyAUC: areas[place, default: []].map(\.value),
                gain: bySeed[place].map { $0.sorted { $0.key < $1.key }.map(\.value) } ?? [])
        }
        copiedHalf = Self.crossings(copied) { row in
            let sizes = row.map { (x: log(Double($0.point.size)), share: $0.value, n: Double($0.n ?? 256)) }
            guard sizes.contains(where: { $0.share >= 0.5 }), sizes.contains(where: { $0.share < 0.5 }),
                let fit = LogisticFit(sizes), fit.slope < 0
            else { return nil }
            return fit.middle
        }
        copyAUC = Self.crossings(chances) { row in
            let sorted = row.sorted { $0.point.size < $1.point.size }
            for (low, high) in zip(sorted, sorted.dropFirst()) where low.value >= 0.95 && high.value < 0.95 {
                let (x, y) = (log(Double(low.point.size)), log(Double(high.point.size)))
                return x + (low.value - 0.95) / (low.value - high.value) * (y - x)
            }
            return nil
        }
    }

    /// Row by row of the map, over seeds: in logarithms of the size.
    private static func crossings(_ values: [PlacedValue], _ find: ([PlacedValue]) -> Double?) -> [Crossing] {
        struct Row: Hashable {
            var scale: Int
            var length: Double
        }
        let rows = Dictionary(grouping: values) { Row(scale: $0.point.scale, length: $0.point.length) }
        return rows.sorted { ($0.key.scale, $0.key.length) < ($1.key.scale, $1.key.length) }.map { row, values in
            let seeds = Dictionary(grouping: values, by: \.seed).sorted { $0.key < $1.key }
            let found = seeds.compactMap { find($0.value) }
            let isInside = found.count == seeds.count && !found.isEmpty
            let interval = isInside ? ConfidenceInterval(ofTheMeanOf: found)?.mapped(exp) : nil
            return Crossing(
                scale: row.scale, length: row.length, size: isInside ? exp(found.mean) : nil, interval: interval,
                seeds: (found.count, seeds.count))
        }
    }

    /// How many places are in each phase, and where copying ends.
    var sentences: [String] {
        guard !cells.isEmpty else { return [] }
        let counts = Phase.allCases.map { phase in (phase, cells.count { $0.phase == phase }) }.filter { $0.1 > 0 }
        var first =
            "Of \(cells.count) places on the map "
            + counts.map { "\($0.1) \($0.1 == 1 ? "is" : "are") \($0.0.rawValue)" }.joined(separator: ", ") + "."
        if !knowsGain { first += " Undertrained ones are not told apart: the sweep has no measure denoising." }
        var sentences = [first]
        for crossing in copiedHalf
        where crossing.length == copiedHalf.filter({ $0.scale == crossing.scale }).map(\.length).max() {
            guard let size = crossing.size else { continue }
            let interval = crossing.interval.map {
                " (95 % interval \(ResultTable.format($0.low.rounded())) to \(ResultTable.format($0.high.rounded())) over "
                    + "\(crossing.seeds.all) seeds)"
            }
            sentences.append(
                "At scale \(crossing.scale) after \(points.lengthLabel(crossing.length)) half of the samples are copies at "
                    + "\(ResultTable.format(size.rounded())) training images\(interval ?? ", from one seed").")
        }
        return sentences
    }
}
