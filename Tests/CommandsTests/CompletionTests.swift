import Foundation
import Testing

/// What a shell offers to complete a line with, asked as the shell asks: bash reads the script that the program prints, and
/// fills its list for the line.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/bin/bash"), "needs bash"))
final class CompletionTests {
    private let folder = URL(fileURLWithPath: NSTemporaryDirectory() + "completion-" + UUID().uuidString)

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try SampleCatalogue.write(to: folder.path + "/catalogue.sqlite")
        try "name: x\n".write(toFile: folder.path + "/x.yaml", atomically: true, encoding: .utf8)
        try "hosts: [near, far]\n".write(toFile: folder.path + "/hosts.yaml", atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// What is offered at the end of a line; its last word may be empty.
    private func offers(_ program: String, _ words: String...) throws -> [String] {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments =
            [
                "--norc", "-c",
                """
                source <("$0" --generate-completion-script bash)
                COMP_WORDS=("$0" "$@"); COMP_CWORD=$#; COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}
                "_$0" "$0" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
                printf '%s\\n' "${COMPREPLY[@]}"
                """, program,
            ] + words
        process.currentDirectoryURL = self.folder
        process.environment = ["PATH": folder.path + ":/usr/bin:/bin", "EIGENSWEEP_CATALOGUE": "catalogue.sqlite"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.split(separator: "\n").map(String.init)
    }

    @Test func sweepsAndTheirFiles() throws {
        #expect(try offers("eigensweep", "analyze", "") == ["small", "x.yaml"])
        #expect(try offers("eigensweep", "query", "--sweep", "") == ["small"])
        #expect(try offers("eigensweep", "resume", "--trust-worker", "sm") == ["small"])
        #expect(try offers("eigensweep", "trials", "--catalogue", "nowhere.sqlite", "sm") == [])
    }

    @Test func measuresAlsoInLists() throws {
        #expect(
            try offers("eigensweep", "query", "--measure", "mem") == [
                "memorization", "memorization.copied", "memorization.gl_score",
            ])
        #expect(
            try offers("eigensweep", "query", "--measure", "memorization.copied,memorization.g")
                == ["memorization.copied,memorization.gl_score"])
        #expect(
            try offers("eigensweep", "compare", "small", "other", "--measure", "memorization.c") == [
                "memorization.copied"
            ])
        #expect(try offers("eigensweep", "trials", "small", "--sort", "memorization.c") == ["memorization.copied"])
        #expect(try offers("eigensweep", "adopt", "--measure", "line") == ["linearity"])
    }

    @Test func figuresTrialsHostsAndKeys() throws {
        #expect(
            try offers("eigensweep", "analyze", "small", "--figure", "phase") == ["phase-map", "phase-map-by-length"])
        let trials = try offers("eigensweep", "trial", "")
        #expect(trials.count == 4 && trials.contains("d1be0144"), "\(trials)")
        #expect(try offers("eigensweep", "logs", "d1b") == ["d1be0144"])
        #expect(try offers("eigensweep", "hosts", "drain", "") == ["near", "far"])
        #expect(try offers("eigensweep", "hosts", "check", "") == ["near", "far", "small", "x.yaml"])
        #expect(try offers("eigensweep", "query", "--by", "dataset.si") == ["dataset.size"])
        #expect(try offers("eigensweep", "plan", "x.yaml", "--set", "dataset.siz") == ["dataset.size="])
        #expect(try offers("eigensweep", "query", "--statistic", "c") == ["count", "ci95"])
        #expect(try offers("eigensweep", "query", "--format", "nd") == ["ndjson"])
        #expect(try offers("eigensweep", "hosts", "cl") == ["clean"])
    }

    /// The worker is used by hand too.
    @Test func theWorker() throws {
        #expect(try offers("eigensweep-worker", "sam") == ["sample"])
        #expect(try offers("eigensweep-worker", "sample", "--sampler", "he") == ["heun"])
        #expect(try offers("eigensweep-worker", "train", "--set", "training.batc") == ["training.batch="])
    }
}
