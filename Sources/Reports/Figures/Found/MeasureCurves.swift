import Foundation
import ResultQueries

extension SweepPoints {
    static func grouped(
        _ values: [PlacedValue], x: (PlacedValue) -> Double?
    ) -> [GridPoint: [CurveFigure.Point]] {
        Dictionary(grouping: values, by: \.point).mapValues { points($0, x: x) }
    }

    /// The mean of the values at each x, ascending.
    static func points(_ values: [PlacedValue], x: (PlacedValue) -> Double?) -> [CurveFigure.Point] {
        Dictionary(grouping: values, by: x).compactMap { x, values in
            guard let x, let y = values.average else { return nil }
            return CurveFigure.Point(x: x, y: y)
        }.sorted { $0.x < $1.x }
    }

    static let sigmaAxis = CurveFigure.Axis(label: "noise level σ (pixels in [−1, 1])", base: 10)

    func figure(
        _ name: FigureName, _ title: String, x: CurveFigure.Axis, y: CurveFigure.Axis, columns: (x: String, y: String),
        caption rest: String, wanting: FigureAbsence, panels: [CurveFigure.Panel], compared: Set<String> = []
    ) -> CurveFigure {
        let shared = Set(panels.map(\.place))
        let isSaid = shared.count == 1 && shared != [""]
        var rest = (isSaid ? "At \(shared.joined()). " : "") + rest
        rest += panels.first?.among?.words ?? ""
        let hasBands = panels.contains { panel in
            panel.lines.contains { !$0.isReference && $0.points.contains { $0.y.interval != nil } }
        }
        if hasBands { rest += intervalWords("Bands", compared: compared) }
        return CurveFigure(
            name: name, title: title, x: x, y: y, panels: panels,
            caption: caption(rest, compared: compared), columns: columns, wanting: wanting)
    }

    /// A panel for each value of an axis of the grid.
    func panels(
        _ values: [PlacedValue], references: [PlacedValue], of what: String,
        order: [Spread.Axis] = [.size, .scale, .length], x: (PlacedValue) -> Double? = { $0.sigma }
    ) -> [CurveFigure.Panel] {
        let spread = Spread(self, Set(values.map(\.point)), fixedPanels: false, order: order)
        let curves = Self.grouped(values, x: x)
        let others = Self.grouped(references, x: x)
        let shown = spread.panelValues()
        return shown.map { panel in
            let places = spread.places(in: panel)
            var lines = places.map { place in
                CurveFigure.Line(
                    title: spread.label(spread.lines, place), shade: spread.shade(place), points: curves[place] ?? [])
            }
            for (index, place) in places.enumerated() {
                lines.append(
                    CurveFigure.Line(
                        title: index == 0 && !what.isEmpty ? what : "", shade: spread.shade(place), isReference: true,
                        points: others[place] ?? []))
            }
            return CurveFigure.Panel(
                title: spread.title(of: panel), lines: lines, among: spread.chosen(shown.count))
        }
    }

    /// A panel for each of several quantities, of the same places.
    func panels(
        _ parts: [(title: String, values: [PlacedValue], references: [CurveFigure.Line])], x: (PlacedValue) -> Double?
    ) -> [CurveFigure.Panel] {
        let spread = Spread(self, Set(parts.flatMap(\.values).map(\.point)), fixedPanels: true)
        return parts.filter { !$0.values.isEmpty }.map { part in
            let curves = Self.grouped(part.values, x: x)
            let lines = spread.places.sorted { Spread.value(spread.lines, $0) < Spread.value(spread.lines, $1) }.map {
                CurveFigure.Line(
                    title: spread.label(spread.lines, $0), shade: spread.shade($0), points: curves[$0] ?? [])
            }
            return CurveFigure.Panel(
                title: part.title, lines: lines + part.references, place: spread.title(of: 0))
        }
    }

    func linearityFigure() throws -> CurveFigure {
        figure(
            .linearity, "Linearity by noise level", x: Self.sigmaAxis,
            y: .init(label: "linearity LS (|cosine|)", high: 1.005),
            columns: ("sigma", "ls"),
            caption: "Dashed: the Gaussian denoiser of the same training images, which is affine, on the same inputs.",
            wanting: try wanting("linearity", "ls"),
            panels: panels(
                try all("linearity", "ls"), references: try all("linearity", "gaussian_ls"), of: "Gaussian"))
    }

    func gaussianDistanceFigure() throws -> CurveFigure {
        figure(
            .gaussianDistance, "Distance to the Gaussian denoiser by noise level", x: Self.sigmaAxis,
            y: .init(label: "RMSE (pixels in [−1, 1])", low: 0), columns: ("sigma", "rmse"),
            caption: "Between the network and the Gaussian denoiser of its own training images.",
            wanting: try wanting("gaussian-distance", "rmse"),
            panels: panels(try all("gaussian-distance", "rmse"), references: [], of: ""))
    }

    func distancesFigure() throws -> CurveFigure {
        let parts = [
            ("to the Gaussian denoiser", "network_gaussian"), ("to the multi-delta denoiser", "network_multi_delta"),
            ("to the fitted linear denoiser", "network_distilled"),
            ("to the whole source's Gaussian", "network_source_gaussian"),
        ]
        return figure(
            .distances, "Distance of the network to exact denoisers", x: Self.sigmaAxis,
            y: .init(label: "RMSE (pixels in [−1, 1])", low: 0), columns: ("sigma", "rmse"),
            caption: "On noised held-out images. Near the multi-delta denoiser a network returns its training images.",
            wanting: try wanting("distances", "rmse_network_gaussian"),
            panels: panels(try parts.map { ($0.0, try all("distances", "rmse_" + $0.1), []) }) { $0.sigma })
    }

    func psnrFigure() throws -> CurveFigure {
        let parts = [("images trained on", "psnr_training"), ("held-out images", "psnr_held_out")]
        func input(_ value: PlacedValue) -> Double? { value.sigma.map { -20 * log10($0 / 2) } }
        return figure(
            .psnr, "Denoising: PSNR out by PSNR in", x: .init(label: "PSNR of the noisy image (dB)"),
            y: .init(label: "PSNR of the denoised image (dB)"), columns: ("psnr_in", "psnr_out"),
            caption:
                "Dashed: no denoising; dotted: the Gaussian denoiser of all images but these. What separates the panels is what the "
                + "network knows of its training images.",
            wanting: try wanting("denoising", "psnr_held_out"),
            panels: panels(
                try parts.map { part in
                    let values = try all("denoising", part.1)
                    let inputs = values.compactMap(input)
                    let ends = [inputs.min(), inputs.max()].compactMap { $0 }
                    var references = [
                        CurveFigure.Line(
                            title: "identity", shade: nil, isReference: true,
                            points: ends.compactMap { .init(x: $0, value: $0) })
                    ]
                    if part.1 == "psnr_held_out" { references += try [gaussianPSNR(x: input)].compactMap(\.self) }
                    return (part.0, values, references)
                }, x: input))
    }

    /// The PSNR of held-out images by the Gaussian denoiser of all images but these; nil where it was not measured. It is a
    /// fact of the images, so that means over networks have no interval.
    private func gaussianPSNR(x: (PlacedValue) -> Double?) throws -> CurveFigure.Line? {
        var values = try all("denoising", "psnr_held_out_gaussian")
        if values.isEmpty { values = try gaussianPSNRByGain() }
        let found = Self.points(values, x: x).compactMap { CurveFigure.Point(x: $0.x, value: $0.y.mean) }
        guard !found.isEmpty else { return nil }
        return CurveFigure.Line(title: "Gaussian", shade: nil, isReference: true, isDotted: true, points: found)
    }

    /// The same from version 1 of the measure, where PSNR was pooled, as gains are: the network's PSNR less its gain is the
    /// Gaussian denoiser's.
    private func gaussianPSNRByGain() throws -> [PlacedValue] {
        struct Place: Hashable {
            var trial: Int
            var sigma: Double?
        }
        guard try all("denoising", "psnr_held_out_pooled").isEmpty else { return [] }
        let gains = Dictionary(
            try all("denoising", "wiener_gain_db").map { (Place(trial: $0.trial, sigma: $0.sigma), $0.value) },
            uniquingKeysWith: { first, _ in first })
        return try all("denoising", "psnr_held_out").compactMap { value in
            gains[Place(trial: value.trial, sigma: value.sigma)].map { gain in
                var less = value
                less.value -= gain
                return less
            }
        }
    }

    func jacobianFigure() throws -> CurveFigure {
        let values = try all("jacobian", "eigenvalue")
        let levels = Set(values.compactMap(\.sigma)).sorted(by: >)
        let sigmas = levels.prefix(6)
        let oracle = try all("jacobian", "oracle_shrinkage")
        let largest = oracle.map(\.point).max { ($0.size, $0.scale, $0.length) < ($1.size, $1.scale, $1.length) }
        func number(_ value: PlacedValue) -> Double? { value.position.map { Double($0 + 1) } }
        return figure(
            .jacobian, "Eigenvalues of the denoiser's derivative",
            x: .init(label: "number of the eigenvalue", base: 10),
            y: .init(label: "eigenvalue"), columns: ("k", "eigenvalue"),
            caption:
                "Eigenvalues are what directions of the image are multiplied by: 1 keeps, 0 removes. Dashed: what an "
                + "oracle that knows the clean image would, in the basis of most training images."
                + (CurveFigure.Chosen(sigmas.count, of: levels.count, "noise levels")?.words ?? ""),
            wanting: try wanting("jacobian", "eigenvalue"),
            panels: panels(
                sigmas.map { sigma in
                    let best = oracle.filter { $0.sigma == sigma && $0.point == largest }
                    let line = CurveFigure.Line(
                        title: "oracle", shade: nil, isReference: true,
                        points: largest.flatMap { Self.grouped(best, x: number)[$0] } ?? [])
                    return (
                        "σ = \(ResultTable.format(sigma))", values.filter { $0.sigma == sigma },
                        line.points.isEmpty ? [] : [line]
                    )
                }, x: number))
    }

    /// Fifty bins over [−1, 1]; a panel for each dataset size and for what the compared networks differ in, at the largest
    /// scale and longest training.
    func cosinesFigure() throws -> CurveFigure {
        struct Kind: Hashable {
            var difference: [String]
            var points: [GridPoint]
        }
        let parts = try [
            ("two networks", "cosine", 0.0), ("own training set", "cosine_training", 0.5),
            ("the two sets", "cosine_sets", 0.85),
        ].map { (title: $0.0, shade: $0.2, values: try all("agreement", $0.1 + "_histogram")) }
        let kinds = Set(parts.flatMap(\.values).map { Kind(difference: $0.difference, points: $0.points) })
        let differences = Set(kinds.map(\.difference)).sorted { $0.lexicographicallyPrecedes($1) }
        var sizes = 0
        let chosen = differences.flatMap { difference in
            let alike = kinds.filter { $0.difference == difference }
            let largest = Dictionary(grouping: alike) { $0.points.map(\.size) }.compactMap { _, kinds in
                kinds.max { $0.points.lexicographicallyPrecedes($1.points) }
            }.sorted { $0.points.map(\.size).lexicographicallyPrecedes($1.points.map(\.size)) }
            sizes += largest.count
            return largest.suffix(max(1, 6 / differences.count))
        }
        let left = CurveFigure.Chosen(
            chosen.count, of: sizes, differences.count > 1 ? "comparisons" : "dataset sizes")
        let panels = chosen.map { kind in
            let lines = parts.map { part in
                let values = part.values.filter { $0.difference == kind.difference && $0.points == kind.points }
                return CurveFigure.Line(
                    title: part.title, shade: part.shade,
                    points: Self.points(values) { -1 + (Double($0.position ?? 0) + 0.5) / 25 })
            }
            return CurveFigure.Panel(
                title: Self.sizes(kind.points)
                    + (kind.difference.isEmpty ? "" : ", other \(Self.words(kind.difference))"),
                lines: lines, place: placeWords(kind.points), among: left)
        }
        return figure(
            .cosines, "Cosines of images less their means", x: .init(label: "cosine", low: -1, high: 1),
            y: .init(label: "share of samples", low: 0), columns: ("cosine", "share"),
            caption:
                "Two networks: samples of one latent. Own training set: a sample and its nearest image. The two sets: nearest images.",
            wanting: try wanting("agreement", "cosine_histogram"),
            panels: panels, compared: Set(differences.joined()))
    }

    private static func sizes(_ points: [GridPoint]) -> String {
        let sizes = Set(points.map(\.size)).sorted()
        return sizes.count == 1
            ? "N = \(sizes[0]) each" : "N = " + sizes.map(String.init).joined(separator: " and ")
    }

    /// Keys without their section.
    static func words(_ keys: [String]) -> String {
        keys.map { $0.split(separator: ".").last.map(String.init) ?? $0 }.joined(separator: " and ")
    }

    private func placeWords(_ points: [GridPoint]) -> String {
        let scales = Set(points.map(\.scale)).filter { $0 > 0 }.sorted()
        let lengths = Set(points.map(\.length)).sorted()
        return (scales.isEmpty ? "" : "scale \(scales.map(String.init).joined(separator: " and ")), ")
            + "length \(lengths.map(lengthNumber).joined(separator: " and ")) \(lengthUnit)"
    }

    func lossFigure() throws -> CurveFigure {
        let losses = try losses()
        let scales = Set(losses.map(\.point.scale)).sorted()
        let sizes = Set(losses.map(\.point.size)).sorted()
        let left = CurveFigure.Chosen(min(6, scales.count), of: scales.count, "scales")
        let panels = scales.prefix(6).map { scale in
            CurveFigure.Panel(
                title: scale > 0 ? "scale \(scale)" : "",
                lines: sizes.map { size in
                    let line = losses.filter { $0.point.scale == scale && $0.point.size == size }
                    let low = Double(sizes.first ?? 1)
                    let high = Double(sizes.last ?? 1)
                    return CurveFigure.Line(
                        title: "N = \(size)", shade: high > low ? log(Double(size) / low) / log(high / low) : 0.25,
                        points: Self.points(line) { $0.point.length })
                }, among: left)
        }
        return figure(
            .trainingLoss, "Training loss", x: .init(label: lengthAxis, base: 10),
            y: .init(label: "training loss", base: 10),
            columns: (lengthUnit, "loss"), caption: "Every point is the mean since the point before.",
            wanting: "no worker has sent losses with its checkpoints", panels: losses.isEmpty ? [] : panels)
    }
}
