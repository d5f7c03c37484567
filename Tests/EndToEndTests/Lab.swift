import Foundation
import TestSupport
import Testing

/// Whether the slow suite was asked for; `scripts/test` does.
let slowTestsWanted = ProcessInfo.processInfo.environment["EIGENSWEEP_SLOW_TESTS"] != nil
let whySlow: Comment = "slow: set EIGENSWEEP_SLOW_TESTS=1, as scripts/test does"

/// A directory with a catalogue, a host directory and the real programs.
final class Lab {
    let directory: URL
    let programs: URL
    private(set) var children: [Process] = []
    private var words: [pid_t: URL] = [:]

    init() throws {
        // The path is short, because Unix sockets below it have 108 bytes.
        directory = URL(fileURLWithPath: "/tmp/es-\(UInt32.random(in: 0...UInt32.max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        programs = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        try write("hosts.yaml", "defaults: {directory: \(directory.path)/host}\nhosts:\n  - local: {slots: 2}\n")
    }

    /// Ends what still runs below the directory and removes it.
    func close() {
        for child in children where child.isRunning { kill(child.processIdentifier, SIGKILL) }
        for pid in processes() { kill(pid, SIGKILL) }
        try? FileManager.default.removeItem(at: directory)
    }

    var catalogue: String { directory.appendingPathComponent("catalogue.sqlite").path }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let url = directory.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: true, encoding: .utf8)
        return url.path
    }

    struct Output {
        var status: Int32
        var out: String
        var err: String
    }

    private func process(_ arguments: [String]) -> (Process, URL, URL) {
        let process = Process()
        process.executableURL = programs.appendingPathComponent("eigensweep")
        process.arguments = arguments
        process.currentDirectoryURL = directory
        var environment = ProcessInfo.processInfo.environment
        environment["EIGENSWEEP_CATALOGUE"] = catalogue
        // The account's memory of workers that it said yes to lies in the lab.
        environment["XDG_STATE_HOME"] = directory.appendingPathComponent("state").path
        process.environment = environment
        let stamp = UUID().uuidString
        let out = directory.appendingPathComponent("out-\(stamp)")
        let err = directory.appendingPathComponent("err-\(stamp)")
        for url in [out, err] { _ = FileManager.default.createFile(atPath: url.path, contents: nil) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: out.path)
        process.standardError = FileHandle(forWritingAtPath: err.path)
        return (process, out, err)
    }

    /// Runs `eigensweep` to its end.
    @discardableResult
    func run(_ arguments: String...) throws -> Output { try run(arguments) }

    /// Runs `eigensweep` to its end.
    /// - Parameter more: variables of its environment beside the test's own.
    @discardableResult
    func run(_ arguments: [String], _ more: [String: String] = [:]) throws -> Output {
        let (process, out, err) = process(arguments)
        process.environment?.merge(more) { _, new in new }
        try process.run()
        process.waitUntilExit()
        return Output(
            status: process.terminationStatus, out: try String(contentsOf: out, encoding: .utf8),
            err: try String(contentsOf: err, encoding: .utf8))
    }

    /// Runs `eigensweep-worker` to its end, and throws where it fails.
    func runWorker(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = programs.appendingPathComponent("eigensweep-worker")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CancellationError() }
    }

    /// Copies a checkpoint in bfloat16, each name behind `prefix`.
    func wrap(_ weights: String, as prefix: String, to path: String) throws {
        let program = """
            import json, struct, sys
            data = open(sys.argv[1], "rb").read()
            start = 8 + struct.unpack("<Q", data[:8])[0]
            head, out, body = json.loads(data[8:start]), {}, b""
            for name, tensor in head.items():
                if name == "__metadata__": out[name] = tensor; continue
                first, last = tensor["data_offsets"]
                half = b"".join(data[start + i + 2:start + i + 4] for i in range(first, last, 4))
                out[sys.argv[3] + name] = {"dtype": "BF16", "shape": tensor["shape"], "data_offsets": [len(body), len(body) + len(half)]}
                body += half
            text = json.dumps(out).encode()
            open(sys.argv[2], "wb").write(struct.pack("<Q", len(text)) + text + body)
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["-c", program, weights, path, prefix]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CancellationError() }
    }

    /// Writes a grey picture, with the folders above it.
    func writePicture(_ name: String, _ pixels: [UInt8], side: Int) throws {
        let url = directory.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(try ImageFiles.png(pixels, width: side, height: side, channels: 1)).write(to: url)
    }

    /// Starts `eigensweep` and leaves it running.
    func start(_ arguments: [String], environment more: [String: String] = [:]) throws -> Process {
        let (process, _, errors) = process(arguments)
        process.environment?.merge(more) { _, new in new }
        try process.run()
        children.append(process)
        words[process.processIdentifier] = errors
        return process
    }

    /// What a process that `start` started has said on standard error.
    func said(by process: Process) -> String {
        words[process.processIdentifier].flatMap { try? String(contentsOf: $0, encoding: .utf8) } ?? ""
    }

    /// Changes the catalogue as another program does, by the sqlite3 program.
    func change(_ sql: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
        process.arguments = ["-bail", "-cmd", ".timeout 5000", catalogue, sql]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw UnansweredQuestion(sql: sql) }
    }

    /// The rows of a query on the catalogue, columns joined by `|`, by the sqlite3 program.
    func rows(_ sql: String) throws -> [String] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
        process.arguments = ["-readonly", "-cmd", ".timeout 5000", catalogue, sql]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        // A question without rows and one about a column that does not exist are two things.
        guard process.terminationStatus == 0 else { throw UnansweredQuestion(sql: sql) }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// The rows of a table, which a condition may follow; 0 while the catalogue has no such table yet. Throws for one that
    /// no catalogue has.
    func count(_ table: String) throws -> Int {
        let name = String(table.prefix { $0 != " " })
        guard try CatalogueNames.all.get().contains(name) else { throw UnansweredQuestion(sql: table) }
        guard try names().contains(name) else { return 0 }
        return Int(try rows("SELECT count(*) FROM \(table)").first ?? "") ?? 0
    }

    /// The names of the catalogue's tables, views and the like; empty while there is no catalogue.
    private func names() throws -> Set<String> {
        guard FileManager.default.fileExists(atPath: catalogue) else { return [] }
        return Set(try rows("SELECT name FROM sqlite_schema"))
    }

    /// Whether the catalogue is complete: then a question that has no answer now never has one.
    private func isMade() -> Bool {
        guard let names = try? names(), let all = try? CatalogueNames.all.get() else { return false }
        return all.isSubset(of: names)
    }

    /// Every measurement to the last bit, in an order that no run changes.
    func measurements() throws -> [String] {
        try rows(
            """
            SELECT trial_id, measure, version, parameters, quantity, ifnull(printf('%.17g', sigma), ''),
                   ifnull(position, ''), ifnull(printf('%.17g', value), 'NULL'), n, checkpoint
            FROM measurements ORDER BY 1, 2, 4, 5, 6, 7
            """)
    }

    /// Waits until `condition` holds, at most `seconds`. A question to a catalogue that is not made yet counts as a
    /// condition that does not hold; throws where a complete catalogue does not answer.
    func wait(_ seconds: Double, for what: String, until condition: () throws -> Bool) throws {
        let end = Date(timeIntervalSinceNow: seconds)
        var wasMade = isMade()
        while Date() < end {
            do { if try condition() { return } } catch let question as UnansweredQuestion {
                guard !wasMade else { throw question }
                wasMade = isMade()
            }
            usleep(50_000)
        }
        Issue.record("after \(seconds) s still waiting for \(what)")
        throw CancellationError()
    }

    /// The processes whose working directory or command line lies below the lab, by what `/proc` says.
    func processes(matching word: String = "") -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { pid in
            let line = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/cmdline"))) ?? Data()
            let command = String(decoding: line, as: UTF8.self)
            let directory = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")) ?? ""
            let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")) ?? ""
            let isOurs = [command, directory, program].contains { $0.contains(self.directory.path) }
            return isOurs && (word.isEmpty || command.contains(word) || program.contains(word))
        }
    }
}

/// Runs `body` in a lab and cleans up on every path.
func withLab<Result>(_ body: (Lab) throws -> Result) throws -> Result {
    let lab = try Lab()
    defer { lab.close() }
    return try body(lab)
}

/// A sweep small enough for tests: 8×8 images, four trainings, two lengths each.
func smallSweep(name: String = "small", lengths: String = "[20, 40]", extra: String = "") -> String {
    """
    name: \(name)
    dataset: {source: geometric, resolution: 8, channels: 1, count: 256, held_out: 32}
    model: {architecture: ddpmpp, multipliers: [1, 2], blocks: 1, attention: [4]}
    training: {batch: 8, learning_rate: 1.0e-3}
    grid:
      dataset.size: [4, 64]
      model.scale: [4, 8]
      training.steps: \(lengths)
    measures: [{memorization: {samples: 32, steps: 4}}, {gaussian-distance: {samples: 32, sigmas: [0.5, 4]}}]
    \(extra)
    """
}

/// A question that sqlite3 did not answer, for a reason that it says on standard error, or that names no table.
struct UnansweredQuestion: Error { let sql: String }

/// The golden schema.
enum CatalogueNames {
    static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("CatalogueTests/Golden/schema.sql")

    /// The names of everything that a complete catalogue has.
    static let all = Result {
        Set(
            try String(contentsOf: golden, encoding: .utf8).matches(
                of: #/(?m)^(?:index|table|trigger|view) (\w+)$/#
            ).map { String($0.1) })
    }
}
