import ResultQueries

extension SweepPoints {
    /// The most parts into which the training images of one network are divided.
    private static let mostParts = 8

    /// Copies of a training image by its distance from all others: whether rare images are copied more (Merger & Goldt 2026).
    func copiesFigure() throws -> CurveFigure {
        let values = try copiesBySparsity()
        var panels = panels(values, references: [], of: "") { value in
            value.position.map { (Double($0) + 0.5) / Double(value.n ?? 1) }
        }
        let ends = panels.flatMap(\.lines).flatMap(\.points).map(\.x).sorted()
        for index in panels.indices {
            panels[index].lines.append(
                CurveFigure.Line(
                    title: "all alike", shade: nil, isReference: true,
                    points: [ends.first, ends.last].compactMap(\.self).compactMap { .init(x: $0, value: 1) }))
        }
        return figure(
            .copies, "Copies of training images by their distance from others",
            x: .init(label: "share of training images that are nearer to another", low: 0, high: 1),
            y: .init(label: "copies of an image, over the mean", low: 0), columns: ("nearer", "copies"),
            caption:
                "Images are ordered by the distance to the nearest other one, and divided into parts of equal number.",
            wanting: try wanting("copies", "copies"), panels: values.isEmpty ? [] : panels)
    }

    /// For each network that copies, the mean number of copies of the images of each part, over that of all; `position` is the
    /// part's number out of `n`.
    private func copiesBySparsity() throws -> [PlacedValue] {
        let apart = Dictionary(grouping: try all("copies", "nearest_other"), by: \.trial)
        let copies = Dictionary(grouping: try all("copies", "copies"), by: \.trial)
        return copies.sorted { $0.key < $1.key }.flatMap { trial, copies -> [PlacedValue] in
            let distances = Dictionary(
                (apart[trial] ?? []).map { ($0.position, $0.value) }, uniquingKeysWith: { first, _ in first })
            let ordered = copies.compactMap { value in distances[value.position].map { (distance: $0, value: value) } }
                .sorted { ($0.distance, $0.value.position ?? 0) < ($1.distance, $1.value.position ?? 0) }.map(\.value)
            let mean = ordered.reduce(0) { $0 + $1.value } / Double(ordered.count)
            guard ordered.count > 1, mean > 0 else { return [] }
            let parts = min(Self.mostParts, ordered.count)
            return (0..<parts).map { part in
                let images = ordered[part * ordered.count / parts..<(part + 1) * ordered.count / parts]
                var value = images[images.startIndex]
                (value.position, value.n) = (part, parts)
                value.value = images.reduce(0) { $0 + $1.value } / Double(images.count) / mean
                return value
            }
        }
    }

    /// For each scale at its longest training, what share of its training images is copied, how that goes with their distance
    /// from others, and what share of samples is spurious, with the smallest dataset and the largest.
    func copiesSentences() throws -> [String] {
        let copied = try all("copies", "copied_images").averages
        let correlations = try all("copies", "copies_sparsity").averages
        let spurious = try all("copies", "spurious").averages
        return longestLines(of: copied.keys).compactMap { line in
            func finding(_ place: GridPoint) -> String? {
                guard let share = copied[place]?.mean else { return nil }
                let more = [
                    correlations[place].map { "correlation of copies and rarity \(Self.rounded($0.mean))" },
                    spurious[place].map { "\(Self.percent($0.mean)) of samples spurious" },
                ].compactMap(\.self)
                return "\(Self.percent(share)) of N = \(place.size) training images are copied"
                    + (more.isEmpty ? "" : " (\(more.joined(separator: ", ")))")
            }
            guard let first = line.first, let last = line.last else { return nil }
            let findings = [finding(first), last == first ? nil : finding(last)].compactMap(\.self)
            return "\(trainedWords(first)) \(findings.joined(separator: "; "))."
        }
    }

    private static func rounded(_ value: Double) -> String { ResultTable.format((100 * value).rounded() / 100) }

    private static func percent(_ share: Double) -> String { "\(ResultTable.format((1000 * share).rounded() / 10)) %" }
}
