import Foundation
import SweepFiles
import Testing

/// docs/keys.md agrees with the table of keys. `EIGENSWEEP_WRITE_DOCS=1 swift test --filter KeyDocumentation` writes it
/// anew.
@Suite struct KeyDocumentationTests {
    @Test func theFileIsCurrent() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/keys.md")
        let text = SpecKey.documentation()
        if ProcessInfo.processInfo.environment["EIGENSWEEP_WRITE_DOCS"] != nil {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: file, encoding: .utf8)
        #expect(written == text, "run with EIGENSWEEP_WRITE_DOCS=1 to write docs/keys.md anew")
    }

    /// Every key has one row, with as many cells as the head.
    @Test func everyKeyHasARow() {
        let rows = SpecKey.documentation().split(separator: "\n")
        for key in SpecKey.all {
            let own = rows.filter { $0.hasPrefix("| `\(key.name)` |") }
            #expect(own.count == 1, "\(key.name)")
            #expect(own.first?.replacing("\\|", with: "").count { $0 == "|" } == 6)
            #expect(own.first?.contains(key.expected.replacing("|", with: "\\|")) == true)
        }
    }
}
