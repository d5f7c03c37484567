import Foundation
import Testing

/// Declared dependencies, imports and the figure of ARCHITECTURE.md agree.
struct ImportTests {
    private struct Package: Decodable {
        struct Target: Decodable {
            var name: String
            var type: String
            var path: String?
            var dependencies: [[String: [String?]]]
        }
        var targets: [Target]
    }

    private struct Target {
        var name: String
        var isTest: Bool
        var dependencies: Set<String>
        var imports: Set<String>
    }

    /// The project's own targets, with the targets and products that they declare and import.
    private func targets() throws -> [Target] {
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("tidy-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let described = try Tree.output(
            of: URL(fileURLWithPath: "/usr/bin/env"),
            ["swift", "package", "--scratch-path", scratch.path, "dump-package"])
        let package = try JSONDecoder().decode(Package.self, from: described)
        let products = ["ArgumentParser", "GRDB"]
        let known = Set(package.targets.map(\.name) + products)
        return try package.targets.map { target in
            let declared = target.dependencies.compactMap { dependency in
                (dependency["byName"] ?? dependency["product"] ?? dependency["target"])?.first.flatMap { $0 }
            }
            let folder = target.path ?? (target.type == "test" ? "Tests/" : "Sources/") + target.name
            let imports = try Tree.files(folder, ".swift").flatMap { path in
                try Tree.code(path).matches(of: #/(?m)^\s*(?:@testable )?import (?:struct |class |func |enum )?(\w+)/#)
                    .map { String($0.1) }
            }
            // A module's header has its name, also in the module itself.
            let includes = try Tree.files(folder, ".c").flatMap { path in
                try Tree.text(path).matches(of: #/(?m)^#include "(\w+)\.h"/#).map { String($0.1) }
                    .filter { $0 != target.name }
            }
            return Target(
                name: target.name, isTest: target.type == "test",
                dependencies: Set(declared).intersection(known), imports: Set(imports + includes).intersection(known))
        }
    }

    @Test func whatIsDeclaredIsImported() throws {
        let targets = try targets()
        #expect(targets.count > 30)
        for target in targets {
            #expect(target.imports.isSubset(of: target.dependencies), "\(target.name) imports what it does not declare")
            let idle = target.dependencies.subtracting(target.imports)
            #expect(idle.isEmpty, "\(target.name) declares \(idle.sorted()) and imports nothing of it")
        }
    }

    /// The rows of ARCHITECTURE.md's figure, from the ground up.
    private func rows() throws -> [[String]] {
        let text = try Tree.text("ARCHITECTURE.md")
        let section = try #require(text.components(separatedBy: "## Layers").dropFirst().first)
        let figure = try #require(section.components(separatedBy: "```").dropFirst().first)
        let known = Set(try FileManager.default.contentsOfDirectory(atPath: Tree.root.path + "/Sources"))
        var rows: [[String]] = []
        for line in figure.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            let named = words.filter(known.contains)
            // A line without a row's name goes on with the row above.
            if line.hasPrefix("  "), !rows.isEmpty { rows[rows.count - 1] += named } else { rows.append(named) }
        }
        return rows.reversed()
    }

    @Test func importsPointDown() throws {
        var heights: [String: Int] = [:]
        for (height, row) in try rows().enumerated() {
            for target in row {
                #expect(heights[target] == nil, "\(target) stands twice in the figure")
                heights[target] = height
            }
        }
        for target in try targets()
        where !target.isTest
            && FileManager.default.fileExists(
                atPath: Tree.root.appendingPathComponent("Sources/\(target.name)").path)
        {
            let height = try #require(heights[target.name], "\(target.name) is not in ARCHITECTURE.md's figure")
            for lower in target.imports where lower != "ArgumentParser" && lower != "GRDB" {
                #expect(heights[lower] ?? .max < height, "\(target.name) imports \(lower), which is not below it")
            }
        }
    }

    @Test func everyTargetIsInTheTable() throws {
        let text = try Tree.text("ARCHITECTURE.md")
        for target in try FileManager.default.contentsOfDirectory(atPath: Tree.root.path + "/Sources") {
            #expect(
                text.contains(try Regex("(?m)^\\|[^|]*`\(target)`[^|]*\\|")),
                "ARCHITECTURE.md does not say what \(target) is")
        }
    }
}
