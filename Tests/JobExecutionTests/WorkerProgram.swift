import CPosix
import Foundation
import JobContract
import Testing

/// A command that claims to honour the job contract.
struct WorkerProgram: CustomTestStringConvertible, Sendable {
    let command: [String]
    /// The name of the model it trains in these tests.
    let architecture: String
    var environment: [String: String] = [:]
    /// The keys by which its specs differ from those of `smallSpec`.
    var changes: [String: JSONValue?] = [:]
    /// The version of the contract that it speaks.
    var contract = ContractVersion.current

    var testDescription: String { URL(fileURLWithPath: command[command.count - 1]).lastPathComponent }

    /// The program that lies beside the tests.
    static let ours: WorkerProgram = {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let products = URL(fileURLWithPath: tests).deletingLastPathComponent()
        return WorkerProgram(
            command: [products.appendingPathComponent("eigensweep-worker").path], architecture: "ddpmpp")
    }()

    /// The example in the documentation.
    static let python = WorkerProgram(
        command: ["/usr/bin/env", "python3", repository + "/docs/examples/mean_worker.py"], architecture: "mean",
        contract: 1)

    /// The Python package's smallest, in numpy.
    static let numpy = WorkerProgram(
        command: ["/usr/bin/env", "python3", repository + "/python/tests/tiny.py"], architecture: "tiny",
        environment: package,
        changes: usual.merging(["model.rank": 2, "training.pause": 0, "training.break_at": 0]) { $1 })

    /// The example in PyTorch; nil where there is none.
    static let pytorch: WorkerProgram? = {
        let interpreter = ProcessInfo.processInfo.environment["EIGENSWEEP_PYTHON"] ?? "python3"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [interpreter, "-c", "import torch"]
        process.standardError = FileHandle.nullDevice
        try? process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return WorkerProgram(
            command: ["/usr/bin/env", interpreter, repository + "/docs/examples/dit/dit.py"], architecture: "dit",
            environment: package,
            changes: usual.merging([
                "model.patch": 4, "model.width": 8, "model.depth": 1, "model.heads": 2,
            ]) { $1 })
    }()

    private static let package = ["PYTHONPATH": repository + "/python"]

    /// What `smallSpec` says of networks of ours, as workers that do not read it want it.
    private static let usual: [String: JSONValue?] = [
        "model.scale": 16, "model.multipliers": [2, 2, 2], "model.blocks": 4, "model.attention": [16],
        "model.dropout": 0,
    ]

    private static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    func spec(dataset: Digest, changing changes: [String: JSONValue?] = [:]) -> [String: JSONValue] {
        smallSpec(
            architecture: architecture, dataset: dataset, changing: self.changes.merging(changes) { $1 })
    }

    /// Starts `run` in `directory` as the agent does: the job on standard input, events into a file.
    func start(
        _ job: some Encodable, in directory: URL, environment: [String: String] = [:], wrapper: [String] = []
    ) throws -> RunningWorker {
        let input = directory.appendingPathComponent("job.json")
        try JSONEncoder().encode(job).write(to: input)
        return try start(arguments: ["run"], input: input, in: directory, environment: environment, wrapper: wrapper)
    }

    func start(
        arguments: [String], input: URL? = nil, in directory: URL, environment: [String: String] = [:],
        wrapper: [String] = []
    ) throws -> RunningWorker {
        let output = directory.appendingPathComponent("events.ndjson")
        let errors = directory.appendingPathComponent("errors.txt")
        for file in [output, errors] { try Data().write(to: file) }
        let words = wrapper + command + arguments
        let descriptors = try [
            open(input?.path ?? "/dev/null", O_RDONLY | O_CLOEXEC), open(output.path, O_WRONLY | O_CLOEXEC),
            open(errors.path, O_WRONLY | O_CLOEXEC),
        ].map { try #require($0 > 2 ? $0 : nil) }
        defer { descriptors.forEach { close($0) } }
        let variables = ["PATH": "/usr/local/bin:/usr/bin:/bin"].merging(self.environment) { $1 }
            .merging(environment) { $1 }
        let list = words.joined(separator: "\0")
        let values = variables.map { "\($0)=\($1)" }.joined(separator: "\0")
        var process: pid_t = 0
        let code = words[0].withCString { path in
            list.withCString { list in
                values.withCString { values in
                    directory.path.withCString { directory in
                        var program = posix_program(
                            path: path, arguments: list, argument_count: words.count, environment: values,
                            environment_count: variables.count, directory: directory, input: descriptors[0],
                            output: descriptors[1], error: descriptors[2], own_session: 0)
                        return posix_start_program(&program, &process)
                    }
                }
            }
        }
        try #require(code == 0, "cannot start \(words[0]): \(String(cString: strerror(code)))")
        return RunningWorker(process: process, directory: directory, output: output, errors: errors)
    }

    func describe(in directory: URL) throws -> WorkerDescription {
        let worker = try start(arguments: ["describe"], in: directory)
        #expect(try worker.wait() == 0)
        return try JSONDecoder().decode(WorkerDescription.self, from: Data(contentsOf: worker.output))
    }
}

/// A started worker and what it has written so far.
final class RunningWorker {
    let process: pid_t
    let directory: URL
    let output: URL
    let errors: URL
    private var status: Int32?

    struct TimedOut: Error {}

    init(process: pid_t, directory: URL, output: URL, errors: URL) {
        self.process = process
        self.directory = directory
        self.output = output
        self.errors = errors
    }

    deinit {
        guard status == nil else { return }
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }

    /// The exit code, or minus the signal, once the worker has ended.
    func ended() -> Int32? {
        var word: Int32 = 0
        if status == nil && waitpid(process, &word, WNOHANG) == process { status = posix_exit_of(word) }
        return status
    }

    func signal(_ number: Int32) { kill(process, number) }

    /// The events of all complete lines.
    func events() throws -> [WorkerEvent] {
        let text = try Data(contentsOf: output)
        let complete = text.prefix(through: text.lastIndex(of: UInt8(ascii: "\n")) ?? text.startIndex - 1)
        return try complete.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(WorkerEvent.self, from: Data($0))
        }
    }

    /// Waits until an event is there.
    @discardableResult func wait(for wanted: (WorkerEvent) -> Bool) throws -> WorkerEvent {
        for _ in 0..<15_000 {
            let over = ended() != nil
            if let event = try events().first(where: wanted) { return event }
            if over { break }
            usleep(20_000)
        }
        throw TimedOut()
    }

    /// Waits for the end, and returns the exit code or minus the signal.
    @discardableResult func wait() throws -> Int32 {
        for _ in 0..<15_000 {
            if let status = ended() { return status }
            usleep(20_000)
        }
        throw TimedOut()
    }

    /// Waits for the end, where the status must be 0, and returns all events.
    func finish() throws -> [WorkerEvent] {
        let status = try wait()
        #expect(status == 0, "\(String(decoding: (try? Data(contentsOf: errors)) ?? Data(), as: UTF8.self))")
        return try events()
    }

    /// The failure that ended the worker.
    func failure() throws -> WorkerEvent.Failed {
        #expect(try wait() != 0)
        guard case .failed(let failure) = try #require(try events().last) else { throw TimedOut() }
        return failure
    }
}

extension [WorkerEvent] {
    var checkpoints: [WorkerEvent.Checkpoint] {
        compactMap { if case .checkpoint(let event) = $0 { event } else { nil } }
    }
    var milestones: [WorkerEvent.Checkpoint] { checkpoints.filter(\.milestone) }
    var measurements: [WorkerEvent.Measured] {
        compactMap { if case .measure(let event) = $0 { event } else { nil } }
    }
}

extension JobDescription {
    /// A job of the contract with made-up names.
    init(_ task: JobTask, spec: [String: JSONValue], dataset: Digest, in sandbox: Sandbox, attempt: Int = 1) {
        self.init(
            job: JobID(Digest(of: "job".utf8)), attempt: AttemptNumber(attempt), store: sandbox.store,
            training: TrainingID(Digest(of: "training".utf8)), spec: spec, dataset: dataset, task: task)
    }
}
