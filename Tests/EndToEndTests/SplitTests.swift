import Foundation
import Testing

/// `split` says which part each image plays, with the real programs.
@Suite(.serialized)
struct SplitTests {
    private func lab(_ body: (Lab) throws -> Void) throws {
        try withLab { lab in
            for number in 0..<40 {
                let pixels = (0..<64).map { UInt8((number * 37 + $0 * (number + 3)) % 256) }
                try lab.writePicture("faces/\(number % 2 == 0 ? "a" : "b")/\(number).png", pixels, side: 8)
            }
            try body(lab)
        }
    }

    private static let sweep = """
        name: parts
        dataset: {source: faces, resolution: 8, held_out: 6}
        model: {architecture: linear}
        training: {batch: 4, steps: 1}
        grid: {dataset.size: [4, 12], dataset.part: [0/2, 1/2], dataset.subset_seed: [0, 1]}
        """

    @Test func everyImageIsThereOnceForEachDraw() throws {
        try lab { lab in
            let sweep = try lab.write("s.yaml", Self.sweep)
            let output = try lab.run("split", sweep, "--format", "csv")
            #expect(output.status == 0, "\(output)")
            let rows = output.out.split(separator: "\n").dropFirst().map {
                $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            }
            #expect(rows.count == 80)
            for seed in ["0", "1"] {
                let own = rows.filter { $0[1] == seed }
                #expect(Set(own.map { $0[5] }).count == 40 && own.contains { $0[5] == "a/0.png" })
                #expect(own.count { $0[3] == "held out" } == 6 && own.count { $0[3] == "unused" } == 10)
                for part in ["0/2", "1/2"] {
                    let training = own.filter { $0[2] == part }
                    #expect(training.allSatisfy { $0[3] == "training" })
                    #expect(training.count { $0[4] == "4" } == 4 && training.count { $0[4] == "12" } == 8)
                }
            }
            func heldOut(_ seed: String) -> Set<String> {
                Set(rows.filter { $0[1] == seed && $0[3] == "held out" }.map { $0[5] })
            }
            #expect(heldOut("0") != heldOut("1"))
            #expect(!FileManager.default.fileExists(atPath: lab.catalogue))
            #expect(try lab.run("split", "nothing").status != 0)
        }
    }

    /// In the source's order a sweep over resolutions has the same images at each, and `plan` advises it where it was not
    /// asked for.
    @Test func theSourcesOrderPairsResolutions() throws {
        try lab { lab in
            func sweep(_ more: String) throws -> String {
                try lab.write(
                    "s.yaml",
                    """
                    name: sizes
                    dataset: {source: faces, held_out: 6, size: 12\(more)}
                    model: {architecture: linear}
                    training: {batch: 4, steps: 1}
                    grid: {dataset.resolution: [8, 16], dataset.channels: [1, 3]}
                    """)
            }
            func roles(_ more: String) throws -> [Set<String>] {
                let output = try lab.run("split", try sweep(more), "--format", "csv")
                let rows = output.out.split(separator: "\n").dropFirst().map {
                    $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
                }
                let byDataset = Dictionary(grouping: rows) { $0[0] }
                #expect(byDataset.count == 4, "\(output)")
                return byDataset.values.map { Set($0.map { "\($0[3]) \($0[5])" }) }
            }
            let (drawn, ofSource) = (try roles(""), try roles(", order: source"))
            #expect(Set(drawn).count == 4 && Set(ofSource).count == 1)
            let plan = try lab.run("plan", try sweep(""))
            #expect(plan.out.contains("dataset.order: source"), "\(plan)")
            let paired = try lab.run("plan", try sweep(", order: source"))
            #expect(paired.status == 0 && !paired.out.contains("advice"))
        }
    }

    /// `split` tells it of trials in a catalogue, also of one alone, and refuses images that have changed since.
    @Test(.enabled(if: slowTestsWanted, whySlow)) func ofTrialsOfTheCatalogue() throws {
        try lab { lab in
            let sweep = try lab.write("s.yaml", Self.sweep)
            #expect(try lab.run("launch", sweep).status == 0)
            let whole = try lab.run("split", "parts", "--format", "csv")
            let ofFile = try lab.run("split", sweep, "--format", "csv").out
            #expect(whole.status == 0 && whole.out == ofFile)
            let trial = try #require(
                try lab.rows("SELECT trial_id FROM trials WHERE dataset_size = 4 AND part = '1/2'").first)
            let one = try lab.run("split", String(trial.prefix(12)), "--format", "csv").out
            #expect(one.split(separator: "\n").count { $0.contains(",1/2,training,4,") } == 4)
            #expect(!one.contains("0/2"))
            try lab.writePicture("faces/a/0.png", [UInt8](repeating: 9, count: 64), side: 8)
            let changed = try lab.run("split", "parts")
            #expect(changed.status == 3 && changed.err.contains("has changed"), "\(changed)")
        }
    }
}
