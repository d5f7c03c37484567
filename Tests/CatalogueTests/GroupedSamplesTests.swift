import Testing

@testable import ResultQueries

/// What the values of a group count for: each trial, and each subset or comparison once, however many trials measured it.
@Suite struct GroupedSamplesTests {
    /// Samples of (value, place, unit): units 7 and 8 were measured of several trials.
    private func samples(_ values: [(Double, Int32, Int32)]) -> Samples {
        var samples = GroupedSamples()
        for (value, place, unit) in values {
            samples.append(value, n: 10, of: .init(group: 0, place: place, unit: unit))
        }
        samples.append(99, n: 10, of: .init(group: 1, place: 0))
        samples.sort(into: 2)
        return samples.samples(0)
    }

    @Test func aSubsetCountsOnce() {
        let found = samples([(1, 0, 7), (3, 0, 7), (5, 0, 8), (5, 0, 8), (5, 0, 8)])
        #expect(found.values == [2, 5] && found.total == 20)
        #expect(found.places.map { $0.map(\.value) } == [[2, 5]])
        #expect(found.average(areShares: false)?.mean == 3.5)
        #expect(found.average(areShares: false)?.replicates == 2)
    }

    @Test func aTrialOfItsOwnCountsForItself() {
        let found = samples([(1, 0, -1), (3, 0, -1), (8, 1, -1), (.nan, 1, -1)])
        #expect(found.values == [1, 3, 8] && found.total == 30)
        #expect(found.places.map { $0.map(\.value) } == [[1, 3], [8]])
        #expect(found.average(areShares: false)?.mean == 5)
    }
}
