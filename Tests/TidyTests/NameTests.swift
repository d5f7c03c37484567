import Foundation
import Testing

struct NameTests {
    @Test func aFilesNameSaysWhichItIs() throws {
        let byName = Dictionary(grouping: Tree.files("Sources", ".swift", ".c", ".h")) {
            ($0 as NSString).lastPathComponent
        }
        // Each module of a system library has one.
        for (name, paths) in byName where name != "shim.h" {
            #expect(paths.count == 1, "\(paths.joined(separator: ", ")) have one name")
        }
    }

    /// A declaration whose name stands nowhere else is used by nobody.
    @Test func everyDeclarationIsUsed() throws {
        // What Swift or a library calls by name.
        let called: Set = ["allKeys", "defaultValueDescription", "allValueStrings", "Eigensweep"]
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

    /// A migration touches one folder: others ask the catalogue's reader, or read the stable views.
    @Test func statementsAreTheCatalogues() throws {
        let views: Set = [
            "trials", "sweep_trials", "measurements", "missing_measures", "artifacts", "comparisons", "json_each",
        ]
        for path in ["Reports", "Commands", "eigensweep-bench"].flatMap({ Tree.files("Sources/\($0)", ".swift") }) {
            for statement in try Tree.text(path).matches(of: #/SELECT [^;"]*?(?:"""|"|$)/#) {
                for table in statement.0.matches(of: #/\b(?:FROM|JOIN) (\w+)/#) {
                    #expect(views.contains(String(table.1)), "\(path) reads the table \(table.1)")
                }
            }
        }
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
