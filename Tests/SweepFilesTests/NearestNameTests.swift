import SweepModel
import Testing

@Suite struct NearestNameTests {
    private static let keys =
        ["seed", "state"] + (1...9).map { "dataset.d\($0)" } + (1...9).map { "model.m\($0)" } + [
            "copies", "copies.count",
        ]

    @Test(arguments: [
        ("dataset.d", "; did you mean dataset.d1 or dataset.d2"), ("sede", "; did you mean seed?"),
        // Of many names their sections are told.
        ("nothing like it", "; expected one of seed, state, dataset.*, model.*, copies.*"),
    ])
    func adviceIsShort(name: String, advice: String) {
        #expect(NearestName.advice(for: name, among: Self.keys).hasPrefix(advice))
    }

    @Test func fewNamesAreAllTold() {
        #expect(NearestName.advice(for: "x", among: ["a.long", "a.wide"]) == "; expected one of a.long, a.wide")
        #expect(NearestName.advice(for: "x", among: []).isEmpty)
    }
}
