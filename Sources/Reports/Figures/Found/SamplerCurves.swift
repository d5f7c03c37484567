import ResultQueries

extension SweepPoints {
    /// The part of the training images' variance that samples have, by principal component.
    func modesFigure() throws -> CurveFigure {
        figure(
            .modes, "Variance of samples along principal components",
            x: .init(label: "number of the component", base: 10),
            y: .init(label: "variance of samples over that of training images", low: 0), columns: ("k", "variance"),
            caption:
                "Components are those of the training images, from that of the largest variance on. Dashed: held-out images.",
            wanting: try wanting("modes", "mode_variance"),
            panels: panels(
                try all("modes", "mode_variance"), references: try all("modes", "mode_variance_held_out"),
                of: "held-out images", order: [.length, .size, .scale], x: { $0.position.map { Double($0 + 1) } }))
    }

    /// For each panel of the figure, along how many components samples have half of the variance or more, in the first line and
    /// the last.
    static func modesSentences(_ figure: CurveFigure) -> [String] {
        figure.panels.compactMap { panel in
            let findings = panel.lines.filter { !$0.isReference && !$0.points.isEmpty }.map { line in
                "along \(line.points.count { $0.y.mean >= 0.5 }) of \(line.points.count) (\(line.title))"
            }
            guard let first = findings.first, let last = findings.last else { return nil }
            return
                "\(panel.title.isEmpty ? "Samples" : "At \(panel.title) samples") have half of the training images' variance "
                + "or more \(first)\(findings.count > 1 ? " and \(last)" : "") of their principal components."
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

    /// For each scale at its longest training, the three distances at the level where that of the sampler's states is largest,
    /// with the smallest dataset and the largest.
    func ownTrajectorySentences() throws -> [String] {
        let own = try values("own-trajectory", "rmse_own").mapValues(\.averages)
        let seen = try values("own-trajectory", "rmse_training").mapValues(\.averages)
        let unseen = try values("own-trajectory", "rmse_held_out").mapValues(\.averages)
        return longestLines(of: Set(own.values.flatMap(\.keys))).compactMap { line in
            func finding(_ place: GridPoint) -> String? {
                let worst = own.compactMap { sigma, found in found[place].map { (sigma: sigma, mean: $0.mean) } }
                    .max { ($0.mean, $0.sigma ?? 0) < ($1.mean, $1.sigma ?? 0) }
                guard let worst, let sigma = worst.sigma, let near = seen[sigma]?[place]?.mean else { return nil }
                let far = unseen[sigma]?[place].map { " and \(ResultTable.format($0.mean)) at held-out ones" } ?? ""
                return
                    "\(ResultTable.format(worst.mean)) at sigma \(ResultTable.format(sigma)) (N = \(place.size)), beside "
                    + "\(ResultTable.format(near)) at noised training images\(far)"
            }
            guard let first = line.first, let last = line.last else { return nil }
            let findings = [finding(first), last == first ? nil : finding(last)].compactMap(\.self)
            guard !findings.isEmpty else { return nil }
            return
                "\(trainedWords(first)) the network's distance to the optimum where its own sampler leads it is up to "
                + findings.joined(separator: ", and up to ") + "."
        }
    }
}
