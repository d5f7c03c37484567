import Testing

@testable import JobContract

/// Texts of others are shown, and have no effect.
@Suite struct ShownTextTests {
    @Test func whatIsPlainStaysAsItIs() {
        for text in ["", "plain\n\ttext", "Größe 64, σ = 0.5, 名前", "👩‍🔬 and نص"] {
            #expect(ShownText.lines(text) == text)
            #expect(ShownText.line(text) == text.replacing("\n", with: " ").replacing("\t", with: " "))
        }
    }

    @Test(arguments: [
        ("\u{1B}[31mred\u{1B}[0m", "\\x1b[31mred\\x1b[0m"), ("\u{9B}2J", "\\x9b2J"), ("a\u{8}b\u{7F}", "a\\x08b\\x7f"),
        ("\u{1B}]0;title\u{7}", "\\x1b]0;title\\x07"), ("gnp.\u{202E}exe", "gnp.\\u{202e}exe"),
        ("one\r\ntwo", "one\ntwo"), ("half\rdone\r", "half\ndone\n"), ("a\u{2028}b", "a\\u{2028}b"),
        ("\u{E0041}hidden\u{FEFF}", "\\u{e0041}hidden\\u{feff}"), ("\0", "\\x00"),
    ])
    func whatSteersATerminalIsANumber(_ text: String, _ shown: String) {
        #expect(ShownText.lines(text) == shown)
        #expect(ShownText.lines(shown) == shown)
    }

    @Test func jsonSaysTheSame() {
        let text = "{\"a\":\"red \u{9B}31m \u{202E}\u{E0041}\u{7F} é\"}"
        let shown = ShownText.json(text)
        #expect(shown == #"{"a":"red \u009b31m \u202e\udb40\udc41\u007f é"}"#)
        #expect(JSONText.read(shown) == JSONText.read(text) && JSONText.read(text) != nil)
    }

    @Test func everyControlCharacterIsHarmless() throws {
        for value in Array(0..<32) + Array(127..<160) + [0x061C, 0x200E, 0x202A, 0x2066, 0x2029] {
            let scalar = try #require(Unicode.Scalar(UInt32(value)))
            let text = String(scalar)
            #expect(!ShownText.line(text).unicodeScalars.contains(where: ShownText.steers))
            let kept = ShownText.lines(text).unicodeScalars.filter(ShownText.steers)
            #expect(kept.allSatisfy { $0 == "\n" || $0 == "\t" })
        }
    }
}
