import Tensors
import Testing

@testable import ScoreNetworks

/// Which of a training's losses are kept.
@Suite struct LossCurveTests {
    private func curve(_ losses: some Sequence<Double>) -> LossCurve {
        var curve = LossCurve()
        for loss in losses { curve.add(loss) }
        return curve
    }

    @Test func theMeansCoverEveryStepOnce() {
        let points = curve((1...1000).map { Double($0) }).points
        #expect(points.map(\.steps).starts(with: [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18]))
        #expect(points.count == 31 && points.last?.steps == 1000)
        var (before, sum) = (0, 0.0)
        for point in points {
            // The losses are the whole numbers from `before` + 1 to `steps`.
            #expect(point.mean == Double(before + 1 + point.steps) / 2)
            sum += point.mean * Double(point.steps - before)
            before = point.steps
        }
        #expect(sum == 500_500)
    }

    @Test(arguments: [0, 1, 9, 10, 77]) func itIsGoneOnWithFromAFile(steps: Int) throws {
        let losses = (0..<120).map { 1 / Double($0 + 3) }
        var file = SafetensorsFile()
        curve(losses[..<steps]).store(in: &file)
        var again = try LossCurve(SafetensorsFile(bytes: file.serialized(), name: "state"), steps: steps)
        for loss in losses[steps...] { again.add(loss) }
        #expect(again == curve(losses))
        #expect(throws: SafetensorsError.self) { try LossCurve(file, steps: 2 * steps + 1) }
    }
}
