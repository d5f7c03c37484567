import Foundation
import Testing

/// docs/commands.md has what `--help` says of every command. `EIGENSWEEP_WRITE_DOCS=1 swift test --filter
/// CommandDocumentTests` writes it anew.
struct CommandDocumentTests {
    private typealias Help = DocumentTests.Help

    private static func head(_ exitCodes: String) -> String {
        """
        # Commands

        What `--help` says, of every command; written by a test. Usage by task is in the [README](../README.md).

        \(exitCodes)

        | variable | what it is |
        |---|---|
        | `EIGENSWEEP_CATALOGUE` | the catalogue where `--catalogue` is not given |
        | `XDG_STATE_HOME` | where `eigensweep/trusted-workers` lies, the workers that this account has said yes to; `~/.local/state` else |
        | `XDG_RUNTIME_DIR` | where sockets of coordinators lie; a private folder in `/tmp` else |
        | `EIGENSWEEP_AGENT_GPUS` | read by the agent of a host: a folder whose files stand for its GPUs ([hosts.md](hosts.md#gpus)) |
        | `EIGENSWEEP_DEVICE` | read by `eigensweep-worker-gpu`: `cuda`, or the number of its device in OpenCL's list; CUDA's, or OpenCL's first that is no CPU, else |
        | `EIGENSWEEP_ATTEMPT` | given by the agent to what it starts: the attempt's directory, by which leftovers are found |

        """
    }

    private func usage(_ words: [String], _ help: Help) -> String {
        let positional = (help.arguments ?? []).filter { $0.kind == "positional" && $0.shouldDisplay }.map { argument in
            let name = (argument.valueName ?? "value").uppercased() + (argument.isRepeating ? "…" : "")
            return argument.isOptional ? "[\(name)]" : name
        }
        return (words + positional).joined(separator: " ")
    }

    /// The lines, those that are commands as code.
    private static func fenced(_ discussion: String) -> [String] {
        var lines: [String] = []
        var isCode = false
        for line in discussion.split(separator: "\n", omittingEmptySubsequences: false) {
            let isCommand = line.hasPrefix("eigensweep ")
            if isCommand != isCode { lines.append("```") }
            isCode = isCommand
            lines.append(String(line))
        }
        return isCode ? lines + ["```"] : lines
    }

    private func section(_ words: [String], _ help: Help) -> String {
        var lines = ["## `\(usage(words, help))`", "", help.abstract ?? ""]
        if let discussion = help.discussion, words.count > 1 { lines += [""] + Self.fenced(discussion) }
        let rows = (help.arguments ?? []).filter {
            $0.shouldDisplay && !["help", "version"].contains($0.names?.last?.name)
        }
        .map { argument -> String in
            let value = argument.valueName ?? "value"
            let names = argument.names.map { names in
                names.map { ($0.kind == "long" ? "--" : "-") + $0.name }.joined(separator: ", ")
                    + (argument.kind == "option" ? " \(value.uppercased())" : "")
            }
            let standard = argument.defaultValue.map { " (default: \($0))" } ?? ""
            let about = ((argument.abstract ?? "") + standard).replacing("|", with: "\\|").replacing("\n", with: " ")
            return "| `\(names ?? value.uppercased())` | \(about) |"
        }
        if !rows.isEmpty { lines += ["", "| argument | meaning |", "|---|---|"] + rows }
        return lines.joined(separator: "\n") + "\n"
    }

    @Test func theFileIsCurrent() throws {
        let commands = try DocumentTests.help("eigensweep").all().filter { words, help in
            help.shouldDisplay != false && words.last != "help" && (help.subcommands ?? []).isEmpty
        }
        #expect(commands.count > 20)
        let codes = try #require(try DocumentTests.exitCodes())
        let text = ([Self.head(codes)] + commands.map { section($0.words, $0.help) }).joined(separator: "\n")
        let file = Tree.root.appendingPathComponent("docs/commands.md")
        if ProcessInfo.processInfo.environment["EIGENSWEEP_WRITE_DOCS"] != nil {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(
            try Tree.text("docs/commands.md") == text, "run with EIGENSWEEP_WRITE_DOCS=1 to write docs/commands.md anew"
        )
    }
}
