import Foundation
import Testing

/// What `--help` of every command shows: `Golden/help.txt` holds it. `EIGENSWEEP_WRITE_DOCS=1 swift test --filter HelpTests`
/// writes it anew.
struct HelpTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    private static let file = folder.appendingPathComponent("Golden/help.txt")

    /// The words of every command, from docs/commands.md, which has them all.
    private static func commands() throws -> [[String]] {
        let document = folder.deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("docs/commands.md")
        return try String(contentsOf: document, encoding: .utf8).split(separator: "\n").compactMap { line in
            guard line.hasPrefix("## `eigensweep ") else { return nil }
            return line.split(separator: " ").dropFirst(2).map { String($0.filter { $0 != "`" }) }
                .prefix { $0.allSatisfy(\.isLowercase) }.map { $0 }
        }
    }

    /// The commands of the worker that people use, and those that the supervisor does.
    private static let ofWorker = ["run", "describe", "train", "sample", "denoise", "measure", "verify", "inspect"]

    private static func help(_ words: [String], of program: String = "eigensweep") throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent(program)
        process.arguments = words + ["--help"]
        process.environment = ["PATH": "/usr/bin:/bin", "COLUMNS": "80"]
        let pipe = Pipe()
        (process.standardOutput, process.standardError) = (pipe, pipe)
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return text
    }

    @Test func everyCommandExplainsItself() throws {
        let commands = try Self.commands()
        #expect(commands.count > 20)
        var seen: [String] = []
        let all = commands.map { ("eigensweep", $0) } + Self.ofWorker.map { ("eigensweep-worker", [$0]) }
        for (program, words) in all {
            let text = try Self.help(words, of: program)
            let name = "\(program) \(words.joined(separator: " "))"
            let examples = text.components(separatedBy: "USAGE:")[0].split(separator: "\n").filter {
                $0.hasPrefix(name)
            }
            #expect(!examples.isEmpty, "\(name) shows no example")
            seen.append("$ \(name) --help\n\(text)")
        }
        seen.append("$ eigensweep-agent --help\n\(try Self.help([], of: "eigensweep-agent"))")
        let text = seen.joined(separator: "\n")
        if ProcessInfo.processInfo.environment["EIGENSWEEP_WRITE_DOCS"] != nil {
            try text.write(to: Self.file, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: Self.file, encoding: .utf8) == text, "EIGENSWEEP_WRITE_DOCS=1 writes it anew")
    }
}
