import Foundation
import Testing

/// What commands print, of a catalogue and of files that do not change: `Golden/commands.txt` holds it.
/// `EIGENSWEEP_WRITE_DOCS=1 swift test --filter GoldenOutputTests` writes it anew, for a person to read the difference.
struct GoldenOutputTests {
    private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Golden/commands.txt")

    private static let commands: [[String]] = [
        ["status"], ["status", "small"], ["status", "--format", "csv"], ["status", "smal"],
        ["query", "--sweep", "small", "--measure", "memorization.copied"],
        ["query", "--sweep", "small", "--measure", "memorization.copied", "--by", "dataset.size", "--format", "csv"],
        [
            "query", "--sweep", "small", "--measure", "memorization", "--by", "dataset.size", "--statistic",
            "mean,ci95,count", "--format", "json",
        ],
        ["query", "--measure", "memorization.gl_score", "--where", "dataset.size >= 256", "--format", "ndjson"],
        ["query", "--measure", "memorisation"], ["query", "--measure", "memorization", "--by", "dataset.sise"],
        ["query", "--measure", "memorization", "--where", "dataset.size >"],
        ["query", "--sql", "SELECT state, count(*) FROM trials GROUP BY state"],
        ["query", "--sql", "DELETE FROM trial"],
        ["trials", "small"],
        ["trials", "small", "--where", "memorization.copied > 0.1", "--show", "memorization,reason"],
        ["trials", "small", "--sort", "memorization.copied:desc", "--limit", "2", "--format", "csv"],
        ["trials", "small", "--format", "json", "--limit", "1"], ["trials", "small", "--show", "memorization.copid"],
        ["trials", "small", "--where", "state == failed", "--show", "reason"], ["trials", "smal"],
        ["trial", "d1be0144"], ["trial", "@small: N=256, seed=0"], ["trial", "@small: dataset.size=256"],
        ["trial", "@small: dataset.size=300, seed=0"], ["trial", "@small: dataset.sise=16"], ["trial", "@small"],
        ["trial", "@smal: seed=0"], ["logs", "@small: N=256, seed=1"], ["logs", "@small: N=256 seed=1"],
        ["logs", "d1be", "--attempt", "9"],
        ["trial", "d1be0144", "--format", "json"],
        ["compare", "small", "other"], ["logs", "4"], ["logs", "99"], ["logs", "zz"],
        ["analyze", "smal"], ["report", "smal"],
        ["cancel", "smal"], ["retry", "small", "--where", "model.scael = 4"], ["resume", "nothing"],
        ["plan", "wrong.yaml"], ["plan", "nowhere.yaml"], ["launch", "wrong.yaml", "--set", "training.batch=0"],
        ["hosts", "list", "--hosts", "wrong-hosts.yaml"], ["merge", "nowhere.sqlite"],
        ["adopt", "words.safetensors", "--dataset", "geometric"], ["nonsense"], ["query", "--nonsense"],
        ["query", "small"], ["query", "--measure", "copied"], ["query", "--measure", "memorization", "--by", "size"],
        ["query", "--measure", "memorization", "--by", "sigma"], ["query", "--sql", "SELECT 1; SELECT 2"],
        ["query", "--measure", "memorization", "--where", "dataset.size > 16 && seed = 0"],
        ["query", "--measure", "memorization", "--sigma", "0.5"], ["query", "--sigma", "none"],
        ["query", "--statistic", "average"], ["query", "--mix", "all"],
        ["query", "--sql", "SELECT nothing FROM trials"],
        ["query", "--crossing", "memorization.copied = 0.5", "--along", "dataset.size"],
        ["query", "--crossing", "memorization.copied = 0.5", "--along", "dataset.size", "--by", "training.steps"],
        ["query", "--crossing", "memorization.copied = 0.5"], ["query", "--along", "dataset.size"],
        ["query", "--crossing", "copied = 0.5", "--along", "dataset.size"],
        ["query", "--crossing", "memorization.copied = 0.5", "--along", "dataset.size", "--measure", "memorization"],
        ["query", "--measure", "memorization", "--sort", "nothing"], ["trials", "small", "--limit", "-1"],
        ["trials", "small", "--sort", "nothing"], ["trials", "small", "--where", "memorization.copied@0.5 > 0"],
        ["split", "smal"], ["split", "small", "--set", "seed=0"], ["watch", "smal"], ["retry", "smal"],
        ["hosts", "drain", "nowhere"], ["hosts", "check", "nowhere"], ["hosts", "list", "--hosts", "nowhere.yaml"],
        ["serve", "--port", "70000"], ["serve", "--port", "first"], ["serve", "--catalogue", "nowhere.sqlite"],
        ["analyze", "small", "--figure", "nothing"], ["doctor", "--repair", "--separate"],
        ["status", "--catalogue", "nowhere.sqlite"], ["plan", "wrong.yaml", "--set", "nothing"],
        ["status", "small", "--attempts"], ["status", "--attempts"], ["launch", "small"], ["plan", "small"],
        ["worker", "keys", "small"], ["data", "check", "small"], ["trial", "small"],
        ["logs", "small"], ["trials", "d1be0144"], ["analyze", "@small: N=256, seed=0"],
        ["worker", "keys", "a", "--worker", "b"],
        ["worker", "keys", "--worker", "python3 'a b"],
        ["plan", "several.yaml"], ["plan", "tabs.yaml"], ["hosts", "list", "--hosts", "several-hosts.yaml"],
        ["hosts", "list", "--hosts", "ranges.yaml"], ["analyze", "small", "--figure", "linearity"],
        ["analyze", "small", "--figure", "phase-map-by-length", "--figure", "boundary-law"],
        ["plan", "wrong.yaml", "--set", "seed=x", "--set", "model.scael=4"], ["hosts", "check", "small", "other"],
        // These change the catalogue.
        ["note", "small", "of March"], ["note", "small"], ["note", "smal", "x"], ["note", "d1be0144", ""],
        ["tag", "d1be0144", "odd,paper"], ["tag", "d1be0144"], ["tag", "small", "a b"],
        ["trials", "small", "--tag", "odd", "--show", "tags,reason"], ["trials", "small", "--note", "march"],
        ["rename", "small", "store"], ["rename", "small", "large"], ["remove", "d1be0144"],
        ["remove", "d1be0144", "--yes"],
        ["remove", "large", "--yes"], ["remove", "large"], ["data", "check", "nowhere.zip"],
    ]

    @Test func commandsPrintWhatTheyDid() throws {
        let folder = URL(fileURLWithPath: "/tmp/es-golden-\(getpid())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try SampleCatalogue.write(to: folder.path + "/catalogue.sqlite")
        for (name, text) in [
            ("wrong.yaml", "name: wrong\ngrid:\n  dataset.sise: [16]\n"),
            (
                "several.yaml",
                "name: ..\ndataset: {sise: 3}\ntraining: {batch: 0, learning_rat: 1}\ngrid: {seed: []}\nneeds: {gpu: 1}\n"
            ),
            ("tabs.yaml", "name: tabs\ngrid:\n\tdataset.size: [16]\n"),
            ("several-hosts.yaml", "hosts:\n  - near: {slots: many, portt: 3}\n  - local: {user: me}\n"),
            ("ranges.yaml", "hosts: [node[1-3]]\n"),
            ("wrong-hosts.yaml", "hosts:\n  - near: {slots: many}\n"), ("words.safetensors", "no checkpoint"),
        ] { try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8) }
        let seen = try Self.commands.map { try Self.output(of: $0, in: folder) }
        if ProcessInfo.processInfo.environment["EIGENSWEEP_WRITE_DOCS"] != nil {
            try FileManager.default.createDirectory(
                at: Self.file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try seen.joined(separator: "\n").write(to: Self.file, atomically: true, encoding: .utf8)
        }
        for line in seen.joined(separator: "\n").split(separator: "\n") where line.hasPrefix("! error: ") {
            let message = line.dropFirst("! error: ".count)
            #expect(message.first?.isUppercase == false && !message.hasSuffix("."), "against docs/style.md: \(message)")
        }
        let known = try String(contentsOf: Self.file, encoding: .utf8).components(separatedBy: "\n$ ")
        #expect(known.count == seen.count, "commands were added or taken away: EIGENSWEEP_WRITE_DOCS=1 writes them")
        for (was, now) in zip(known, seen) {
            let was = was.hasPrefix("$ ") ? was : "$ " + was
            #expect(was.trimmingCharacters(in: .newlines) == now.trimmingCharacters(in: .newlines))
        }
    }

    /// The command, what it printed on both outputs, and its exit status, without what differs from run to run.
    private static func output(of words: [String], in folder: URL) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("eigensweep")
        process.arguments = words
        process.currentDirectoryURL = folder
        process.environment = [
            "EIGENSWEEP_CATALOGUE": "catalogue.sqlite", "HOME": folder.path, "PATH": "/usr/bin:/bin", "TZ": "UTC",
            "XDG_STATE_HOME": folder.path, "XDG_RUNTIME_DIR": folder.path,
        ]
        let (out, err) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError, process.standardInput) = (out, err, FileHandle.nullDevice)
        try process.run()
        // These outputs are shorter than a pipe is wide.
        let texts = [out, err].map { String(decoding: $0.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) }
        process.waitUntilExit()
        func settled(_ text: String) -> String {
            text.replacing(folder.path, with: "FOLDER")
                .replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/, with: "TIME")
                .replacing(/\b\d+(\.\d+)? (s|ms) ago/, with: "SECONDS ago")
        }
        var lines = ["$ eigensweep " + words.map { $0.contains(" ") ? "'\($0)'" : $0 }.joined(separator: " ")]
        lines += settled(texts[0]).split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
        lines += settled(texts[1]).split(separator: "\n", omittingEmptySubsequences: false).map { "! \($0)" }
        lines = lines.filter { !["  ", "! "].contains($0) }
        return (lines + ["[\(process.terminationStatus)]", ""]).joined(separator: "\n")
    }
}
