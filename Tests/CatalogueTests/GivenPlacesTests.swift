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
}
