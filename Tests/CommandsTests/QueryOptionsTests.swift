import Testing

@testable import Commands

/// Options that list take commas and may be repeated: their values add up.
@Suite struct QueryOptionsTests {
    @Test func valuesAddUp() throws {
        let query = try QueryCommand.parse([
            "--measure", "memorization.copied, denoising", "--measure", "linearity", "--by", "dataset.size",
            "--by", "seed,model.scale", "--statistic", "mean", "--statistic", "ci95", "--sigma", "0.5,1.5",
        ])
        #expect(QueryCommand.list(query.measure) == ["memorization.copied", "denoising", "linearity"])
        #expect(QueryCommand.list(query.by) == ["dataset.size", "seed", "model.scale"])
        #expect(QueryCommand.list(query.statistic) == ["mean", "ci95"])
        #expect(try QueryCommand.sigmas(query.sigma) == [0.5, 1.5])
        let compare = try CompareCommand.parse(["a", "b", "--measure", "linearity,denoising"])
        #expect(QueryCommand.list(compare.measure) == ["linearity", "denoising"])
    }
}
