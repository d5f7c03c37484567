import JobContract
import ResultQueries
import SweepModel
import Testing

@testable import Reports

/// What figures and sentences show of given values that belong to places on the map as a whole.
@Suite struct GivenPlacesTests {
    private typealias Spec = GivenSweep.Spec

    /// "panel | line | x | y" of every row.
    private func shown(_ figure: CurveFigure) -> [String] {
        figure.table.rows.map { row in
            row.prefix(4).map { cell in
                switch cell {
                case .text(let text): text
                case .integer(let value): "\(value)"
                case .number(let value): ResultTable.format(value)
                case .null: "-"
                }
            }.joined(separator: " | ")
        }
    }

    // MARK: Loss

    private func losses(_ axes: [(key: String, values: [JSONValue])]) throws -> SweepPoints {
        let sweep = try GivenSweep(
            axes,
            [
                .of("loss") { spec in
                    let size = Double(spec.integer("dataset.size"))
                    let seen = Double(spec.integer("model.scale")) + Double(spec.integer("seed"))
                    return [
                        MeasureRow(quantity: "loss_training", value: seen, n: 4096),
                        MeasureRow(
                            quantity: "loss_held_out",
                            value: seen * (1 + Double(spec.integer("training.steps")) / size), n: 4096),
                    ]
                }
            ])
        return try SweepPoints(sweep.reader, sweep: sweep.name)
    }

    /// Lengths lie across, dataset sizes have lines, and scales panels; seeds are averaged over.
    @Test func lossesLieOverLengths() throws {
        let points = try losses([
            ("dataset.size", [16, 64]), ("model.scale", [4, 8]), ("training.steps", [128, 256]), ("seed", [0, 2]),
        ])
        let figure = try points.heldOutLossFigure()
        #expect(figure.x.label == "length of training (steps)" && figure.table.columns[2] == "steps")
        var due: [String] = []
        for scale in [4, 8] {
            for (title, isHeldOut) in [("held-out images", true), ("training images", false)] {
                for size in [16, 64] {
                    for steps in [128, 256] {
                        let loss = (scale + 1) * (isHeldOut ? 1 + steps / size : 1)
                        due.append("\(title), scale \(scale) | N = \(size) | \(steps) | \(loss)")
                    }
                }
            }
        }
        #expect(shown(figure) == due)
        #expect(
            try points.heldOutLossSentences()
                == [4, 8].map {
                    "After 256 steps of training at scale \($0) the loss on held-out images is 17 times that on training images "
                        + "at N = 16, and 5 times that on training images at N = 64."
                })
    }

    /// Where there is one length, what varies lies across.
    @Test func lossesLieOverWhatVaries() throws {
        let points = try losses([("dataset.size", [16, 64])])
        let figure = try points.heldOutLossFigure()
        #expect(
            shown(figure) == [
                "held-out images | length 256 steps | 16 | 68", "held-out images | length 256 steps | 64 | 20",
                "training images | length 256 steps | 16 | 4", "training images | length 256 steps | 64 | 4",
            ])
        #expect(figure.x.label == SweepPoints.sizeAxis && figure.caption[1].hasPrefix("At scale 4. "))
    }

    @Test func withoutLossesNothingIsSaid() throws {
        let sweep = try GivenSweep([("dataset.size", [16])], [.of("memorization") { _ in [] }])
        let points = try SweepPoints(sweep.reader, sweep: sweep.name)
        #expect(try points.heldOutLossFigure().absence == .unasked(measure: "loss"))
        #expect(try points.heldOutLossSentences().isEmpty && points.copiesSentences().isEmpty)
        #expect(try points.copiesFigure().absence == .unasked(measure: "copies"))
        #expect(try points.modesFigure().absence == .unasked(measure: "modes"))
        #expect(try SweepPoints.modesSentences(points.modesFigure()).isEmpty && points.ownTrajectorySentences().isEmpty)
    }

    // MARK: Copies

    /// Image i is at the distance 1 + (7i mod N) from others, and is copied that often, or not at all.
    private func copies(_ size: Int, _ copied: (_ distance: Int) -> Double) -> [MeasureRow] {
        (0..<size).flatMap { image -> [MeasureRow] in
            let distance = 1 + 7 * image % size
            return [
                MeasureRow(quantity: "copies", position: image, value: copied(distance), n: 256),
                MeasureRow(quantity: "nearest_other", position: image, value: Double(distance)),
            ]
        }
    }

    @Test func copiesByHowRareAnImageIs() throws {
        let sweep = try GivenSweep(
            [("dataset.size", [4, 16, 64]), ("seed", [0, 1])],
            [
                .of("copies") { spec in
                    let size = spec.integer("dataset.size")
                    let summary = [
                        MeasureRow(quantity: "copied_images", value: size == 4 ? 1 : 0.25, n: size),
                        MeasureRow(quantity: "copies_sparsity", value: size == 4 ? 0.5 : nil, n: size),
                        MeasureRow(quantity: "spurious", value: 0.125, n: 256),
                    ]
                    switch size {
                    case 4: return summary + self.copies(size) { Double($0) }
                    // Two images in each of eight parts, of which only the rarer half is copied.
                    case 16: return summary + self.copies(size) { $0 > 8 ? 2 : 0 }
                    // Nothing is copied.
                    default: return summary + self.copies(size) { _ in 0 }
                    }
                }
            ])
        let points = try SweepPoints(sweep.reader, sweep: sweep.name)
        let place = "scale 4, length 256 steps"
        var due = (0..<4).map { part in
            "\(place) | N = 4 | \(ResultTable.format((Double(part) + 0.5) / 4)) | \(ResultTable.format(Double(part + 1) / 2.5))"
        }
        due += (0..<8).map { part in
            "\(place) | N = 16 | \(ResultTable.format((Double(part) + 0.5) / 8)) | \(part < 4 ? 0 : 2)"
        }
        due += ["\(place) | all alike | 0.0625 | 1", "\(place) | all alike | 0.9375 | 1"]
        #expect(shown(try points.copiesFigure()) == due)
        #expect(
            try points.copiesSentences() == [
                "After 256 steps of training at scale 4 100 % of N = 4 training images are copied (correlation of copies and "
                    + "rarity 0.5, 12.5 % of samples spurious); 25 % of N = 64 training images are copied (12.5 % of samples "
                    + "spurious)."
            ])
    }

    // MARK: Samplers

    /// Lengths have lines, and sizes panels.
    @Test func modesAreLearntOneAfterTheOther() throws {
        let sweep = try GivenSweep(
            [("dataset.size", [16, 64]), ("training.steps", [128, 256]), ("seed", [0, 1])],
            [
                .of("modes") { spec in
                    (0..<3).flatMap { mode -> [MeasureRow] in
                        // Each doubling of the length brings one component more to its variance; the last has too much.
                        let isLearnt = mode < spec.integer("training.steps") / 128
                        return [
                            MeasureRow(
                                quantity: "mode_variance", position: mode, value: isLearnt ? 1 : mode == 2 ? 4 : 0.25,
                                n: 256),
                            MeasureRow(quantity: "mode_variance_held_out", position: mode, value: 0.5, n: 64),
                        ]
                    }
                }
            ])
        let points = try SweepPoints(sweep.reader, sweep: sweep.name)
        let figure = try points.modesFigure()
        var due: [String] = []
        for size in [16, 64] {
            let place = "scale 4, N = \(size)"
            for (steps, learnt) in [(128, 1), (256, 2)] {
                due += (1...3).map {
                    "\(place) | length \(steps) steps | \($0) | \($0 <= learnt ? "1" : $0 == 3 ? "4" : "0.25")"
                }
            }
            for title in ["held-out images", ""] { due += (1...3).map { "\(place) | \(title) | \($0) | 0.5" } }
        }
        #expect(shown(figure).sorted() == due.sorted())
        #expect(
            SweepPoints.modesSentences(figure)
                == [16, 64].map {
                    "At scale 4, N = \($0) samples have between half and twice the training images' variance along 1 of 3 (length 128 "
                        + "steps) and along 2 of 3 (length 256 steps) of their principal components."
                })
    }

    @Test func distancesWhereSamplersLead() throws {
        let sweep = try GivenSweep(
            [("dataset.size", [16, 64]), ("seed", [0, 1])],
            [
                .of("own-trajectory") { spec in
                    [0.5, 2].flatMap { sigma -> [MeasureRow] in
                        [("rmse_own", 0.25), ("rmse_training", 0.125), ("rmse_held_out", 0.75)].map {
                            MeasureRow(
                                quantity: $0.0, sigma: sigma,
                                value: $0.1 * sigma * Double(spec.integer("dataset.size")),
                                n: 64)
                        }
                    }
                }
            ])
        let points = try SweepPoints(sweep.reader, sweep: sweep.name)
        let parts = [
            ("states of its own sampler", 0.25), ("noised training images", 0.125), ("noised held-out images", 0.75),
        ]
        var due: [String] = []
        for (title, factor) in parts {
            for size in [16.0, 64] {
                for sigma in [0.5, 2] {
                    due.append(
                        "\(title) | N = \(Int(size)) | \(ResultTable.format(sigma)) | "
                            + ResultTable.format(factor * sigma * size))
                }
            }
        }
        #expect(shown(try points.ownTrajectoryFigure()) == due)
        #expect(
            try points.ownTrajectorySentences() == [
                "After 256 steps of training at scale 4 the network's distance to the optimum where its own sampler leads it is "
                    + "8 at sigma 2 (N = 16), beside 4 at noised training images and 24 at held-out ones, and 32 "
                    + "at sigma 2 (N = 64), beside 16 at noised training images and 96 at held-out ones."
            ])
    }
}
