import Foundation
import Quantities
import Testing

@testable import Measures

/// docs/measures.md says what the table of quantities says. `EIGENSWEEP_WRITE_DOCS=1 swift test --filter
/// MeasureDocumentation` writes it anew.
@Suite struct MeasureDocumentationTests {
    private static let documentation = KnownQuantities.documentation(
        parameters: KnownMeasures.parameters, rules: KnownMeasures.rules)

    @Test func theFileIsCurrent() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/measures.md")
        let text = Self.documentation
        if ProcessInfo.processInfo.environment["EIGENSWEEP_WRITE_DOCS"] != nil {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: file, encoding: .utf8)
        #expect(written == text, "run with EIGENSWEEP_WRITE_DOCS=1 to write docs/measures.md anew")
    }

    /// Every measure has a section, every version after the first says what changed, and every row is whole.
    @Test func everyMeasureIsTold() {
        #expect(KnownQuantities.all.map(\.name) == KnownMeasures.all.map { $0.name })
        let text = Self.documentation
        for measure in KnownQuantities.all {
            #expect(text.contains("\n## \(measure.name), version \(measure.version)\n"))
            #expect(measure.changes.count == measure.version - 1, "\(measure.name)")
            for quantity in measure.quantities { #expect(!quantity.formula.isEmpty && !quantity.error.isEmpty) }
        }
        for row in text.split(separator: "\n") where row.hasPrefix("| `") {
            #expect([5, 11].contains(row.replacing("\\|", with: "").count { $0 == "|" }), "\(row)")
        }
    }
}
