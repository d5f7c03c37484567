import Foundation
import Testing

/// Documents name only things that exist, and all that they must name.
struct DocumentTests {
    struct Help: Decodable {
        struct Argument: Decodable {
            struct Name: Decodable {
                var kind: String
                var name: String
            }
            var kind: String
            var names: [Name]?
            var valueName: String?
            var abstract: String?
            var shouldDisplay: Bool
            var isOptional: Bool
            var isRepeating: Bool
            var defaultValue: String?
        }
        var commandName: String
        var abstract: String?
        var discussion: String?
        var arguments: [Argument]?
        var subcommands: [Help]?
        var shouldDisplay: Bool?

        /// This command and those below it, by the words that call them.
        func all(_ words: [String] = []) -> [(words: [String], help: Help)] {
            let words = words + [commandName]
            return [(words, self)] + (subcommands ?? []).flatMap { $0.all(words) }
        }
    }

    static func help(_ program: String) throws -> Help {
        struct Dump: Decodable { var command: Help }
        let said = try Tree.output(
            of: Tree.programs.appendingPathComponent(program), ["--experimental-dump-help"])
        return try JSONDecoder().decode(Dump.self, from: said).command
    }

    @Test func commandsThatAreNamedExist() throws {
        let commands = try Self.help("eigensweep").all()
        let words = Set(commands.flatMap { $0.words })
        #expect(words.count > 20)
        for (path, text) in try Tree.documents() {
            for match in text.matches(of: #/(?:`|^|\n|\$ ?)eigensweep ([a-z][a-z-]*)/#) {
                #expect(words.contains(String(match.1)), "\(path): there is no `eigensweep \(match.1)`")
            }
        }
    }

    @Test func flagsThatAreNamedExist() throws {
        var flags: Set<String> = []
        for program in ["eigensweep", "eigensweep-worker"] {
            for (_, help) in try Self.help(program).all() {
                flags.formUnion((help.arguments ?? []).flatMap { $0.names ?? [] }.map(\.name))
            }
        }
        #expect(flags.contains("held-out") && flags.contains("sampler"))
        // Options of scripts count by their usage, and those of others' programs too.
        for script in Tree.files("scripts", "") {
            flags.formUnion(try Tree.text(script).matches(of: #/--([a-z-]+)/#).map { String($0.1) })
        }
        for (path, text) in try Tree.documents() {
            for match in text.matches(of: #/`(?:eigensweep|scripts/|--)[^`\n]*`/#) {
                for flag in match.0.matches(of: #/(?:^|[^\w-])--([a-z][a-z-]+)/#) {
                    #expect(flags.contains(String(flag.1)), "\(path): no program has --\(flag.1)")
                }
            }
        }
    }

    /// The sentence of `eigensweep --help`.
    static func exitCodes() throws -> String? {
        try help("eigensweep").discussion?.split(separator: "\n").first { $0.hasPrefix("Exit codes: ") }.map(
            String.init)
    }

    @Test func exitCodesAreThoseOfTheProgram() throws {
        let said = try #require(try Self.exitCodes())
        for path in ["README.md", "docs/commands.md"] {
            let text = try Tree.text(path).split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(text.contains(said), "\(path) has other exit codes than `eigensweep --help`: \(said)")
        }
    }

    @Test func everyViewIsTold() throws {
        let text = try Tree.text("docs/reading-the-catalogue.md")
        let schema = try Tree.text("Tests/CatalogueTests/Golden/schema.sql")
        let views = Set(schema.matches(of: #/CREATE VIEW (\w+) AS/#).map { String($0.1) })
        let table = text.matches(of: #/(?m)^\| `(\w+)` \| [^|]* \| ([^|]*) \|$/#)
        #expect(Set(table.map { String($0.1) }) == views)
    }

    @Test func everyEventAndFailureIsInTheContract() throws {
        let text = try Tree.text("docs/job-contract.md")
        let source = try Tree.text("Sources/JobContract/WorkerEvent.swift")
        let kinds = try #require(source.firstMatch(of: #/enum Kind: String, Hashable[^{]*\{([\s\S]*?)\n        \}/#)?.1)
        for match in kinds.matches(of: #/case `?(\w+)`?(?: = "([\w-]+)")?/#) {
            let kind = match.2 ?? match.1
            #expect(text.contains("`\(kind)`"), "docs/job-contract.md does not name the failure \(kind)")
        }
        for match in source.matches(of: #/(?m)^    case (\w+)(?:\(|$)/#) {
            #expect(
                text.contains("`\(match.1)`") || match.1 == "described",
                "docs/job-contract.md does not name the event \(match.1)")
        }
    }

    /// Variables for users are in documents for users, those for tests in CONTRIBUTING.md.
    @Test func everyVariableOfTheEnvironmentIsTold() throws {
        let forUsers = try Tree.text("docs/commands.md")
        let forUs = try Tree.text("CONTRIBUTING.md")
        func variables(_ paths: [String]) throws -> Set<String> {
            Set(try paths.flatMap { try Tree.text($0).matches(of: #/\bEIGENSWEEP_[A-Z_]+\b/#).map { String($0.0) } })
        }
        for name in try variables(Tree.files("Sources", ".swift", ".c")) {
            #expect(forUsers.contains("`\(name)`"), "docs/commands.md does not say what \(name) is")
        }
        let ours = try variables(Tree.files("Tests", ".swift") + Tree.files("scripts", "") + ["Package.swift"])
        for name in ours where !name.hasSuffix("_H") {
            #expect(
                forUs.contains("`\(name)`") || forUsers.contains("`\(name)`"),
                "CONTRIBUTING.md does not say what \(name) is")
        }
    }

    @Test func sourcesThatAreNamedExist() throws {
        for path in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
            for match in try Tree.text(path).matches(of: #/`(?:Sources\/)?([A-Z]\w+\/[\w\/+]+\.swift)`/#)
            where !match.1.contains("XMeasure") {
                #expect(
                    FileManager.default.fileExists(atPath: "\(Tree.root.path)/Sources/\(match.1)"),
                    "\(path) names \(match.1), which is not there")
            }
        }
    }

    /// Links lead to files that are there.
    @Test func linksLeadSomewhere() throws {
        for (path, text) in try Tree.documents() {
            let folder = (path as NSString).deletingLastPathComponent
            for match in text.matches(of: #/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/#) {
                let target = folder.isEmpty ? String(match.1) : "\(folder)/\(match.1)"
                #expect(
                    FileManager.default.fileExists(atPath: Tree.root.appendingPathComponent(target).path),
                    "\(path) links to \(match.1), which is not there")
            }
        }
    }

    /// Titles are read in lists. Counts those of commits since the rule was written down.
    @Test func titlesOfCommitsFitALine() throws {
        func git(_ words: String...) throws -> String {
            String(
                decoding: try Tree.output(of: URL(fileURLWithPath: "/usr/bin/env"), ["git"] + words), as: UTF8.self
            ).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let first = try git("log", "--diff-filter=A", "--format=%H", "--", "CONTRIBUTING.md")
        guard !first.isEmpty else { return }
        for title in try git("log", "\(first)..HEAD", "--format=%s").split(separator: "\n") {
            #expect(title.count <= 100, "\(title)")
        }
    }
}
