import Testing

@testable import Reports
@testable import ResultQueries

/// Some places of `scripts/bench coverage`, in few draws. What covers 95 % falls below 88 % of 150 once in several thousand
/// times, and the draws are the same in every run.
@Suite struct CoverageTests {
    @Test(arguments: [(3, 0.1, 0.1), (4, 0.5, 0.1), (8, 0.9, 0.05)])
    func sharesOfReplicatesThatDiffer(_ replicates: Int, _ mean: Double, _ deviation: Double) {
        let found = AverageCoverage.shares(
            .init(replicates: replicates, mean: mean, deviation: deviation), draws: 150)
        #expect(found.found.share >= 0.88 && found.found.missing == 0)
        #expect(found.ratio <= 1.6)
    }

    @Test func everyCellThatIsAskedForIsInTheTable() {
        let cells = AverageCoverage.shareCells
        #expect(Set(cells.map(\.replicates)) == [2, 3, 4, 8, 20] && cells.count == 90)
        #expect(cells.allSatisfy { $0.deviation * $0.deviation < $0.mean * (1 - $0.mean) / 2 })
        #expect(cells.contains(.init(replicates: 4, mean: 0.01, deviation: 0.05)))
    }

    /// Means, places, pairs and differences have four replicates, contours and times three.
    @Test(.timeLimit(.minutes(2))) func everythingElse() {
        for given in AverageCoverage.cases where given.replicates == 4 {
            #expect(AverageCoverage.coverage(of: given, draws: 150).share >= 0.86, "\(given.name)")
        }
        for given in FitCoverage.cases where given.replicates == 3 && !given.isOfLaw {
            for (estimate, coverage) in FitCoverage.coverage(of: given, draws: 60) {
                // With more bounds than crossings there is no interval.
                let mayLack = given.name.contains("beyond")
                #expect(coverage.share >= 0.85 && (coverage.missing == 0 || mayLack), "\(given.name), \(estimate)")
                #expect(coverage.missing < 30)
            }
        }
    }

    /// 93 % is what intervals have to cover. Of 5000 draws `scripts/bench coverage` finds 94 to 97 for every law but
    /// that of turning with a size at the edge, 90 to 92 (docs/statistics.md); of 60 draws fewer
    /// than 49 hold the exponent once in 1200 times where 93 % do (binomial), once in two where 80 %, and 32 in 33 times where 70 %.
    /// (36 of 40, as was asked for once, are missed once in twenty times by intervals that cover 95 %, and there are nine.) The
    /// draws are the same in every run.
    @Test(.timeLimit(.minutes(2))) func lawsHoldWhatWasPutIn() {
        for given in FitCoverage.cases where given.replicates == 3 && given.isOfLaw {
            for (estimate, coverage) in FitCoverage.coverage(of: given, draws: 60) {
                #expect(coverage.held >= 49, "\(given.name), \(estimate): \(coverage.held)")
            }
        }
    }
}
