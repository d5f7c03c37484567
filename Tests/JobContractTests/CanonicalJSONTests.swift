import JobContract
import Testing

/// The examples of RFC 8785 itself, and what names of trials need beside them.
@Suite struct CanonicalJSONTests {
    /// RFC 8785, 3.2.2: the sample object.
    @Test func writesTheSampleOfSection322() throws {
        let value: JSONValue = [
            "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u{20ac}$\u{0f}\u{0a}A'\u{42}\u{22}\u{5c}\\\"/",
            "literals": [.null, true, false],
        ]
        #expect(
            try CanonicalJSON.text(value)
                == #"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#
                + #""string":"€$\u000f\nA'B\"\\\\\"/"}"#)
    }

    /// RFC 8785, 3.2.3: keys sort by UTF-16 code units, so a surrogate pair comes before U+FB33.
    @Test func sortsKeysAsSection323() throws {
        let value: JSONValue = [
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control",
            "\u{f6}": "Latin Small Letter O With Diaeresis",
        ]
        #expect(
            try CanonicalJSON.text(value)
                == "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\","
                + "\"\u{f6}\":\"Latin Small Letter O With Diaeresis\",\"\u{20ac}\":\"Euro Sign\","
                + "\"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}")
    }

    /// RFC 8785, appendix B: IEEE 754 bits and the text they must have.
    @Test(
        arguments: [
            (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"), (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"), (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"), (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"), (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"), (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"), (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"), (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"), (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"), (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"), (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] as [(UInt64, String)])
    func writesTheNumbersOfAppendixB(bits: UInt64, text: String) throws {
        #expect(try CanonicalJSON.number(Double(bitPattern: bits)) == text)
    }

    @Test(arguments: [0x7fff_ffff_ffff_ffff, 0x7ff0_0000_0000_0000, 0xfff0_0000_0000_0000] as [UInt64])
    func refusesWhatIsNoNumber(bits: UInt64) {
        #expect(throws: CanonicalJSON.Failure.self) {
            try CanonicalJSON.encode(["a": [.number(Double(bitPattern: bits))]])
        }
    }

    @Test func refusesIntegersThatDoublesCannotTellApart() throws {
        #expect(try CanonicalJSON.text(.integer(9_007_199_254_740_991)) == "9007199254740991")
        #expect(try CanonicalJSON.text(.integer(-9_007_199_254_740_991)) == "-9007199254740991")
        for value in [Int64.min, -9_007_199_254_740_993, 9_007_199_254_740_993, .max] {
            #expect(throws: CanonicalJSON.Failure.unsafeInteger(value)) { try CanonicalJSON.text(.integer(value)) }
        }
    }

    @Test func writesOneAndOnePointZeroAlike() throws {
        #expect(try CanonicalJSON.text([.integer(3), .number(3)]) == "[3,3]")
    }

    @Test func escapesEveryControlCharacterTheShortestWay() throws {
        let text = String(String.UnicodeScalarView((0..<0x21).compactMap(Unicode.Scalar.init)))
        let expected =
            #""\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f"#
            + #"\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f ""#
        #expect(try CanonicalJSON.text(.string(text)) == expected)
    }

    /// Every number reads back as itself, whichever of the notations it falls into.
    @Test func numbersReadBack() throws {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        for _ in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = Double(bitPattern: state ^ state >> 29)
            guard value.isFinite else { continue }
            #expect(try Double(CanonicalJSON.number(value)) == value)
        }
    }

    /// Every number comes back from its text, whole ones beyond 2⁵³ too, and is written as before.
    @Test(arguments: [9_007_199_254_740_992, 2e16, -2e16, 1e20, 1.5e300, 9e18, 123_456_789_012_345_680])
    func largeNumbersComeBack(number: Double) throws {
        let text = try CanonicalJSON.encode(["x": .number(number)])
        let read = try #require(JSONText.read(text))
        #expect(read.objectValue?["x"]?.doubleValue == number)
        #expect(try CanonicalJSON.encode(read) == text)
    }
}
