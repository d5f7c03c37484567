import Foundation

/// The axis over which a figure's lines spread, and the one over which its panels do; the one that runs across it, where that
/// is one of the map's.
struct Spread {
    enum Axis { case size, scale, length }

    let points: SweepPoints
    let places: [GridPoint]
    /// What its horizontal axis is; nil where that is no axis of the map.
    let across: Axis?
    let lines: Axis
    let panels: Axis?

    /// Of dataset size, model scale and length, or in another `order`, lines spread over the first that varies and panels over
    /// the second; where the first runs across the figure, lines and panels over the next ones. A scale
    /// or size that is left over is held at the value with most places, the largest of several; a length at the longest of
    /// each scale and size.
    init(
        _ points: SweepPoints, _ places: Set<GridPoint>, fixedPanels: Bool, order: [Axis] = [.size, .scale, .length],
        isAcross: Bool = false
    ) {
        self.points = points
        var varying = order.filter { axis in Set(places.map { Self.value(axis, $0) }).count > 1 }
        let across = isAcross ? varying.first ?? order[0] : nil
        varying.removeAll { $0 == across }
        let lines = varying.first ?? order.first { $0 != across } ?? .size
        let panels = fixedPanels ? nil : varying.dropFirst().first
        (self.across, self.lines, self.panels) = (across, lines, panels)
        func isFree(_ axis: Axis) -> Bool { axis == lines || axis == panels || axis == across }
        func fullest(_ value: (GridPoint) -> Int) -> Int? {
            Dictionary(grouping: places, by: value).max { ($0.value.count, $0.key) < ($1.value.count, $1.key) }?.key
        }
        let (scale, size) = (fullest(\.scale), fullest(\.size))
        var kept = places.filter { (isFree(.scale) || $0.scale == scale) && (isFree(.size) || $0.size == size) }
        if !isFree(.length) {
            // The longest of each scale and size, which need not be the longest of all.
            kept = kept.filter { place in
                !kept.contains { $0.scale == place.scale && $0.size == place.size && $0.length > place.length }
            }
        }
        self.places = kept.sorted()
    }

    static func value(_ axis: Axis, _ place: GridPoint) -> Double {
        switch axis {
        case .size: Double(place.size)
        case .scale: Double(place.scale)
        case .length: place.length
        }
    }

    func label(_ axis: Axis, _ place: GridPoint) -> String {
        switch axis {
        case .size: "N = \(place.size)"
        case .scale: "scale \(place.scale)"
        case .length: points.lengthLabel(place.length)
        }
    }

    /// A place's shade by its value on the lines' axis, on a logarithmic scale.
    func shade(_ place: GridPoint) -> Double {
        let all = places.map { Self.value(lines, $0) }
        guard let low = all.min(), let high = all.max(), high > low, low > 0 else { return 0.25 }
        return log(Self.value(lines, place) / low) / log(high / low)
    }

    /// The values of panels: all, or so many spread over them.
    func panelValues(_ most: Int = 6) -> [Double] {
        guard let panels else { return [0] }
        let all = Set(places.map { Self.value(panels, $0) }).sorted()
        guard all.count > most else { return all }
        return (0..<most).map { all[$0 * (all.count - 1) / (most - 1)] }
    }

    /// So many values of the panels' axis are shown; nil where these are all.
    func chosen(_ shown: Int) -> CurveFigure.Chosen? {
        guard let panels else { return nil }
        let count = Set(places.map { Self.value(panels, $0) }).count
        let things =
            switch panels {
            case .size: "dataset sizes"
            case .scale: "scales"
            case .length: "lengths"
            }
        return CurveFigure.Chosen(shown, of: count, things)
    }

    func places(in panel: Double) -> [GridPoint] {
        places.filter { place in panels.map { Self.value($0, place) == panel } ?? true }
            .sorted { Self.value(lines, $0) < Self.value(lines, $1) }
    }

    /// What all places of a panel share.
    func title(of panel: Double) -> String {
        let inPanel = places(in: panel)
        guard let first = inPanel.first else { return "" }
        var parts = [String]()
        if lines != .scale, across != .scale, first.scale > 0 { parts.append("scale \(first.scale)") }
        if lines != .size, Set(inPanel.map(\.size)).count == 1 { parts.append("N = \(first.size)") }
        if lines != .length, across != .length, let longest = inPanel.map(\.length).max() {
            parts.append(points.lengthLabel(longest))
        }
        return parts.joined(separator: ", ")
    }
}
