import Foundation
import Testing

/// A question that is spelt wrongly neither has an answer nor is waited for.
struct LabTests {
    /// The golden schema's statements, each behind those that it refers to.
    private static func schema() throws -> String {
        let parts = try String(contentsOf: CatalogueNames.golden, encoding: .utf8).components(separatedBy: "\n\n")
        let statements = parts.map { $0.drop { $0 != "\n" } }
        return (statements.filter { $0.contains("CREATE TABLE") } + statements.filter { !$0.contains("CREATE TABLE") })
            .joined()
    }

    @Test func whatNoCatalogueHasIsNotCounted() throws {
        try withLab { lab in
            #expect(try lab.count("attempt WHERE outcome IS NULL") == 0, "there is none yet")
            #expect(throws: UnansweredQuestion.self) { try lab.count("attempts") }
            try lab.change(Self.schema())
            #expect(throws: UnansweredQuestion.self) { try lab.count("attempts") }
            #expect(throws: UnansweredQuestion.self) { try lab.count("attempt WHERE outcom IS NULL") }
            #expect(try lab.count("attempt WHERE outcome IS NULL") == 0)
        }
    }

    @Test func whatACompleteCatalogueDoesNotAnswerIsNotWaitedFor() throws {
        try withLab { lab in
            var asked = 0
            #expect(throws: UnansweredQuestion.self) {
                try lab.wait(60, for: "a host") {
                    asked += 1
                    // The catalogue is made after the first question.
                    if asked == 2 { try lab.change(Self.schema()) }
                    return try lab.rows("SELECT colour FROM attempt").count == 1
                }
            }
            #expect(asked < 10)
            try lab.wait(60, for: "no attempt") { try lab.rows("SELECT number FROM attempt").isEmpty }
        }
    }
}
