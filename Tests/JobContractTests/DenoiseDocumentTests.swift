import Foundation
import JobContract
import Testing

/// docs/job-contract.md names the constants of `denoise` as the code has them.
@Suite struct DenoiseDocumentTests {
    private let section: String

    init() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/job-contract.md")
        let text = try String(contentsOf: path, encoding: .utf8)
        let begun = try #require(text.components(separatedBy: "\n## denoise\n").dropFirst().first)
        section = try #require(begun.components(separatedBy: "\n## ").first)
        #expect(text.contains("This is version \(ContractVersion.current) of the contract"))
    }

    @Test func namesOperationsAndStatuses() {
        #expect(section.contains("| \(DenoiseProtocol.Operation.denoise.rawValue) | D(x; σ)"))
        #expect(section.contains("| \(DenoiseProtocol.Operation.pullback.rawValue) | Jᵀv"))
        #expect(section.contains("| \(DenoiseProtocol.Operation.pushforward.rawValue) | Jv"))
        let (done, failed) = (DenoiseProtocol.Status.done.rawValue, DenoiseProtocol.Status.failed.rawValue)
        #expect(section.contains("u32: \(done) done, \(failed) failed;"))
        #expect(section.components(separatedBy: "| header, \(DenoiseProtocol.header) bytes |").count == 3)
    }

    @Test func namesLimits() {
        #expect(
            section.contains(
                "1 to \(DenoiseProtocol.mostBatch); \(DenoiseProtocol.usualBatch) where it does not say"))
        #expect(section.contains("one line, of at most \(DenoiseProtocol.longestLine >> 20) MiB"))
        #expect(section.contains("in UTF-8 of at most \(OutsideValues.wordsLength >> 10) KiB"))
    }

    /// What it shows is what is read and written.
    @Test func showsLinesAsTheyAre() throws {
        let blocks = section.components(separatedBy: "```json\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        try #require(blocks.count == 2)
        let greeting = try JSONDecoder().decode(DenoiseProtocol.Greeting.self, from: Data(blocks[1].utf8))
        #expect(greeting.contract == ContractVersion.current && greeting.networks[0].batch == 64)
        #expect(greeting.networks[0].shape == [1, 16, 16] && greeting.networks[0].levels?.most == 80)
        let digest = Digest(of: [])
        let wish = DenoiseProtocol.Wish(
            store: "s", threads: 2,
            networks: [
                .init(training: TrainingID(digest), spec: [:], dataset: digest, steps: 1, checkpoint: digest)
            ])
        let written = try JSONDecoder().decode([String: JSONValue].self, from: JSONEncoder().encode(wish))
        let shown = try JSONDecoder().decode([String: JSONValue].self, from: Data(blocks[0].utf8))
        #expect(Set(written.keys) == Set(shown.keys) && shown["contract"] == .integer(Int64(ContractVersion.current)))
        let network = { (line: [String: JSONValue]) in
            Set(line["networks"]?.arrayValue?.first?.objectValue?.keys.map(\.self) ?? [])
        }
        #expect(network(written) == network(shown) && !network(shown).isEmpty)
    }
}
