import ResultQueries

extension SweepPoints {
    /// Lines over the first axis of `order` that varies, a panel for each part and each value of what is left over.
    private func panelsAcross(
        _ order: [Spread.Axis], _ parts: [(title: String, values: [PlacedValue])]
    ) -> (axis: CurveFigure.Axis, column: String, panels: [CurveFigure.Panel]) {
        let spread = Spread(
            self, Set(parts.flatMap(\.values).map(\.point)), fixedPanels: false, order: order, isAcross: true)
        let across = spread.across ?? .length
        let shown = spread.panelValues(3)
        let panels = shown.flatMap { panel in
            let places = spread.places(in: panel)
            // One place of each line.
            let heads = places.indices.filter { index in
                index == 0 || Spread.value(spread.lines, places[index]) != Spread.value(spread.lines, places[index - 1])
            }.map { places[$0] }
            return parts.map { part in
                let lines = heads.map { head in
                    let own = part.values.filter { value in
                        places.contains(value.point)
                            && Spread.value(spread.lines, value.point) == Spread.value(spread.lines, head)
                    }
                    return CurveFigure.Line(
                        title: spread.label(spread.lines, head), shade: spread.shade(head),
                        points: Self.points(own) { Spread.value(across, $0.point) })
                }
                let place = spread.title(of: panel)
                return CurveFigure.Panel(
                    title: part.title + (spread.panels == nil || place.isEmpty ? "" : ", \(place)"), lines: lines,
                    place: spread.panels == nil ? place : "", among: spread.chosen(shown.count))
            }
        }
        let axis: CurveFigure.Axis =
            switch across {
            case .length: .init(label: lengthAxis, base: 10)
            case .size: .init(label: Self.sizeAxis, base: 2)
            case .scale: .init(label: "model scale", base: 2)
            }
        let column = across == .length ? lengthUnit : across == .size ? "dataset_size" : "model_scale"
        return (axis, column, panels)
    }

    /// The training's loss on held-out and on training images.
    func heldOutLossFigure() throws -> CurveFigure {
        let parts = try [
            ("held-out images", "loss", "loss_held_out"), ("training images", "loss", "loss_training"),
            ("held-out images, raw weights", "raw-loss", "loss_raw_held_out"),
            ("training images, raw weights", "raw-loss", "loss_raw_training"),
        ].map { (title: $0.0, values: try all($0.1, $0.2)) }.filter { !$0.values.isEmpty }
        let found = panelsAcross([.length, .size, .scale], parts)
        return figure(
            .loss, "Loss on held-out and on training images", x: found.axis,
            y: .init(label: "loss, weighted as in training", base: 10), columns: (found.column, "loss"),
            caption:
                "Noise levels and weights are the training's own, and the same for both kinds of images. Weights are averaged "
                + "ones where nothing else is said.",
            wanting: try wanting("loss", "loss_held_out"), panels: found.panels)
    }

    /// For each scale at its longest training, how many times the loss on training images that on held-out ones is, with the
    /// smallest dataset and the largest.
    func heldOutLossSentences() throws -> [String] {
        let seen = try all("loss", "loss_training").averages
        let unseen = try all("loss", "loss_held_out").averages
        return longestLines(of: seen.keys).compactMap { line in
            let findings = line.compactMap { place in
                seen[place].flatMap { own in unseen[place].map { ($0.mean / own.mean, place) } }
            }.filter { $0.0.isFinite }.map { ratio, place in
                "\(ResultTable.format((100 * ratio).rounded() / 100)) times that on training images at N = \(place.size)"
            }
            guard let first = findings.first, let last = findings.last, let place = line.first else { return nil }
            return "\(trainedWords(place)) the loss on held-out images is \(first)"
                + (findings.count > 1 ? ", and \(last)." : ".")
        }
    }

    /// The places of each scale at its longest training, by dataset size.
    func longestLines(of places: some Sequence<GridPoint>) -> [[GridPoint]] {
        Dictionary(grouping: places, by: \.scale).sorted { $0.key < $1.key }.map { _, places in
            let longest = places.map(\.length).max()
            return places.filter { $0.length == longest }.sorted()
        }
    }

    /// How a sentence on a scale's longest training begins.
    func trainedWords(_ place: GridPoint) -> String {
        "After \(lengthWords(place.length))\(place.scale > 0 ? " at scale \(place.scale)" : "")"
    }
}
