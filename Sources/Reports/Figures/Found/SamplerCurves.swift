import ResultQueries

extension SweepPoints {
    /// The part of the training images' variance that samples have, by principal component.
    func modesFigure() throws -> CurveFigure {
        figure(
            .modes, "Variance of samples along principal components",
            x: .init(label: "number of the component", base: 10),
            y: .init(label: "variance of samples over that of training images", base: 10), columns: ("k", "variance"),
            caption:
                "Components are those of the training images, from that of the largest variance on. Dashed: held-out images.",
            wanting: try wanting("modes", "mode_variance"),
            panels: panels(
                try all("modes", "mode_variance"), references: try all("modes", "mode_variance_held_out"),
                of: "held-out images", order: [.length, .size, .scale], x: { $0.position.map { Double($0 + 1) } }))
    }

    /// For each panel of the figure, along how many components samples have about the variance, in the first line and the last.
    /// Along those of the least variance untrained networks make far too much.
    static func modesSentences(_ figure: CurveFigure) -> [String] {
        figure.panels.compactMap { panel in
            let findings = panel.lines.filter { !$0.isReference && !$0.points.isEmpty }.map { line in
                "along \(line.points.count { (0.5...2).contains($0.y.mean) }) of \(line.points.count) (\(line.title))"
            }
            guard let first = findings.first, let last = findings.last else { return nil }
            let place = panel.title.isEmpty ? "Samples" : "At \(panel.title) samples"
            return "\(place) have between half and twice the training images' variance \(first)"
                + (findings.count > 1 ? " and \(last)" : "") + " of their principal components."
        }
    }

    /// The distance to the optimum where a network's own sampler leads it, beside noised images.
    func ownTrajectoryFigure() throws -> CurveFigure {
        let parts = [
            ("states of its own sampler", "rmse_own"), ("noised training images", "rmse_training"),
            ("noised held-out images", "rmse_held_out"),
        ]
        return figure(
            .ownTrajectory, "Distance of the network to the optimum for its training images", x: Self.sigmaAxis,
            y: .init(label: "RMSE (pixels in [−1, 1])", low: 0), columns: ("sigma", "rmse"),
            caption: "A network may be near the optimum at noised training images and far from it where it samples.",
            wanting: try wanting("own-trajectory", "rmse_own"),
            panels: panels(try parts.map { ($0.0, try all("own-trajectory", $0.1), []) }) { $0.sigma })
    }

    /// For each scale at its longest training, the three distances at the level where that of the sampler's states is most above
    /// that of noised training images, with the smallest dataset and the largest.
    func ownTrajectorySentences() throws -> [String] {
        let own = try values("own-trajectory", "rmse_own").mapValues(\.averages)
        let seen = try values("own-trajectory", "rmse_training").mapValues(\.averages)
        let unseen = try values("own-trajectory", "rmse_held_out").mapValues(\.averages)
        return longestLines(of: Set(own.values.flatMap(\.keys))).compactMap { line in
            func finding(_ place: GridPoint) -> String? {
                let levels = own.compactMap { level, found -> (sigma: Double, own: Double, seen: Double)? in
                    guard let level, let own = found[place]?.mean, let seen = seen[level]?[place]?.mean else {
                        return nil
                    }
                    return (level, own, seen)
                }
                guard let most = levels.max(by: { ($0.own - $0.seen, $0.sigma) < ($1.own - $1.seen, $1.sigma) }) else {
                    return nil
                }
                let far =
                    unseen[most.sigma]?[place].map { " and \(ResultTable.format($0.mean)) at held-out ones" } ?? ""
                return
                    "\(ResultTable.format(most.own)) at sigma \(ResultTable.format(most.sigma)) (N = \(place.size)), beside "
                    + "\(ResultTable.format(most.seen)) at noised training images\(far)"
            }
            guard let first = line.first, let last = line.last else { return nil }
            let findings = [finding(first), last == first ? nil : finding(last)].compactMap(\.self)
            guard !findings.isEmpty else { return nil }
            return "\(trainedWords(first)) the network's distance to the optimum where its own sampler leads it is "
                + findings.joined(separator: ", and ") + "."
        }
    }
}
