import Testing

@testable import JobContract

/// Short texts that once took seconds, found by fuzzing.
@Suite struct HostileMessageTests {
    /// Foundation's decoder takes four seconds for this kilobyte, and eleven for these three megabytes.
    @Test func hostileTextsCostTheirLength() {
        let nested = #"{"a":\#(String(repeating: "[", count: 500))\#(String(repeating: "]", count: 500))}"#
        #expect(throws: DecodingError.self) { try JSONText.decode([String: JSONValue].self, from: nested.utf8) }
        let many = "[" + String(repeating: "{},", count: 1_000_000) + "{}]"
        #expect(throws: Never.self) { try JSONText.decode(JSONValue.self, from: many.utf8) }
    }

    @Test(arguments: ["1e400", "-1e999"]) func numbersBeyondDoublesAreNoJSON(_ text: String) {
        #expect(JSONText.read(text) == nil)
    }
}
