import JobContract
import SweepFiles
import SweepModel
import Testing

/// Short texts that once took minutes or gigabytes, or read back as something else: found by fuzzing.
@Suite struct HostileTextTests {
    /// A list of two of the last list, and so on: 2²⁴ parts, which would have to be compared where the list is a mapping's
    /// key.
    private static let unfolding: String = {
        var text = "- &a0 [x]\n"
        for level in 1...24 { text += "- &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        return text
    }()

    @Test(arguments: ["- {? *a20 : 1}", "- {? *a24 : 1}", "- *a24"])
    func aliasesAsKeysAreNotUnfolded(_ line: String) {
        #expect(throws: SweepFileError.self) { try HostsFile.parse(Self.unfolding + line, file: "h") }
        #expect(complaint(Self.unfolding + line) != nil)
    }

    @Test func aliasesDoNotNestWithoutEnd() {
        let chain = "- &a0 [x]\n" + (1...20_000).map { "- &a\($0) [*a\($0 - 1)]\n" }.joined()
        #expect(complaint(chain)?.contains("nested more than 100 deep") == true)
    }

    /// Each axis alone is allowed, all of them together are not.
    @Test func axesTogetherAreBounded() {
        let block = "  - {seed: {range: [0, 1000000]}, training.steps: [1], dataset.size: [4]}\n"
        let grid = "grid:\n" + String(repeating: block, count: 3)
        #expect(complaint(sweep(grid))?.contains("more than 2000000 values in all") == true)
        let profiles = "profiles:\n" + (0..<3).map { "  p\($0): {seed: {range: [0, 1000000]}}\n" }.joined()
        #expect(
            complaint(sweep("training.steps: 1\ndataset.size: 4\n" + profiles))?
                .contains("more than 2000000 values in all") == true)
        let zip = "grid: {zip: [{seed: {range: [0, 1000000]}, dataset.size: {range: [1, 1000001]}, "
        #expect(
            complaint(sweep(zip + "training.steps: {range: [1, 1000001]}}]}"))?
                .contains("more than 2000000 values in all") == true)
    }

    @Test func longListsAreReadInTime() throws {
        let seeds = (0..<100_000).map(String.init).joined(separator: ", ")
        let trials = try expand(sweep("training.steps: 1\ndataset.size: 4\ngrid: {seed: [\(seeds)]}")).sweep.trials
        #expect(trials.count == 100_000)
        let again = complaint(sweep("training.steps: 1\ndataset.size: 4\ngrid: {seed: [\(seeds), 7]}"))
        #expect(again?.contains("7 stands twice") == true)
        let measures = (0..<20_000).map { "{memorization: {samples: \($0)}}" }.joined(separator: ", ")
        let sweep = try expand(sweep("training.steps: 1\ndataset.size: 4\nmeasures: [\(measures)]")).sweep
        #expect(sweep.measures.count == 20_000)
    }

    @Test func manyExclusionsLookAtFewKeys() throws {
        let exclusions = (0..<300).map { "    - seed = \($0)\n" }.joined()
        let grid = "training.steps: 1\ndataset.size: 4\ngrid:\n  seed: {range: [0, 3000]}\n  exclude:\n"
        #expect(try expand(sweep(grid + exclusions)).sweep.trials.count == 2700)
    }

    @Test(arguments: ["a > 0x88888888888888", "a = 1_0", "a = 0b1"])
    func numbersAreDecimal(_ text: String) {
        #expect(throws: WhereExpression.Failure.self) { try WhereExpression(text) }
    }

    @Test(arguments: ["[{\"\": 1}]", "[{\"a: b\": [1, 2]}]", "[{y: 1}]", "[2222222222222222222.5, -1e300]"])
    func unusualAxesReadBack(_ text: String) throws {
        let axis = try Axis(parsing: text)
        #expect(try Axis(parsing: axis.description) == axis)
    }

    @Test(arguments: [
        "a = 253166666666666666", "a in (-9223372036854775808, 9007199254740993)", "a = 3.843071682022823e16",
    ])
    func largeIntegersReadBack(_ text: String) throws {
        #expect(try WhereExpression(WhereExpression(text).description) == WhereExpression(text))
    }
}
