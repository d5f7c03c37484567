import Foundation
import Testing

@testable import JobContract

@Suite struct JSONTextTests {
    @Test(arguments: [
        "null", " true ", "[]", "{}", "-0.5e-3", "9007199254740991", "\"a\\n\\u00e9\\ud83d\\ude00\\/\"",
        "[1, [2.5, {\"a\": []}]]",
        "{\"z\": \"é😀\", \"a\" : {\"b\":false}}",
    ])
    func readsWhatFoundationReads(_ text: String) throws {
        let value = try #require(JSONText.read(text))
        #expect(try value == JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)))
        #expect(JSONText.read(try JSONText.write(value)) == value)
    }

    @Test(arguments: [
        "", "nul", "[1,]", "{\"a\" 1}", "{a: 1}", "[1] 2", "\"open", "\"\\ud83d\"", "\"\\u12\"", "--1",
        String(repeating: "[", count: 5000),
    ])
    func whatIsNoJSONIsNil(_ text: String) { #expect(JSONText.read(text) == nil) }

    @Test func whatHasNoCanonicalFormIsRefused() {
        #expect(throws: CanonicalJSON.Failure.notFinite(.infinity)) { try JSONText.write(["a": .number(.infinity)]) }
    }
}
