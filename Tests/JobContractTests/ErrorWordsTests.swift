import Foundation
import JobContract
import Testing

/// Whatever went wrong, people read words.
@Suite struct ErrorWordsTests {
    private struct Message: Decodable {
        struct Part: Decodable { var count: Int }
        var name: String
        var flag: Bool?
        var parts: [Part]?
        var keys: [String: JSONValue]?
    }

    @Test(arguments: [
        ("{}", "\"name\" is missing"), ("[]", "expected an object"), ("nonsense", "this is no JSON"),
        (#"{"name": 3}"#, "at name: expected a text"),
        (#"{"name": "x", "flag": 3}"#, "at flag: expected true or false"),
        (#"{"name": "x", "parts": [{"count": 1.5}]}"#, "at count: expected an integer"),
        (#"{"name": "x", "parts": 3}"#, "at parts: expected an array"),
        (#"{"name": "x", "keys": 3}"#, "at keys: expected an object"),
    ])
    func aMessageThatIsNone(_ text: String, _ words: String) {
        #expect {
            try JSONText.decode(Message.self, from: text.utf8)
        } throws: { explanation(of: $0) == words }
    }

    @Test func anErrorOfTheSystem() {
        #expect {
            _ = try Data(contentsOf: URL(fileURLWithPath: "/nowhere/at/all"))
        } throws: { explanation(of: $0) == "No such file or directory" }
        #expect {
            try Data([1]).write(to: URL(fileURLWithPath: "/dev/full"))
        } throws: { explanation(of: $0) == "No space left on device" }
    }
}
