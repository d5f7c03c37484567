import JobContract
import SweepFiles
import SweepModel
import Testing

/// Which trials a comparison is made of.
struct ComparisonTests {
    private let halves = "grid: {dataset.part: [{index: 0, of: 2}, {index: 1, of: 2}], dataset.size: [16, 64]}\n"

    private func expand(_ text: String) throws -> ExpandedSweep {
        var worker = describedWorker()
        worker.measures.append(
            MeasureRequest(measure: "agreement", version: 1, parameters: ["samples": 256, "with": []]))
        worker.measures.append(
            MeasureRequest(measure: "subsets", version: 1, parameters: ["together": true, "with": []]))
        worker.quantities = [
            "subsets": [
                QuantityDeclaration(name: "information", kind: .mean, fact: .pair, needs: [.sampler, .subsets])
            ]
        ]
        return try SweepFile(text: sweep("training.steps: 10\n" + text), file: "x.yaml", folder: "/sweeps")
            .expand(worker: worker, identify: identity).sweep
    }

    private func complaint(_ text: String) -> String {
        do {
            _ = try expand(text)
            return ""
        } catch { return "\(error)" }
    }

    @Test func halvesOfEqualTrialsAreCompared() throws {
        let expanded = try expand(halves + "measures: [memorization, {agreement: {samples: 8}}]")
        #expect(expanded.measures.map(\.measure) == ["memorization"])
        let sizes = Dictionary(
            uniqueKeysWithValues: expanded.trials.map { ($0.id, expanded.trainings[$0.training]?.datasetSize) })
        #expect(expanded.comparisons.count == 2)
        for comparison in expanded.comparisons {
            #expect(comparison.request.parameters["samples"] == 8)
            let other = try #require(comparison.request.others.first)
            #expect(comparison.request.others.count == 1 && comparison.trial < other)
            #expect(sizes[comparison.trial] == sizes[other], "halves of one size")
        }
    }

    @Test func otherAxesMayBeComparedAcross() throws {
        let sizes = try expand(
            "grid: {dataset.size: [16, 32, 64], seed: [0, 1]}\nmeasures: [{agreement: {across: dataset.size}}]")
        #expect(sizes.comparisons.count == 6, "three pairs of sizes for each seed")
        let both = try expand(
            "grid: {dataset.size: [16, 64], seed: [0, 1]}\nmeasures: [{agreement: {across: [dataset.size, seed]}}]")
        #expect(both.comparisons.count == 6, "every pair of four")
    }

    /// Quantities of the first of a pair are of one side, however identities sort.
    @Test func theFirstIsTheLeastByWhatTheyDifferIn() throws {
        let expanded = try expand(
            "grid: {dataset.size: [4, 16, 128, 1024], model.scale: [4, 16], seed: [0, 1, 2]}\n"
                + "measures: [{agreement: {across: dataset.size}}]")
        let sizes = Dictionary(
            uniqueKeysWithValues: expanded.trials.map { ($0.id, expanded.trainings[$0.training]?.datasetSize ?? 0) })
        #expect(expanded.comparisons.count == 36)
        for comparison in expanded.comparisons {
            let other = try #require(comparison.request.others.first)
            #expect(try #require(sizes[comparison.trial]) < #require(sizes[other]))
        }
    }

    /// A measure may take all parts at once.
    @Test func allPartsMayBeComparedTogether() throws {
        let thirds =
            "grid: {dataset.part: [{index: 0, of: 3}, {index: 1, of: 3}, {index: 2, of: 3}], dataset.size: [16, 64]}\n"
        let expanded = try expand(thirds + "measures: [subsets]")
        #expect(expanded.comparisons.map(\.request.others.count) == [2, 2])
        #expect(Set(expanded.comparisons.flatMap { [$0.trial] + $0.request.others }) == Set(expanded.trials.map(\.id)))
        #expect(try expand(thirds + "measures: [{subsets: {together: false}}]").comparisons.count == 6)
        #expect(complaint("dataset.size: 16\nmeasures: [subsets]").contains("dataset.part"))
    }

    @Test func whatCannotBeComparedIsRefusedByLine() {
        // Trials of different seeds have the same images.
        let seeds = complaint("dataset.size: 8\ngrid: {seed: [0, 1]}\nmeasures: [{subsets: {across: seed}}]")
        #expect(seeds.contains("x.yaml:6") && seeds.contains("zero by construction"), "\(seeds)")
        let subsets = "dataset.size: 8\ngrid: {dataset.subset_seed: [0, 1]}\n"
        #expect(complaint(subsets + "measures: [{subsets: {across: dataset.subset_seed}}]") == "")
        #expect(complaint("dataset.size: 16\nmeasures: [agreement]").contains("dataset.part"))
        #expect(complaint(halves + "measures: [{agreement: {across: dataset.sise}}]").contains("dataset.size"))
        #expect(complaint(halves + "measures: [{agreement: {with: [a]}}]").contains("no such parameter"))
        #expect(complaint(halves + "measures: [{memorization: {across: seed}}]").contains("no such parameter"))
        #expect(complaint(halves + "measures: [agreement, agreement]").contains("twice"))
    }
}
