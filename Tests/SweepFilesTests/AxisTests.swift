import JobContract
import SweepFiles
import SweepModel
import TestSupport
import Testing

/// The values of axes; and what an axis prints reads back as that axis.
@Suite struct AxisTests {
    @Test(
        arguments: [
            ("{range: [0, 3]}", [0, 1, 2]), ("{range: [0, 1, 0.25]}", [0, 0.25, 0.5, 0.75]),
            ("{range: [0, 0.3, 0.1]}", [0, 0.1, 0.2]),
            // The quotient is a little above 6.
            ("{range: [0.3, 0.9, 0.1]}", [0.3, 0.4, 0.5, 0.6, 0.7, 0.8]),
            ("{range: [5, 0, -2]}", [5, 3, 1]),
            ("{linear: {from: 0, to: 1, count: 5}}", [0, 0.25, 0.5, 0.75, 1]),
            ("{linear: {from: 2, to: 9, count: 1}}", [2]),
            ("{linear: {from: 0, to: 0.7, count: 8}}", [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),
            ("{geometric: {from: 16, to: 1024, factor: 4}}", [16, 64, 256, 1024]),
            ("{geometric: {from: 16, to: 1023, factor: 4}}", [16, 64, 256]),
            ("{geometric: {from: 8, to: 1, factor: 0.5}}", [8, 4, 2, 1]),
            ("{geometric: {from: 1e-4, to: 1e-2, count: 3}}", [1e-4, 1e-3, 1e-2]),
            ("{geometric: {from: 0.001, to: 1, factor: 10}}", [0.001, 0.01, 0.1, 1]),
            ("{geometric: {from: 3, to: 3, count: 1}}", [3]), ("[4, 8.5]", [4, 8.5]),
        ] as [(String, [Double])])
    func valuesAreAsPromised(text: String, expected: [Double]) throws {
        #expect(try Axis(parsing: text).values().map(\.doubleValue) == expected)
    }

    /// Axis(axis.description) == axis, for many axes.
    @Test func printsBack() throws {
        var random = SeededRandom()
        for _ in 0..<2000 {
            let axis = Self.anyAxis(&random)
            #expect(try Axis(parsing: axis.description) == axis, "\(axis)")
        }
    }

    private static func anyAxis(_ random: inout SeededRandom) -> Axis {
        let texts = [
            "a", "geometric", "true", "null", "1", "1e3", "-", "~", "a: b", "a, b", "#x", "\"q\"", "é\n", "", "yes",
            "and", "0x1f", "/data/a b.zip", "[", "it's",
        ]
        func number() -> Double {
            Bool.random(using: &random)
                ? Double(Int.random(in: -1000...1000, using: &random))
                : Double.random(in: -1e6...1e6, using: &random) * [1, 1e-9, 1e9][Int.random(in: 0..<3, using: &random)]
        }
        func value(_ depth: Int) -> JSONValue {
            switch Int.random(in: 0..<(depth > 0 ? 6 : 4), using: &random) {
            case 0: JSONValue.number(number()).canonical
            case 1: .bool(.random(using: &random))
            case 2:
                .string(texts[Int.random(in: texts.indices, using: &random)])
            case 3: .integer(.random(in: -9_007_199_254_740_991...9_007_199_254_740_991, using: &random))
            case 4: .array((0..<2).map { _ in value(depth - 1) })
            default: ["index": value(0), "of": value(0)]
            }
        }
        let count = Int.random(in: 1...1000, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return .list((0..<Int.random(in: 0..<5, using: &random)).map { _ in value(2) })
        case 1: return .range(from: number(), to: number(), step: number())
        case 2: return .linear(from: number(), to: number(), count: count)
        case 3: return .geometric(from: number(), to: number(), count: count)
        default: return .multiplied(from: number(), to: number(), factor: number())
        }
    }
}
