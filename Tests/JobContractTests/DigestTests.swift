import Foundation
import JobContract
import Testing

@Suite struct DigestTests {
    /// The values are those of FIPS 180-2, appendix B.
    @Test func hashesAsTheStandardSays() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(Digest(of: "abc".utf8).hex == abc)
        #expect(Digest(of: Array("abc".utf8)).description == abc)
        #expect(Digest(of: "abc".utf8).short == "ba7816bf8f01")
    }

    @Test(
        arguments: [
            "", "ba7816bf", String(repeating: "0", count: 63), String(repeating: "0", count: 65),
            String(repeating: "A", count: 64), String(repeating: "g", count: 64),
            "../" + String(repeating: "0", count: 61),
            String(repeating: "é", count: 32),
        ])
    func refusesWhatIsNoDigest(text: String) {
        #expect(Digest(hex: text) == nil)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Digest].self, from: JSONEncoder().encode([text]))
        }
    }

    @Test func readsBackAndSortsAsItsDigits() throws {
        let digests = (0..<200).map { Digest(of: "\($0)".utf8) }
        for digest in digests { #expect(Digest(hex: digest.hex) == digest) }
        #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
        #expect(try JSONDecoder().decode([Digest].self, from: JSONEncoder().encode(digests)) == digests)
    }

    @Test func everyByteIsADigitOrNone() {
        let whole = Array(Digest(of: "abc".utf8).hex.utf8)
        for place in [0, 7, 8, 63] {
            for byte in UInt8.min...UInt8.max {
                var text = whole
                text[place] = byte
                let isDigit = (48...57).contains(byte) || (97...102).contains(byte)
                let digest = text.withUnsafeBufferPointer { Digest(hex: $0) }
                #expect(digest.map { Array($0.hex.utf8) } == (isDigit ? text : nil), "byte \(byte) at \(place)")
            }
        }
    }
}
