import Foundation
import Testing

struct NameTests {
    @Test func aFilesNameSaysWhichItIs() throws {
        let byName = Dictionary(grouping: Tree.files("Sources", ".swift", ".c", ".h")) {
            ($0 as NSString).lastPathComponent
        }
        // Each module of a system library has a shim.h.
        for (name, paths) in byName where name != "shim.h" {
            #expect(paths.count == 1, "\(paths.joined(separator: ", ")) have one name")
        }
    }

    /// A declaration whose name stands nowhere else is used by nobody.
    @Test func everyDeclarationIsUsed() throws {
        // Names that Swift or a library calls.
        let called: Set = [
            "allKeys", "defaultValueDescription", "allValueStrings", "allValueDescriptions", "Eigensweep", "InboundIn",
            "OutboundOut", "channelActive", "channelRead", "userInboundEventTriggered", "errorCaught",
        ]
        var uses: [Substring: Int] = [:]
        var declared: [Substring: String] = [:]
        for path in Tree.files("Sources", ".swift", ".h", ".c") + Tree.files("Tests", ".swift") {
            let text = try Tree.text(path).replacing(#/(?m)//.*$/#, with: "")
            for word in text.matches(of: #/[A-Za-z_]\w*/#) { uses[word.0, default: 0] += 1 }
            guard path.hasPrefix("Sources/"), path.hasSuffix(".swift") else { continue }
            for match in try Tree.code(path).matches(
                of: #/(?:func|var|let|struct|class|enum|typealias|protocol) +`?([a-z_A-Z]\w*)/#)
            { declared[match.1] = path }
        }
        #expect(declared.count > 2000)
        for (name, path) in declared where uses[name] == 1 && !called.contains(String(name)) {
            Issue.record("\(name) in \(path) is used by nothing")
        }
    }

    /// Errors of Swift and of the system print themselves for programmers: an error is put into words before people see it.
    @Test func noErrorIsShownAsItPrintsItself() throws {
        var explained = 0
        for path in Tree.files("Sources", ".swift") where !path.hasPrefix("Sources/eigensweep-bench/") {
            let text = try Tree.text(path)
            explained += text.matches(of: #/explanation\(of: error\)/#).count
            guard !path.hasSuffix("/ErrorWords.swift") else { continue }
            #expect(!text.contains("\\(error)"), "\(path) shows an error as it prints itself")
            #expect(!text.contains("String(describing: error"), "\(path) shows an error as it prints itself")
        }
        #expect(explained > 30)
    }

    /// A migration touches one folder: others ask the catalogue's reader, or read the stable views.
    @Test func statementsAreTheCatalogues() throws {
        let schema = try Tree.text("Tests/CatalogueTests/Golden/schema.sql")
        func names(_ kind: String) throws -> Set<String> {
            Set(
                schema.matches(of: try Regex("(?m)^CREATE \(kind) (\\w+)")).compactMap {
                    $0[1].substring.map(String.init)
                })
        }
        let (tables, views) = (try names("TABLE"), try names("VIEW"))
        #expect(tables.contains("measured") && tables.count > 30 && views.count == 8)
        let named = #/\b(?:FROM|JOIN|INTO|UPDATE|TABLE)\s+(?:"|\\")?(\w+|\\\()(?:\s+\w+)?(?:,\s*(\w+))?/#
        var read: Set<String> = []
        for path in Tree.files("Sources", ".swift") where !path.hasPrefix("Sources/ResultCatalogue/") {
            let text = try Tree.text(path).replacing(#/(?m)//.*$/#, with: "")
            for statement in text.matches(of: named) {
                #expect(statement.1 != "\\(", "\(path): which table does a statement read?")
                for name in [statement.1, statement.2 ?? ""].map(String.init) {
                    #expect(!tables.contains(name), "\(path) has a statement on the table \(name)")
                    if views.contains(name) { read.insert(name) }
                }
            }
        }
        #expect(read.count > 3, "the statements that there are were not seen")
    }

    @Test(arguments: ["take", "begin"])
    func noFunctionIsNamedForNothing(name: String) throws {
        for path in Tree.files("Sources", ".swift") {
            #expect(
                try !Tree.code(path).contains(Regex("func \(name)[<(]")), "\(path): say what it is that \(name) does")
        }
    }

    @Test func filesStayShort() throws {
        for path in Tree.files("Sources", ".swift") {
            let lines = try Tree.text(path).count { $0 == "\n" }
            #expect(lines <= 420, "\(path) has \(lines) lines: what are the two things that it is?")
        }
    }
}
