import JobContract
import SweepModel
import TestSupport
import Testing

@Suite struct WhereExpressionTests {
    private static let values: [String: JSONValue] = [
        "dataset.size": 1024, "model.scale": 8, "seed": 0, "training.learning_rate": 0.001, "dataset.flip": true,
        "model.architecture": "ddpmpp", "dataset.part": ["index": 1, "of": 2], "model.multipliers": [1, 2],
        "dataset.source": "/data/it's \"here\".zip",
    ]

    @Test(
        arguments: [
            ("dataset.size >= 1024 and model.scale in (4, 8) and not (seed == 1)", true),
            ("dataset.size >= 1025", false), ("dataset.size > 1024", false), ("dataset.size < 1024.5", true),
            ("dataset.size <= 1024", true), ("dataset.size = 1024.0", true), ("dataset.size != 1024", false),
            ("training.learning_rate = 1e-3", true), ("training.learning_rate=1.0E-3", true),
            ("model.scale not in (4, 16)", true), ("not model.scale in (4, 16)", true),
            ("not seed = 0 or seed = 0", true), ("not (seed = 0 or seed = 0)", false),
            ("seed = 1 or seed = 0 and model.scale = 4", false), ("(seed = 1 or seed = 0) and model.scale = 8", true),
            ("seed = 0 or seed = 1 and model.scale = 4", true), ("dataset.flip = true", true),
            ("dataset.flip = 1", false), ("dataset.flip != false", true), ("model.architecture = ddpmpp", true),
            ("model.architecture = \"ddpmpp\"", true), ("model.architecture in ('adm', 'ddpmpp')", true),
            ("model.architecture > a", true), ("model.architecture > 3", false), ("model.architecture <= 3", false),
            ("dataset.part = \"1/2\"", true), ("dataset.part = \"0/2\"", false),
            ("model.multipliers = \"[1,2]\"", true), ("missing = 3", false), ("missing != 3", true),
            ("missing < 3 or missing >= 3", false), ("missing = null", true), ("seed = null", false),
            (#"dataset.source = "/data/it's \"here\".zip""#, true),
            (#"dataset.source = '/data/it\'s "here".zip'"#, true),
            ("not not seed = 0", true),
        ])
    func holds(text: String, expected: Bool) throws {
        let expression = try WhereExpression(text)
        #expect(expression.holds(for: Self.values) == expected)
        let again = try WhereExpression(expression.description)
        #expect(again == expression, "\(expression)")
        #expect(again.holds(for: Self.values) == expected)
    }

    /// Measured quantities are keys as well, by noise level where there are several.
    @Test(
        arguments: [
            ("denoising.wiener_gain_db@0.5 > 0", "denoising.wiener_gain_db@0.5"),
            ("denoising.wiener_gain_db@5e-1>0", "denoising.wiener_gain_db@0.5"),
            ("seed = 0 or not denoising.wiener_gain_db@worse(0.5,1.5) < 0", "denoising.wiener_gain_db@worse(0.5, 1.5)"),
            ("memorization.copied in (0, 1)", "memorization.copied"),
        ])
    func measuredQuantitiesAreKeys(_ text: String, _ key: String) throws {
        let expression = try WhereExpression(text)
        #expect(expression.keys.contains(key))
        #expect(try WhereExpression(expression.description) == expression)
        #expect(MeasurementTerm(key)?.description == key)
    }

    @Test(
        arguments: [
            ("a.b@ > 0", 3, "a noise level"), ("a.b@worse(0.5) > 0", 3, "a noise level"),
            ("a.b@worse(0.5, 1 > 0", 3, "a noise level"), ("a.b@-1 > 0", 3, "a noise level"),
            ("a@0.5 > 0", 1, "MEASURE.QUANTITY"), ("a.b@0 > 0", 3, "a noise level"),
            ("a.b@worse(1, 2, 3) > 0", 3, "a noise level"),
        ])
    func faultsInLevelsAreShown(_ text: String, _ position: Int, _ message: String) throws {
        let error = #expect(throws: WhereExpression.Failure.self) { try WhereExpression(text) }
        #expect(error?.position == position && error?.message.contains(message) == true)
    }

    @Test(
        arguments: [
            ("", 0, "expected a key"), ("seed", 4, "expected =, !=, <"), ("seed = ", 7, "expected a value"),
            ("seed = 1 and", 12, "expected a key"), ("seed = 1 seed = 2", 9, "expected \"and\", \"or\" or the end"),
            ("(seed = 1", 9, "expected \")\""), ("seed in 1", 8, "expected \"(\""),
            ("seed in (1", 10, "expected \",\" or \")\""),
            ("seed in ()", 9, "expected a number"), ("seed not 1", 9, "expected \"in\" after \"not\""),
            ("a = 'x", 4, "this quote is never closed"), ("a = 1x", 4, "expected a number"),
            ("a = and", 4, "needs quotes"),
            ("1 = a", 0, "expected a key"), ("é = 1", 0, "expected a key"), ("a = 'é' b", 8, "expected \"and\""),
            ("a ~ 1", 2, "expected =, !=, <"), ("a = +", 4, "expected a number"), ("a = .", 4, "expected a number"),
        ])
    func complaintsPointAtTheCharacter(text: String, position: Int, message: String) {
        #expect {
            try WhereExpression(text)
        } throws: { error in
            guard let failure = error as? WhereExpression.Failure else { return false }
            return failure.position == position && failure.message.contains(message)
                && failure.description.hasSuffix("\n  " + String(repeating: " ", count: position) + "^")
        }
    }

    @Test func nestingIsBounded() throws {
        #expect(throws: WhereExpression.Failure.self) { try WhereExpression(String(repeating: "(", count: 100_000)) }
        #expect(throws: WhereExpression.Failure.self) {
            try WhereExpression(String(repeating: "not ", count: 100_000) + "a = 1")
        }
        let long = Array(repeating: "a = 1", count: 20_000).joined(separator: " and ")
        #expect(try WhereExpression(long).holds(for: ["a": 1]))
    }

    @Test func namesItsKeys() throws {
        #expect(try WhereExpression("a.b = 1 and (c in (2) or not d-e < 3)").keys == ["a.b", "c", "d-e"])
    }

    /// Random expressions read back as themselves, and agree with the evaluation of their parts.
    @Test func printsBack() throws {
        var random = SeededRandom()
        for _ in 0..<2000 {
            let expression = Self.anyExpression(4, &random)
            #expect(try WhereExpression(expression.description) == expression, "\(expression)")
        }
    }

    private static func anyExpression(_ depth: Int, _ random: inout SeededRandom) -> WhereExpression {
        let literals: [JSONValue] = [
            1, 0, -3, 0.001, 1e30, true, false, .null, "a", "and", "a b", "q\"\\'", "", "1", "é", "true",
        ]
        func some() -> JSONValue { literals[Int.random(in: literals.indices, using: &random)] }
        let key = ["a", "dataset.size", "x_y-z.w"][Int.random(in: 0..<3, using: &random)]
        switch Int.random(in: 0..<(depth > 0 ? 5 : 2), using: &random) {
        case 0:
            return .compare(
                key: key, WhereExpression.Comparison.allCases[Int.random(in: 0..<6, using: &random)], some())
        case 1: return .isIn(key: key, (0..<Int.random(in: 1...3, using: &random)).map { _ in some() })
        case 2: return .not(anyExpression(depth - 1, &random))
        case let kind:
            // A term of the expression's own kind would be read as a part of it.
            let terms = (0..<Int.random(in: 2...3, using: &random)).map { _ in anyExpression(depth - 1, &random) }
            let flat = terms.map { term -> WhereExpression in
                switch term {
                case .all where kind == 3, .any where kind == 4: .not(term)
                default: term
                }
            }
            return kind == 3 ? .all(flat) : .any(flat)
        }
    }
}
